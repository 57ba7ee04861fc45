// Does what other programs of this machine may do to disturb tests. It listens on personal ports of this user, alice and
// others, asks get-port and portfinder for ports again and again, and leases and releases ports. It prints "ready" and
// runs until its input ends.
//
//   node test/support/neighbours.mjs

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import getPort, { clearLockedPorts } from 'get-port'

const require = createRequire(import.meta.url)
const portfinder = require('portfinder')
const { leasePorts, listPorts } = require('../..')

const USERS = [undefined, 'alice', 'bob', 'platform']
const TOOLS = ['', 'a', 'at once', 'd', 'exhausted', 'gives way', 'lease', 'one config', 'race']
const MORE_TOOLS = ['run', 'same', 'served', 'shared', 'sixteen', 'warm']
/** Ports that programs and tests often use by number. */
const FAMILIAR = [3000, 5173, 8000, 8080, 15000, 15005, 20000, 20100, 27010, 54321]

const port4mesOwn = USERS.flatMap((user) =>
  [...TOOLS, ...MORE_TOOLS].flatMap((tool) => listPorts(20, { user, tool })),
)
await Promise.all([...new Set([...FAMILIAR, ...port4mesOwn])].map(occupy))
let isOver = false
const loops = [askOthers(), leaseAndRelease()]
console.log('ready')
process.stdin.resume()
await once(process.stdin, 'end')
isOver = true
await Promise.all(loops)
process.exit()

/** Listens on a port, on TCP and UDP, unless another program has it. */
async function occupy(port) {
  const server = createServer().listen(port)
  await once(server, 'listening').catch(() => undefined)
  const socket = createSocket('udp6').bind(port)
  await once(socket, 'listening').catch(() => undefined)
}

async function askOthers() {
  while (!isOver) {
    clearLockedPorts()
    await getPort()
    await portfinder.getPortPromise({ port: 30000 + Math.floor(Math.random() * 30000) })
    await delay(5)
  }
}

async function leaseAndRelease() {
  while (!isOver) {
    const leases = leasePorts(10, { user: `neighbour ${Math.random()}` })
    await delay(20)
    for (const lease of leases) lease.release()
  }
}
