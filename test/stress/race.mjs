// Counts collisions: processes that each pick a port and start a real HTTP server on it, again and
// again, as parallel test workers do. Prints a JSON line for each way to pick.
//
//   node test/stress/race.mjs [server starts of each way]

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'

const RUNS = 2
const WORKERS = 8
const TOOL = 'race'

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

if (process.send === undefined) await main(Number(process.argv[2] ?? 2000))
else await work(process.argv[2], Number(process.argv[3]))

/** Two runs of eight workers, all at once, with each way in turn. */
async function main(starts) {
  for (const way of Object.keys(WAYS)) {
    const each = String(Math.ceil(starts / RUNS / WORKERS))
    const workers = Array.from({ length: RUNS * WORKERS }, () =>
      fork(import.meta.filename, [way, each]),
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
    console.log(JSON.stringify({ way, starts: sum('starts'), collisions: sum('collisions') }))
  }
}

/** One worker: picks, listens, serves a request, closes. */
async function work(way, starts) {
  const go = once(process, 'message')
  process.send('ready')
  await go
  let collisions = 0
  for (let i = 0; i < starts; i++) {
    const server = createServer((_request, response) => response.end(String(process.pid)))
    try {
      await WAYS[way](server)
    } catch (error) {
      if (error.code !== 'EADDRINUSE' && error.errno !== 'EADDRINUSE') throw error
      collisions++
      continue
    }
    const { port } = server.address()
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })
    if ((await response.text()) !== String(process.pid)) throw new Error('another one answered')
    server.close()
    await once(server, 'close')
  }
  process.send({ starts, collisions })
  process.disconnect()
}
