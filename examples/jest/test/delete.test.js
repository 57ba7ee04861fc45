const { startNotes } = require('../notes.js')

let server
let url
beforeAll(async () => {
  ;({ server, url } = await startNotes())
})
afterAll((done) => server.close(done))

test('a note is deleted once', async () => {
  await fetch(`${url}/note`, { method: 'PUT', body: 'buy milk' })
  const remove = async () => (await fetch(`${url}/note`, { method: 'DELETE' })).status
  expect(await remove()).toBe(204)
  expect(await remove()).toBe(404)
})
