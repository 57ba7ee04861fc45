const { startNotes } = require('../notes.js')

let notes
beforeAll(async () => {
  notes = await startNotes()
})
afterAll(() => notes.close())

test('the last of two notes of one name stays', async () => {
  await fetch(`${notes.url}/note`, { method: 'PUT', body: 'buy milk' })
  await fetch(`${notes.url}/note`, { method: 'PUT', body: 'buy bread' })
  const response = await fetch(`${notes.url}/note`)
  expect(await response.text()).toBe('buy bread')
})
