import { expect, test } from '@playwright/test'
import { sharedPort } from 'port4me'

test("the worker's port is the server's", async ({ baseURL, request }) => {
  const { port } = await (await request.get('/')).json()
  expect(port).toBe(sharedPort('e2e'))
  expect(baseURL).toBe(`http://localhost:${port}`)
})

// fullyParallel: in several workers.
for (const path of ['/a', '/b', '/c', '/d', '/e', '/f', '/g']) {
  test(`the server answers at ${path}`, async ({ request }) => {
    const response = await request.get(path)
    expect(response).toBeOK()
    expect(await response.json()).toEqual({ path, port: sharedPort('e2e') })
  })
}
