// Counts collisions: processes that each pick a port and start a real HTTP server on it, again and
// again, as parallel test workers do. Prints a JSON line for each way to pick.
//
//   node test/stress/race.mjs [leased server starts] [engines, in turn for the processes]

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

/** Starts that open what a process opens once. */
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

/** Two runs of eight workers, all at once, with each way in turn. */
async function main(leased, engines = [process.env.PORT4ME_ENGINE ?? 'auto']) {
  for (const way of Object.keys(WAYS)) {
    // What is merely picked is for comparison.
    const starts = way === 'leasePort()' ? leased : Math.min(leased, PICKED)
    const each = String(Math.ceil(starts / RUNS / WORKERS))
    const start = performance.now()
    const workers = Array.from({ length: RUNS * WORKERS }, (_, i) =>
      fork(import.meta.filename, [way, each], {
        env: { ...process.env, PORT4ME_ENGINE: engines[i % engines.length] },
      }),
    )
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
 * One worker: picks, listens, serves a request, closes. Tells how many starts collided, and how many
 * descriptors they left open.
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

/** What the server of a port answers. (fetch() would take longer than all the rest.) */
async function ask(port) {
  const connection = connect(port, '127.0.0.1')
  connection.write('GET / HTTP/1.0\r\n\r\n')
  const response = Buffer.concat(await connection.toArray()).toString()
  return response.slice(response.indexOf('\r\n\r\n') + 4)
}

/** How many descriptors are open once those of ended connections are closed. */
async function descriptors() {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
  return readdirSync('/proc/self/fd').length
}
