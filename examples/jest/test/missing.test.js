const { startNotes } = require('../notes.js')

let notes
beforeAll(async () => {
  notes = await startNotes()
})
afterAll(() => notes.close())

// The other files put a note of this name, at the same time: each to a server of its own.
test('there is no note at first', async () => {
  const response = await fetch(`${notes.url}/note`)
  expect(response.status).toBe(404)
})
