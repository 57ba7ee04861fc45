// Counts collisions between processes that pick a port and start a real HTTP server on it, again and again, as parallel
// test workers do. Prints a JSON line for each way to pick.
//
//   node test/stress/race.mjs [leased server starts] [engines, which the processes use in turn]
//
// The path of a Node.js may follow an engine: native,fallback=/usr/bin/node

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { connect } from 'node:net'

const RUNS = 2
const WORKERS = 8
const PICKED = 2000
const TOOL = 'race'

/** The first starts, in which a process opens descriptors that it keeps. */
const WARM_UP = 10

const { leasePort, port4me } = createRequire(import.meta.url)('../..')

const WAYS = {
  'port4me()': async (server) => {
    server.listen(port4me(TOOL))
    await once(server, 'listening')
  },
  'leasePort()': async (server) => {
    await leasePort(TOOL).listen(server)
  },
}

const [first, second] = process.argv.slice(2)
if (process.send === undefined) await main(Number(first ?? 2000), second?.split(','))
else await work(first, Number(second))

/** Two runs of eight workers at the same time, for each way to pick. */
async function main(leased, engines = [process.env.PORT4ME_ENGINE ?? 'auto']) {
  for (const way of Object.keys(WAYS)) {
    // The ports that are picked without a lease are for comparison.
    const starts = way === 'leasePort()' ? leased : Math.min(leased, PICKED)
    const each = String(Math.ceil(starts / RUNS / WORKERS))
    const start = performance.now()
    const workers = Array.from({ length: RUNS * WORKERS }, (_, i) => {
      const [engine, execPath = process.execPath] = engines[i % engines.length].split('=')
      const env = { ...process.env, PORT4ME_ENGINE: engine }
      return fork(import.meta.filename, [way, each], { env, execPath })
    })
    await Promise.all(workers.map((worker) => once(worker, 'message')))
    for (const worker of workers) worker.send('go')
    const counts = await Promise.all(
      workers.map(async (worker) => {
        const [count] = await once(worker, 'message')
        return count
      }),
    )
    const sum = (name) => counts.reduce((total, count) => total + count[name], 0)
    const seconds = Math.round((performance.now() - start) / 1000)
    console.log(
      JSON.stringify({
        way,
        starts: sum('starts'),
        collisions: sum('collisions'),
        descriptors: sum('descriptors'),
        seconds,
      }),
    )
  }
}

/**
 * One worker. It picks a port, listens, serves a request and closes, again and again. It reports how many starts
 * collided, and how many descriptors stayed open.
 */
async function work(way, starts) {
  const go = once(process, 'message')
  process.send('ready')
  await go
  let collisions = 0
  let before = 0
  for (let i = 0; i < starts; i++) {
    if (i === Math.min(WARM_UP, starts - 1)) before = await descriptors()
    const server = createServer((_request, response) => response.end(String(process.pid)))
    try {
      await WAYS[way](server)
    } catch (error) {
      if (error.code !== 'EADDRINUSE' && error.errno !== 'EADDRINUSE') throw error
      collisions++
      continue
    }
    const { port } = server.address()
    if ((await ask(port)) !== String(process.pid)) throw new Error('another one answered')
    server.close()
    await once(server, 'close')
  }
  process.send({ starts, collisions, descriptors: (await descriptors()) - before })
  process.disconnect()
}

/** The answer of the server on a port. (fetch() would take longer than everything else.) */
async function ask(port) {
  const connection = connect(port, '127.0.0.1')
  connection.write('GET / HTTP/1.0\r\n\r\n')
  const response = Buffer.concat(await connection.toArray()).toString()
  return response.slice(response.indexOf('\r\n\r\n') + 4)
}

/** How many descriptors are open after those of ended connections are closed. */
async function descriptors() {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
  return readdirSync('/proc/self/fd').length
}
