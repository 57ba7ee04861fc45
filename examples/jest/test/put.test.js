const { startNotes } = require('../notes.js')

let server
let url
beforeAll(async () => {
  ;({ server, url } = await startNotes())
})
afterAll((done) => server.close(done))

test('a note that was put is got', async () => {
  await fetch(`${url}/note`, { method: 'PUT', body: 'buy milk' })
  const response = await fetch(`${url}/note`)
  expect(response.status).toBe(200)
  expect(await response.text()).toBe('buy milk')
})
