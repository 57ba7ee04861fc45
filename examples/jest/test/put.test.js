const { startNotes } = require('../notes.js')

let notes
beforeAll(async () => {
  notes = await startNotes()
})
afterAll(() => notes.close())

test('a note that was put is got', async () => {
  await fetch(`${notes.url}/note`, { method: 'PUT', body: 'buy milk' })
  const response = await fetch(`${notes.url}/note`)
  expect(response.status).toBe(200)
  expect(await response.text()).toBe('buy milk')
})
