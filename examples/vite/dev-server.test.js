import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { sharedPort } from 'port4me'
import { createServer } from 'vite'

let server
before(async () => {
  server = await createServer() // reads vite.config.ts, as the program does
  await server.listen()
})
after(() => server.close())

async function title() {
  const response = await fetch(`http://localhost:${sharedPort('vite')}/`)
  return /<title>(.*)<\/title>/.exec(await response.text())?.[1]
}

test('the page is served on the port', async () => {
  assert.equal(await title(), 'port4me and Vite')
})

test('a restart keeps the port', async () => {
  await server.restart()
  assert.equal(server.config.server.port, sharedPort('vite'))
  assert.equal(await title(), 'port4me and Vite')
})
