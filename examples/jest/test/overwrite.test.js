const { startNotes } = require('../notes.js')

let server
let url
beforeAll(async () => {
  ;({ server, url } = await startNotes())
})
afterAll((done) => server.close(done))

test('the last of two notes of one name stays', async () => {
  await fetch(`${url}/note`, { method: 'PUT', body: 'buy milk' })
  await fetch(`${url}/note`, { method: 'PUT', body: 'buy bread' })
  const response = await fetch(`${url}/note`)
  expect(await response.text()).toBe('buy bread')
})
