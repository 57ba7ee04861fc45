// Tests leases when the system refuses something.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { HAS_BOUND_SOCKETS } from '../../lib/engine/fallback/bound.js'
import { freePort, freePorts } from '../support/listeners.js'
import { port4me as api } from '../support/package.js'
import { type Companion, start } from '../support/processes.js'
import { OWN_NETWORK, preloading, script, UNPRIVILEGED } from '../support/run.js'

describe('out of descriptors', () => {
  const limited = { before: ['sh', '-c', 'ulimit -n 96; exec "$@"', 'sh'] }

  test('a lease is ERR_SYSTEM with EMFILE at each step, and then nothing is held', () => {
    // The number of descriptors that are left: from none to as many as a lease needs.
    const body = `
      const fs = require('node:fs'); const count = () => fs.readdirSync('/proc/self/fd').length
      const { port } = port4me.leasePort('warm'); gc(); await new Promise((resolve) => setImmediate(resolve))
      while (!port4me.isFreeTcp(port)) { gc(); await new Promise((resolve) => setImmediate(resolve)) }
      const held = []; const outcomes = []
      try { for (;;) held.push(fs.openSync('/dev/null')) } catch {}
      for (let left = 0; left < 12; left++) {
        if (left > 0) fs.closeSync(held.pop())
        try {
          const lease = port4me.leasePort('exhausted')
          outcomes.push('leased'); lease.release()
        } catch (e) { outcomes.push([e.name, e.code, e.errno].join()) }
        // Nothing holds the port, and every descriptor is closed.
        const descriptors = []
        try { for (;;) descriptors.push(fs.openSync('/dev/null')) } catch {}
        descriptors.forEach((fd) => fs.closeSync(fd))
        if (descriptors.length !== left) outcomes.push('lost: ' + (left - descriptors.length))
      }
      held.forEach((fd) => fs.closeSync(fd))
      return [outcomes, port4me.isFree(port4me.port4me('exhausted'))]`
    const [outcomes, free] = script(body, { ...limited, nodeArgs: ['--expose-gc'] }) as [
      string[],
      boolean,
    ]
    expect(new Set(outcomes)).toEqual(new Set(['Port4meError,ERR_SYSTEM,EMFILE', 'leased']))
    expect(outcomes.lastIndexOf('Port4meError,ERR_SYSTEM,EMFILE')).toBeLessThan(
      outcomes.indexOf('leased'),
    )
    expect(free).toBe(true)
  })

  test('leasePorts() holds nothing if it runs out of descriptors midway', async () => {
    const ports = await freePorts(60)
    const body = `
      const fs = require('node:fs'); const count = () => fs.readdirSync('/proc/self/fd').length
      port4me.leasePort('warm').release()
      const before = count()
      let error
      try { port4me.leasePorts(60, { include: ${JSON.stringify(ports)} }) } catch (e) { error = [e.code, e.errno] }
      const free = port4me.probe(${JSON.stringify(ports)}, { protocol: 'tcp' }).filter(({ free }) => free)
      return [error, count() - before, free.length]`
    expect(script(body, limited)).toEqual([['ERR_SYSTEM', 'EMFILE'], 0, 60])
  })
})

describe('another process that is quicker', () => {
  let folder: string
  let preload: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'port4me-'))
    preload = join(folder, 'grab.so')
    const source = fileURLToPath(new URL('grab.cc', import.meta.url))
    execFileSync('g++', ['-shared', '-fPIC', '-o', preload, source, '-ldl'])
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  // The native engine binds once. The fallback binds once to probe and once to hold.
  test.each(process.env.PORT4ME_ENGINE === 'native' ? [1] : [1, 2])(
    'before bind %i gets the port, and the next candidate is leased',
    async (at) => {
      const [first, second] = [await freePort(), await freePort()]
      const body = `
        const lease = port4me.leasePort({ prepend: [${first}, ${second}] })
        const [{ reason }] = port4me.probe(${first}, { protocol: 'tcp' })
        return [lease.port, reason, lease.released]`
      const variables = { ...preloading(preload), GRAB_PORT: String(first), GRAB_AT: String(at) }
      expect(script(body, { variables })).toEqual([second, 'in-use', false])
    },
  )
})

