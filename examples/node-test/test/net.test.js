import assert from 'node:assert/strict'
import { connect, createServer } from 'node:net'
import { text } from 'node:stream/consumers'
import { after, before, test } from 'node:test'
import { leasePort } from 'port4me'

const server = createServer((socket) => socket.pipe(socket))
let port

before(async () => {
  const lease = leasePort({ tool: 'hello', host: '127.0.0.1' })
  await lease.listen(server)
  port = lease.port
})
after(() => server.close())

test('a TCP server on a leased port', async () => {
  const socket = connect(port, '127.0.0.1')
  socket.end('echo')
  assert.equal(await text(socket), 'echo')
})
