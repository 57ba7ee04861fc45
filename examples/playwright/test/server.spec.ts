import { expect, test } from '@playwright/test'
import { servicePort } from 'port4me'

test("the server is this project's own", async ({ baseURL, request }) => {
  expect(baseURL).toBe(`http://localhost:${servicePort('web')}`)
  const response = await request.get('/')
  expect(await response.json()).toMatchObject({ folder: process.cwd() })
})

// fullyParallel: in several workers.
for (const path of ['/a', '/b', '/c', '/d', '/e', '/f', '/g']) {
  test(`the server answers at ${path}`, async ({ request }) => {
    const response = await request.get(path)
    expect(response).toBeOK()
    expect(await response.json()).toMatchObject({ path })
  })
}
