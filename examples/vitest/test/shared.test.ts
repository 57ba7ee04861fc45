import { expect, inject, test } from 'vitest'

test('the server of global-setup.ts answers', async () => {
  const url = `${inject('sharedUrl')}/shared`
  await fetch(url, { method: 'PUT', body: 'for all' })
  const response = await fetch(url)
  expect(await response.text()).toBe('for all')
})
