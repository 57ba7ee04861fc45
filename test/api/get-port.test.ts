// The drop-in replacement, tested for what get-port's own tests test.

import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { type AddressInfo, createServer, type ListenOptions, type Server } from 'node:net'
import { hostname } from 'node:os'
import original, { clearLockedPorts as clearOriginal } from 'get-port'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { freePort, freeRow, whileListening } from '../support/listeners.js'
import { ROOT } from '../support/paths.js'
import { environment } from '../support/run.js'

const require = createRequire(import.meta.url)
const getPort =
  require('../../dist/get-port.js') as typeof import('../../lib/get-port/index.js').default &
    typeof import('../../lib/get-port/index.js')
const { clearLockedPorts, portNumbers } = getPort

const held: Server[] = []
async function hold(options: ListenOptions): Promise<void> {
  const server = createServer().listen(options)
  await once(server, 'listening')
  held.push(server)
}

beforeEach(clearLockedPorts)
afterEach(async () => {
  await Promise.all(held.splice(0).map((server) => once(server.close(), 'close')))
})

test('a port can be bound when the promise resolves', async () => {
  const port = await getPort()
  await whileListening({ port }, (bound) => expect(bound).toBe(port))
  const onIpv4 = await getPort({ host: '0.0.0.0' })
  await whileListening({ port: onIpv4, host: '0.0.0.0' }, (bound) => expect(bound).toBe(onIpv4))
})

test('a preferred port is returned if it is free, and another one if not', async () => {
  const port = await freePort()
  expect(await getPort({ port, host: '0.0.0.0' })).toBe(port)
  clearLockedPorts()
  expect(await getPort({ port })).toBe(port)
  clearLockedPorts()
  await hold({ port })
  const other = await getPort({ port })
  expect(other).toBeGreaterThan(0)
  expect(other).not.toBe(port)
})

test('the first free one of the preferred ports is returned', async () => {
  const [a, b, c] = (await freeRow(3)) as [number, number, number]
  expect(await getPort({ port: [a, b, c] })).toBe(a)
  clearLockedPorts()
  await hold({ port: a })
  expect(await getPort({ port: [a, b, c] })).toBe(b)
  clearLockedPorts()
  await hold({ port: b })
  await hold({ port: c })
  expect([a, b, c]).not.toContain(await getPort({ port: [a, b, c] }))
})

test('a listener on any host makes a port busy', async () => {
  const [a, b, c, d] = (await freeRow(4)) as [number, number, number, number]
  await hold({ port: a })
  await hold({ port: b, host: '0.0.0.0' })
  await hold({ port: c, host: '127.0.0.1' })
  expect(await getPort({ port: [a, b, c, d] })).toBe(d)
})

test('with a host, only a listener on this host makes a port busy', async () => {
  const port = await freePort()
  await hold({ port, host: '127.0.0.1' })
  expect(await getPort({ port, host: '::1' })).toBe(port)
  expect(await getPort({ port, host: '127.0.0.1' })).not.toBe(port)
})

test('with ipv6Only, only IPv6 counts, if the host is ::', async () => {
  const port = await freePort()
  await hold({ port, host: '0.0.0.0' })
  expect(await getPort({ port, host: '::' })).not.toBe(port)
  expect(await getPort({ port, host: '127.0.0.1', ipv6Only: true })).not.toBe(port)
  expect(await getPort({ port, ipv6Only: true })).toBe(port)
  clearLockedPorts()
  expect(await getPort({ port, host: '::', ipv6Only: true })).toBe(port)
})

test('any iterable of ports is accepted', async () => {
  const port = await freePort()
  expect(await getPort({ port: new Set([port]) })).toBe(port)
  clearLockedPorts()
  const generated = (function* () {
    yield port
  })()
  expect(await getPort({ port: generated })).toBe(port)
})

test('excluded ports are not returned', async () => {
  const [a, b, c] = (await freeRow(3)) as [number, number, number]
  expect(await getPort({ exclude: [a, c], port: portNumbers(a, c) })).toBe(b)
  for (const exclude of [42, ['foo'], [Number.NaN], [1.5]]) {
    await expect(getPort({ exclude: exclude as never })).rejects.toThrow(TypeError)
  }
})

test('a falsy value excludes nothing', async () => {
  const port = await freePort()
  for (const exclude of [false, 0, '', Number.NaN, null, undefined, []]) {
    clearLockedPorts()
    expect(await getPort({ port, exclude: exclude as never })).toBe(port)
  }
})

test('a port can be a text, and is returned as a number', async () => {
  const port = await freePort()
  const texts = [[`${port}`], [` ${port} `], [`0x${port.toString(16)}`], `${port}`]
  for (const text of texts) {
    for (const host of [undefined, '127.0.0.1']) {
      clearLockedPorts()
      expect(await getPort({ port: text as never, host })).toBe(port)
      expect(await getPort({ port, host })).not.toBe(port)
    }
  }
  for (const nothing of [[null], [undefined], [0], ['0'], ['0', port]]) {
    expect(await getPort({ port: nothing as never, host: '127.0.0.1' })).not.toBe(port)
  }
})

