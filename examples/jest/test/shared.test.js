const url = `${process.env.SHARED_URL}/shared`

test('the server of global-setup.js answers', async () => {
  await fetch(url, { method: 'PUT', body: 'for all' })
  const response = await fetch(url)
  expect(await response.text()).toBe('for all')
})