describe('another program that holds the name of a lock', () => {
  const companions: Companion[] = []
  afterEach(async () => {
    await Promise.all(companions.splice(0).map((companion) => companion.kill('SIGKILL')))
  })

  const holder = (name: string, listens: boolean): string =>
    `import socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(${name})
${listens ? 's.listen(1)' : ''}
print('held', flush=True)
sys.stdin.read()`

  test.each([
    ['of its own length', (port: number) => `'\\0port4me/tcp/${port}'`],
    ['filled with zeros', (port: number) => `'\\0port4me/tcp/${port}'.ljust(108, '\\0')`],
  ])('%s keeps the port from being leased', async (_which, name) => {
    const [first, second] = [await freePort(), await freePort()]
    for (const listens of [true, false]) {
      const companion = start('python3', ['-c', holder(name(first), listens)])
      companions.push(companion)
      expect(await companion.line()).toBe('held')
      const lease = api.leasePort({ prepend: [first, second] })
      expect(lease.port).toBe(second)
      lease.release()
      await companion.kill('SIGKILL')
    }
    const lease = api.leasePort({ prepend: [first, second] })
    expect(lease.port).toBe(first)
    lease.release()
  })

  test('names of other ports, and longer names, do not matter', async () => {
    const port = await freePort()
    for (const name of [
      `'\\0port4me/tcp/${port}0'`,
      `'\\0port4me/udp/${port}'`,
      `'\\0xport4me/tcp/${port}'`,
    ]) {
      const companion = start('python3', ['-c', holder(name, true)])
      companions.push(companion)
      expect(await companion.line()).toBe('held')
    }
    const lease = api.leasePort({ include: port })
    expect(lease.port).toBe(port)
    expect(api.probe(port, { protocol: 'tcp' })[0]?.reason).toBe('leased')
    lease.release()
  })
})

describe('without IPv6', () => {
  test('a port is leased and served on IPv4', () => {
    const disable =
      'ip link set lo up; for f in all default lo; do echo 1 > /proc/sys/net/ipv6/conf/$f/disable_ipv6; done'
    const body = `
      const http = require('node:http')
      const lease = port4me.leasePort('ipv4')
      const [{ reason }] = port4me.probe(lease.port, { protocol: 'tcp' })
      const server = await lease.listen(http.createServer((_, response) => response.end('served')))
      const text = await (await fetch('http://127.0.0.1:' + lease.port)).text()
      server.closeAllConnections(); server.close()
      return [reason, text]`
    const before = [...OWN_NETWORK, 'sh', '-c', `${disable}; exec "$@"`, 'sh']
    expect(script(body, { before })).toEqual(['leased', 'served'])
  })
})

test('a privileged port is not leased without privilege', () => {
  const body = `
    const lease = port4me.leasePort({ prepend: [80, 443, 8123] })
    return lease.port`
  expect(script(body, { before: UNPRIVILEGED })).toBe(8123)
})

describe.runIf(process.env.PORT4ME_ENGINE === 'fallback' && !HAS_BOUND_SOCKETS)(
  'when the thread of the engine ends',
  () => {
    test('its leases are over, and say so', () => {
      const body = `
      let thread; process.on('worker', (worker) => { thread = worker })
      const lease = port4me.leasePort('orphan')
      const before = lease.released
      await new Promise((resolve) => setImmediate(resolve)) // 'worker' is emitted with process.nextTick()
      await thread.terminate()
      const { code, message } = await lease.listen(require('node:net').createServer()).catch((error) => error)
      return [before, lease.released, port4me.isFreeTcp(lease.port), code, message.replace(/\\d+/, '')]`
      expect(script(body)).toEqual([
        false,
        true,
        true,
        'ERR_LEASE_RELEASED',
        'the lease of port  is over: the thread that held the port has ended',
      ])
    })
  },
)