test.each(['LOCALHOST', hostname(), '127.1', '0x7f.1'])(
  'the host %s is looked up as by listen()',
  async (host) => {
    const held = createServer().listen({ port: 0, host })
    await once(held, 'listening')
    const { port } = held.address() as AddressInfo
    expect(await getPort({ port, host })).not.toBe(port)
    held.close()
    await once(held, 'close')
    clearLockedPorts()
    expect(await getPort({ port, host })).toBe(port)
  },
)

test('a host that is not found gives the error of the look-up', async () => {
  const port = await freePort()
  await expect(getPort({ port, host: 'no-such-host.invalid' })).rejects.toMatchObject({
    code: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/),
    syscall: 'getaddrinfo',
  })
  await expect(getPort({ port, host: 5 as never })).rejects.toMatchObject({
    name: 'TypeError',
    code: 'ERR_INVALID_ARG_TYPE',
  })
})

// With the same options get-port itself returns the same port, or an error of the same class and code.
test('unusual options have the same effect as in get-port', async () => {
  const port = await freePort()
  const odd: readonly unknown[] = [
    ...[false, 0, '', Number.NaN, null, true, 5, 'abc', ['5'], [Number.POSITIVE_INFINITY], {}].map(
      (exclude) => ({ port, exclude }),
    ),
    ...[null, false, {}, true, () => 1, 1n, 1.5, -1, 70000, []].map((odd) => ({ port: odd })),
    ...[Number.NaN, 'abc', '', '-1', '70000', true, {}, 1n].map((odd) => ({ port: [odd] })),
    ...[`${port}`, null, undefined].map((odd) => ({ port: [odd], host: '127.0.0.1' })),
    ...[
      '',
      0,
      null,
      5,
      {},
      true,
      '::1',
      '::ffff:127.0.0.1',
      '127.1',
      'LOCALHOST',
      ' 127.0.0.1',
    ].map((host) => ({ port, host })),
    ...[false, 0, '', 'x', 5, [], null, true, () => {}],
  ]
  const outcome = async (of: typeof getPort, options: unknown): Promise<unknown> => {
    try {
      const given = await of(options as never)
      return given === port ? 'that port' : `another ${typeof given}`
    } catch (error) {
      return [(error as Error).name, (error as NodeJS.ErrnoException).code]
    }
  }
  for (const options of odd) {
    clearOriginal()
    const expected = await outcome(original as typeof getPort, options)
    clearLockedPorts()
    expect([options, await outcome(getPort, options)]).toEqual([options, expected])
  }
})

test('a returned port is locked until the locks are cleared', async () => {
  const port = await freePort()
  expect(await getPort({ port })).toBe(port)
  expect(await getPort({ port })).not.toBe(port)
  clearLockedPorts()
  expect(await getPort({ port, reserve: true })).toBe(port)
  expect(await getPort({ port })).not.toBe(port)
  clearLockedPorts()
  expect(await getPort({ port })).toBe(port)
})

test('calls at the same time give different ports', async () => {
  const ports = await Promise.all(Array.from({ length: 50 }, () => getPort()))
  expect(new Set(ports).size).toBe(50)
})

test('wrong options cause the errors of get-port', async () => {
  for (const port of [-1, 70000, 3000.5, [70000]]) {
    const failure = await getPort({ port }).catch((error) => error)
    expect(failure).toBeInstanceOf(RangeError)
    expect(failure.code).toBe('ERR_SOCKET_BAD_PORT')
  }
  await expect(getPort({ port: true as never })).rejects.toThrow(TypeError)
  await expect(getPort({ host: '192.0.2.1' })).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' })
  expect(await getPort(null as never)).toBeGreaterThan(0)
  expect(await getPort({ port: Number.NaN })).toBeGreaterThan(0)
})

describe('portNumbers', () => {
  test('returns every port of a range', () => {
    expect([...portNumbers(1024, 1024)]).toEqual([1024])
    expect([...portNumbers(1024, 1027)]).toEqual([1024, 1025, 1026, 1027])
  })

  test.each([
    ['abc', 3000],
    [3000, 'abc'],
    [1.5, 3000],
  ])('%o to %o is a TypeError', (from, to) => {
    expect(() => portNumbers(from as never, to as never)).toThrow(TypeError)
  })

  test.each([
    [1023, 1024],
    [65536, 65536],
    [1024, 1023],
    [65535, 65537],
    [1025, 1024],
  ])('%i to %i is a RangeError', (from, to) => {
    expect(() => portNumbers(from, to)).toThrow(RangeError)
  })
})

test('an ESM import has the same function and the same locks', async () => {
  const code = `
    import getPort, { portNumbers, clearLockedPorts } from 'port4me/get-port'
    import { createRequire } from 'node:module'
    const required = createRequire(import.meta.url)('port4me/get-port')
    const port = await getPort()
    const again = await required({ port })
    clearLockedPorts()
    console.log(getPort === required, required.portNumbers === portNumbers, again !== port, await getPort({ port }) === port)`
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', code], {
    cwd: ROOT,
    encoding: 'utf8',
    env: environment(),
  })
  expect(output).toBe('true true true true\n')
})
