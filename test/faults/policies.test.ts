// Tests systems that forbid what the package needs. Each script runs in its own process.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HAS_BOUND_SOCKETS } from '../../lib/engine/fallback/bound.js'
import { ROOT } from '../support/paths.js'
import { allowingOnly } from '../support/permission.js'
import { OWN_NETWORK, preloading, script } from '../support/run.js'

const IS_NATIVE = process.env.PORT4ME_ENGINE === 'native'
const [EPERM, EACCES] = ['1', '13']

let folder: string
let library: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'port4me-'))
  library = join(folder, 'deny_call.so')
  const source = fileURLToPath(new URL('deny_call.cc', import.meta.url))
  execFileSync('g++', ['-shared', '-fPIC', '-o', library, source, '-ldl'])
})
afterAll(() => rmSync(folder, { recursive: true }))

/** What each call of a list throws or returns. They run in their own network, where a system call is denied. */
function outcomes(calls: readonly string[], denied: string, errno: string): unknown {
  const body = `const outcomes = []
    for (const call of [${calls.map((call) => `() => ${call}`).join()}]) {
      try { outcomes.push(await call()) } catch ({ code, errno }) { outcomes.push([code, errno].join()) }
    }
    return outcomes`
  return script(body, {
    before: [...OWN_NETWORK, 'sh', '-c', 'ip link set lo up; exec "$@"', 'sh'],
    variables: { ...preloading(library), DENY: denied, DENY_ERRNO: errno },
  })
}

const QUESTIONS = [
  'port4me.port4me()',
  'port4me.port4meAsync()',
  'port4me.port4me({ host: "127.0.0.1" })',
  'port4me.isFreeTcp(54321)',
  'port4me.isFreeUdp(54321)',
  'port4me.probe(54321)',
  'port4me.probeAsync(54321, { host: "::1" })',
  'port4me.leasePort()',
]

describe.each([
  ['EPERM', EPERM],
  ['EACCES', EACCES],
])('a policy that answers with %s', (name, errno) => {
  test('and denies every socket makes every question a system error', () => {
    expect(outcomes(QUESTIONS, 'socket', errno)).toEqual(QUESTIONS.map(() => `ERR_SYSTEM,${name}`))
  })

  test('and denies every bind does so too', () => {
    expect(outcomes(QUESTIONS, 'bind', errno)).toEqual(QUESTIONS.map(() => `ERR_SYSTEM,${name}`))
  })
})

test('ports that a policy denies only to TCP are denied, and cause no system error', () => {
  const calls = [
    'port4me.isFreeTcp(54321)',
    'port4me.isFreeUdp(54321)',
    'port4me.probe(54321)[0].reason',
    'port4me.port4me({ include: "54321-54325" })',
  ]
  const expected = [false, true, 'denied', 'ERR_SYSTEM,EACCES']
  expect(outcomes(calls, 'bind-tcp', EACCES)).toEqual(expected)
})

test('a policy that denies every connection does not prevent questions', () => {
  const calls = ['port4me.isFreeTcp(54321)', 'typeof port4me.leasePort().port']
  // Without net.BoundSocket the TypeScript engine holds by connections.
  const leased = IS_NATIVE || HAS_BOUND_SOCKETS ? 'number' : 'ERR_SYSTEM,EPERM'
  expect(outcomes(calls, 'connect', EPERM)).toEqual([true, leased])
})

describe('where the list of Unix sockets cannot be read, all functions still report a leased port', () => {
  const body = `
    const lease = port4me.leasePort('hidden'); const { port } = lease
    const wanted = { include: port, mustWork: false }
    const answers = []
    for (const where of [{}, { host: '127.0.0.1' }, { family: 'ipv6' }]) {
      const options = { protocol: 'tcp', ...where }
      answers.push(
        port4me.isFreeTcp(port, where), port4me.port4me({ ...wanted, ...where }),
        await port4me.port4meAsync({ ...wanted, ...where }),
        port4me.probe(port, options)[0].reason, (await port4me.probeAsync(port, options))[0].reason)
    }
    const both = port4me.isFree(port)
    lease.release()
    return [answers, both, port4me.isFreeTcp(port), await port4me.port4meAsync(wanted) === port]`
  const door = [false, -1, -1, 'leased', 'leased']
  const expected = [[...door, ...door, ...door], false, true, true]

  // (AddressSanitizer reads its options from /proc.)
  test.skipIf(process.env.ASAN_OPTIONS !== undefined)('because there is no /proc', () => {
    const [unshare = '', flags = ''] = OWN_NETWORK
    const hide = 'ip link set lo up && mount -t tmpfs none /proc && exec "$@"'
    const before = [unshare, `${flags}m`, 'sh', '-c', hide, 'sh']
    expect(script(body, { before })).toEqual(expected)
  })

  test.skipIf(IS_NATIVE)("because of Node.js's own permissions", () => {
    const before = [...OWN_NETWORK, 'sh', '-c', 'ip link set lo up; exec "$@"', 'sh']
    expect(script(body, { before, nodeArgs: allowingOnly(ROOT) })).toEqual(expected)
  })
})
