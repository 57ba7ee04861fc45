// A process of the demo. It starts HTTP servers, one after another, and counts collisions: EADDRINUSE when a server starts.

import { once } from 'node:events'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { connect } from 'node:net'

const { leasePort, port4me } = createRequire(import.meta.url)('../..')

const [way, include] = process.argv.slice(2)
const REPORT_MS = 100

const WAYS = {
  pick: async (server) => {
    server.listen(port4me({ tool: 'demo', include }))
    await once(server, 'listening')
  },
  lease: async (server) => {
    await leasePort({ tool: 'demo', include }).listen(server)
  },
}

process.on('disconnect', () => process.exit())
process.on('SIGINT', () => {}) // Ctrl-C in a terminal; the demo itself ends this process

let starts = 0
let collisions = 0
const go = once(process, 'message')
process.send({ ready: true })
await go
setInterval(() => process.send({ starts, collisions }), REPORT_MS)
for (;;) {
  const server = createServer((_request, response) => response.end(String(process.pid)))
  try {
    await WAYS[way](server)
  } catch (error) {
    if (error.code !== 'EADDRINUSE' && error.errno !== 'EADDRINUSE') throw error
    collisions++
    continue
  }
  const { port } = server.address()
  const answer = await ask(port)
  if (answer !== String(process.pid)) {
    throw new Error(`port ${port}: process ${answer} answered, not ${process.pid}`)
  }
  starts++
  server.close()
  await once(server, 'close')
}

/** The answer of the server on a port. */
async function ask(port) {
  const connection = connect(port, '127.0.0.1')
  connection.write('GET / HTTP/1.0\r\n\r\n')
  const response = Buffer.concat(await connection.toArray()).toString()
  return response.slice(response.indexOf('\r\n\r\n') + 4)
}
