const { startNotes } = require('../notes.js')

let server
let url
beforeAll(async () => {
  ;({ server, url } = await startNotes())
})
afterAll((done) => server.close(done))

// The other files put a note of this name, at the same time: each to a server of its own.
test('there is no note at first', async () => {
  const response = await fetch(`${url}/note`)
  expect(response.status).toBe(404)
})
