const { startNotes } = require('../notes.js')

let notes
beforeAll(async () => {
  notes = await startNotes()
})
afterAll(() => notes.close())

test('a note is deleted once', async () => {
  await fetch(`${notes.url}/note`, { method: 'PUT', body: 'buy milk' })
  const remove = async () => (await fetch(`${notes.url}/note`, { method: 'DELETE' })).status
  expect(await remove()).toBe(204)
  expect(await remove()).toBe(404)
})
