// One process leases ports for servers, again and again, while another process looks for free ports among the same four
// ports. Such a prober listens on a port for an instant, in which no other process can listen. Prints a line of JSON. The
// ports are fixed, so run it in its own network namespace.
//
//   PORT4ME_ENGINE=native node test/stress/hand-over.mjs prober [leases]
//
// The prober is get-port, portfinder, native or fallback. The last two use port4meAsync().

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'

const FIRST = 20000
const LAST = 20003
const PORTS = Array.from({ length: LAST - FIRST + 1 }, (_, i) => FIRST + i)

const require = createRequire(import.meta.url)

/** Looks once for a free port. Throws if there is none. */
const PROBERS = {
  'get-port': async () => {
    const { clearLockedPorts, default: getPort } = await import('get-port')
    return async () => {
      clearLockedPorts()
      await getPort({ port: PORTS })
    }
  },
  portfinder: async () => {
    const { getPortPromise } = await import('portfinder')
    return () => getPortPromise({ port: FIRST, stopPort: LAST })
  },
  native: port4meProber,
  fallback: port4meProber,
}

function port4meProber() {
  const { port4meAsync } = require('../..')
  return () => port4meAsync({ include: PORTS })
}

const [prober, count = '1000'] = process.argv.slice(2)
if (process.send === undefined) await lease(prober, Number(count))
else await probe(await PROBERS[prober]())

async function lease(name, leases) {
  const { engine, leasePort } = require('../..')
  const env = { ...process.env, PORT4ME_ENGINE: name === 'fallback' ? name : 'native' }
  const beside = fork(import.meta.filename, [name], { env })
  await once(beside, 'message')
  const start = performance.now()
  const failures = {}
  let passedOver = 0
  for (let i = 0; i < leases; i++) {
    const lease = takeOne()
    const server = createServer()
    try {
      await lease.listen(server)
    } catch (error) {
      failures[error.message] = (failures[error.message] ?? 0) + 1
      continue
    }
    server.close()
    await once(server, 'close')
  }
  const seconds = Math.round((performance.now() - start) / 1000)
  beside.send('stop')
  const [probes] = await once(beside, 'message')
  console.log(
    JSON.stringify({ engine, prober: name, leases, failures, passedOver, probes, seconds }),
  )

  /** Tries again, because the prober may have all four ports for an instant. */
  function takeOne() {
    for (;;) {
      try {
        return leasePort({ include: PORTS })
      } catch (error) {
        if (error.code !== 'ERR_NO_FREE_PORT') throw error
        passedOver++
      }
    }
  }
}

async function probe(look) {
  let probes = 0
  let isOver = false
  process.on('message', () => {
    isOver = true
  })
  process.send('ready')
  while (!isOver) {
    await look().catch(() => {})
    probes++
    // The message can arrive only in a turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve))
  }
  process.send(probes)
  process.disconnect()
}
