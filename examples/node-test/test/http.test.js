import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'
import { leasePort } from 'port4me'

const server = createServer((_request, response) => response.end('hello'))
let url

before(async () => {
  // `node --test` runs each file in a process of its own, several at a time.
  const lease = leasePort({ tool: 'hello', host: '127.0.0.1' }) // for this machine only
  await lease.listen(server)
  url = `http://127.0.0.1:${lease.port}`
})
after(() => server.close())

test('an HTTP server on a leased port', async () => {
  const response = await fetch(url)
  assert.equal(await response.text(), 'hello')
})
