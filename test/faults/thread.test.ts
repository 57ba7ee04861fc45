// What happens when the thread of the TypeScript engine fails. The engine has no thread if Node.js has net.BoundSocket.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HAS_BOUND_SOCKETS } from '../../lib/engine/fallback/bound.js'
import { ROOT } from '../support/paths.js'
import { OWN_NETWORK, preloading, run, script } from '../support/run.js'

describe.skipIf(process.env.PORT4ME_ENGINE === 'native' || HAS_BOUND_SOCKETS)('the thread', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'port4me-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  test('ends its leases when it ends, and another thread holds the next lease', () => {
    const body = `
      const created = require('node:events').once(process, 'worker')
      const [first, second] = port4me.leasePorts(2, 'thread')
      const before = [first.released, second.released, port4me.isFreeTcp(first.port)]
      const [thread] = await created
      await thread.terminate()
      const after = [first.released, second.released, port4me.isFreeTcp(first.port)]
      const next = port4me.leasePort('thread')
      first.release() // must not release the next lease, even if that has the same number
      return [before, after, next.port === first.port, next.released, port4me.isFreeTcp(next.port)]`
    expect(script(body)).toEqual([[false, false, false], [true, true, true], true, false, false])
  })

  test('listens on ports of its own, but these can be leased too', () => {
    const body = `
      const fs = require('node:fs')
      const first = port4me.leasePort('peers')
      const listening = ['tcp', 'tcp6'].flatMap((file) => fs.readFileSync('/proc/net/' + file, 'latin1')
        .split('\\n').map((line) => line.trim().split(' ')).filter(([, , , state]) => state === '0A')
        .map(([, local]) => parseInt(local.split(':')[1], 16)))
      const leases = listening.map((port) => port4me.leasePort({ include: port }))
      const all = [first, ...leases].map(({ port }) => port)
      return [listening.length, port4me.probe(all, { protocol: 'tcp' }).map(({ reason }) => reason)]`
    const before = [...OWN_NETWORK, 'sh', '-c', 'ip link set lo up; exec "$@"', 'sh']
    expect(script(body, { before })).toEqual([2, ['leased', 'leased', 'leased']])
  })

  test('makes the call fail within seconds when it hangs, and then holds nothing', () => {
    const library = join(folder, 'deny_call.so')
    const source = fileURLToPath(new URL('deny_call.cc', import.meta.url))
    execFileSync('g++', ['-shared', '-fPIC', '-o', library, source, '-ldl'])
    const body = `
      const lease = port4me.leasePort('hangs')
      process.env.DENY = 'connect'
      const start = Date.now()
      let error
      try { port4me.leasePort('hangs') } catch (e) { error = [e.code, e.errno] }
      const seconds = (Date.now() - start) / 1000
      delete process.env.DENY
      const { released } = lease
      for (let i = 0; i < 200 && !port4me.isFreeTcp(lease.port); i++) await new Promise((resolve) => setTimeout(resolve, 50))
      return [error, seconds < 6.5, released, port4me.leasePort('hangs').port === lease.port]`
    const variables = { ...preloading(library), DENY_ERRNO: '0' }
    expect(script(body, { variables })).toEqual([['ERR_SYSTEM', 'ETIMEDOUT'], true, true, true])
  })

  test.each([
    ['ends before it reports its start', 'throw new Error("on purpose")'],
    ['never reports its start', 'setInterval(() => {}, 1000)'],
  ])('makes the call fail within seconds when it %s', (_how, code) => {
    const start = performance.now()
    const program = `const threads = require('node:worker_threads')
      threads.Worker = class extends threads.Worker {
        constructor(_, options) { super(${JSON.stringify(code)}, options) }
      }
      const { leasePort } = require(${JSON.stringify(ROOT)})
      try { leasePort() } catch (e) { console.log(e.code, e.errno, e.syscall) }
      process.exit()`
    const { stdout } = run(process.execPath, ['-e', program], { PORT4ME_ENGINE: 'fallback' })
    expect(stdout.trim()).toBe('ERR_SYSTEM ETIMEDOUT Worker')
    expect(performance.now() - start).toBeLessThan(8000)
  })
})
