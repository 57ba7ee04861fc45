import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { HAS_BOUND_SOCKETS } from '../../lib/engine/fallback/bound.js'
import { freePort, whileListening, whileListeningOn } from '../support/listeners.js'
import { port4me as api } from '../support/package.js'
import { ROOT } from '../support/paths.js'
import { allowingOnly } from '../support/permission.js'
import { script, UNPRIVILEGED } from '../support/run.js'

const isNative = process.env.PORT4ME_ENGINE === 'native'

async function connected(): Promise<{
  server: Server
  port: number
  served: Socket
  client: Socket
}> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const client = connect(port, '127.0.0.1').resume()
  const [[served]] = (await Promise.all([once(server, 'connection'), once(client, 'connect')])) as [
    [Socket],
    unknown,
  ]
  return { server, port, served: served.resume(), client }
}

describe('TIME_WAIT', () => {
  test('that a closed connection left counts as free, and as busy if the option timeWait says so', async () => {
    const { server, port, served, client } = await connected()
    // The side that closes first has TIME_WAIT.
    served.end()
    await Promise.all([once(served, 'close'), once(client, 'close')])
    server.close()
    await once(server, 'close')

    expect(api.isFreeTcp(port)).toBe(true)
    expect(api.probe(port)).toEqual([{ port, free: true }])
    expect(api.port4me({ prepend: port })).toBe(port)
    const strict = { protocol: 'tcp', timeWait: 'busy' } as const
    if (isNative) {
      const status = { port, free: false, reason: 'time-wait', protocol: 'tcp', family: 'ipv4' }
      expect(api.probe(port, strict)).toEqual([status])
      expect(await api.probeAsync(port, strict)).toEqual([status])
      expect(api.isFreeTcp(port, { timeWait: 'busy' })).toBe(false)
      expect(api.port4me({ prepend: port, exclude: '1-65535', mustWork: false, ...strict })).toBe(
        -1,
      )
      expect(api.probe(port, { ...strict, host: '127.0.0.1' })).toEqual([status])
      // The same between ports of live listeners: after a refusal the engine binds in another way.
      await whileListeningOn(3, (busy) => {
        expect(api.probe([...busy, port], strict).map(({ reason }) => reason)).toEqual([
          'in-use',
          'in-use',
          'in-use',
          'time-wait',
        ])
        expect(api.probe([...busy, port]).map(({ free }) => free)).toEqual([
          false,
          false,
          false,
          true,
        ])
        expect(api.port4me({ prepend: [...busy, port] })).toBe(port)
      })
    } else {
      // The one difference between the engines: libuv sets SO_REUSEADDR, so it cannot detect TIME_WAIT.
      expect(api.isFreeTcp(port, { timeWait: 'busy' })).toBe(true)
    }
    // A server with SO_REUSEADDR, as in Node.js, can bind the port.
    await whileListening({ port, host: '127.0.0.1' }, (again) => expect(again).toBe(port))
  })

  test.each(['free', 'busy'] as const)(
    'with timeWait %s, live sockets are in use',
    async (timeWait) => {
      const { server, port, client } = await connected()
      try {
        const local = client.localPort as number
        for (const [live, family] of [
          [port, 'ipv4'],
          [local, 'ipv4'],
        ] as const) {
          expect(api.probe(live, { protocol: 'tcp', timeWait })).toEqual([
            { port: live, free: false, reason: 'in-use', protocol: 'tcp', family },
          ])
          expect(api.isFreeTcp(live, { timeWait })).toBe(false)
        }
      } finally {
        client.destroy()
        server.close()
        await once(server, 'close')
      }
    },
  )
})

describe('probe', () => {
  test('answers for each port, in order, whatever form the ports have', async () => {
    const free = await freePort()
    await whileListening({}, (busy) => {
      const isFree = (ports: Parameters<typeof api.probe>[0]) =>
        api.probe(ports).map((status) => [status.port, status.free])
      expect(isFree([busy, free, busy])).toEqual([
        [busy, false],
        [free, true],
        [busy, false],
      ])
      expect(isFree(new Set([free, busy]))).toEqual([
        [free, true],
        [busy, false],
      ])
      expect(isFree(busy)).toEqual([[busy, false]])
      expect(isFree(`${busy}, ${free}`)).toEqual([
        [busy, false],
        [free, true],
      ])
      expect(isFree([])).toEqual([])
      expect(isFree(api.portRange(busy, busy + 1))).toEqual([[busy, false]])
    })
  })

  test('answers for all ports in one call', async () => {
    await whileListening({}, async (busy) => {
      for (const statuses of [api.probe('1024-65535'), await api.probeAsync('1024-65535')]) {
        expect(statuses.length).toBe(64512)
        expect(statuses.map(({ port }) => port)).toEqual(
          Array.from({ length: 64512 }, (_, i) => 1024 + i),
        )
        expect(statuses[busy - 1024]).toMatchObject({ port: busy, free: false, reason: 'in-use' })
        expect(statuses.filter(({ free }) => free).length).toBeGreaterThan(60000)
      }
    })
  })

  test('leaves the event loop free while probeAsync works', async () => {
    let turns = 0
    const ticking = setInterval(() => turns++, 1)
    await api.probeAsync('20000-25000')
    clearInterval(ticking)
    expect(turns).toBeGreaterThan(3)
  })

  test('gives the reason denied for a privileged port', () => {
    const body = `
      return [port4me.probe(80), port4me.probe(80, { family: 'ipv4', protocol: 'udp' }), await port4me.probeAsync(80)]`
    const both = { port: 80, free: false, reason: 'denied', protocol: 'both', family: 'both' }
    expect(script(body, { before: UNPRIVILEGED })).toEqual([
      [both],
      [{ ...both, protocol: 'udp', family: 'ipv4' }],
      [both],
    ])
  })

  test.each([
    [{ host: 'example.org' }, 'ERR_INVALID_ARG_VALUE', /options\.host .*"example\.org"/],
    [{ host: '' }, 'ERR_INVALID_ARG_VALUE', /options\.host/],
    [{ host: 5 }, 'ERR_INVALID_ARG_TYPE', /options\.host .*5/],
    [
      { protocol: 'sctp' },
      'ERR_INVALID_ARG_VALUE',
      /options\.protocol .*'tcp', 'udp', 'both'.*"sctp"/,
    ],
    [{ family: 4 }, 'ERR_INVALID_ARG_TYPE', /options\.family/],
    [{ timeWait: 'no' }, 'ERR_INVALID_ARG_VALUE', /options\.timeWait .*'free', 'busy'.*"no"/],
    [{ hots: '::1' }, 'ERR_INVALID_ARG_VALUE', /options\.hots/],
    [5, 'ERR_INVALID_ARG_TYPE', /options/],
    [{ host: '192.0.2.1' }, 'ERR_SYSTEM', /EADDRNOTAVAIL/],
    [{ host: 'fe80::1%no-such-zone' }, 'ERR_SYSTEM', /EADDRNOTAVAIL|EINVAL/],
  ])('with %o is %s', async (options, code, message) => {
    const failure = expect.objectContaining({
      name: 'Port4meError',
      code,
      message: expect.stringMatching(message),
    })
    expect(() => api.probe(54321, options as never)).toThrow(failure)
    expect(() => api.isFree(54321, options as never)).toThrow(failure)
    await expect(api.probeAsync(54321, options as never)).rejects.toEqual(failure)
  })

  test.each([[0], [65536], [1.5], [[80, 0]], [['80']], [{}], [null], ['foo'], ['10-5'], ['']])(
    'refuses %o as ports',
    (ports) => {
      expect(() => api.probe(ports as never)).toThrow(
        expect.objectContaining({ name: 'Port4meError' }),
      )
    },
  )

  test('isFreeTcp and isFreeUdp do not have the option protocol', () => {
    const options = { protocol: 'udp' } as never
    expect(() => api.isFreeTcp(54321, options)).toThrow(/options\.protocol is not an option/)
    expect(() => api.isFreeTcp(54321, null as never)).toThrow(/options must be an object/)
    expect(() => api.isFree(54321, Promise.resolve({}) as never)).toThrow(/not \[object Promise\]/)
    expect(() => api.isFree(54321, { host: '192.0.2.1' })).toThrow(/192\.0\.2\.1/)
  })

  test('localhost means both loopbacks', async () => {
    for (const host of ['127.0.0.1', '::1']) {
      await whileListening({ host }, (port) => {
        const family = host === '::1' ? 'ipv6' : 'ipv4'
        expect(api.probe(port, { host: 'localhost', protocol: 'tcp' })).toEqual([
          { port, free: false, reason: 'in-use', protocol: 'tcp', family },
        ])
        const other = family === 'ipv4' ? 'ipv6' : 'ipv4'
        expect(api.isFreeTcp(port, { host: 'localhost', family: other })).toBe(true)
      })
    }
  })
})

describe('different spellings of a host', () => {
  test.each([
    ['::ffff:127.0.0.1', 'ipv4'],
    ['0:0:0:0:0:ffff:7f00:1', 'ipv4'],
    ['::', 'ipv4'],
    ['0:0:0:0:0:0:0:0', 'ipv4'],
    ['::0.0.0.0', 'ipv4'],
    ['0.0.0.0', 'ipv4'],
  ] as const)('%s sees a listener on 127.0.0.1', async (host, family) => {
    await whileListening({ host: '127.0.0.1' }, (port) => {
      expect(api.probe(port, { host, protocol: 'tcp' })).toEqual([
        { port, free: false, reason: 'in-use', protocol: 'tcp', family },
      ])
      expect(api.isFreeTcp(port, { host: '::', family: 'ipv6' })).toBe(true)
    })
  })

  test('an IPv4-mapped address is not an IPv6 address', () => {
    expect(() => api.isFree(54321, { host: '::ffff:127.0.0.1', family: 'ipv6' })).toThrow(
      /options\.host/,
    )
  })

  test('UDP is probed in both families, whatever net.ipv6.bindv6only is', () => {
    const body = `
      const socket = require('node:dgram').createSocket('udp4').bind(27010, '0.0.0.0')
      await require('node:events').once(socket, 'listening')
      const answer = [port4me.isFreeUdp(27010), port4me.probe(27010)]
      socket.close()
      return answer`
    const strict = 'echo 1 > /proc/sys/net/ipv6/bindv6only; exec "$@"'
    const before = [
      'unshare',
      ...(process.getuid?.() === 0 ? ['-n'] : ['-rn']),
      'sh',
      '-c',
      strict,
      'sh',
    ]
    expect(script(body, { before })).toEqual([
      false,
      [{ port: 27010, free: false, reason: 'in-use', protocol: 'udp', family: 'ipv4' }],
    ])
  })

  test('a module that NODE_OPTIONS preloads can ask questions', async () => {
    const port = await freePort()
    const folder = mkdtempSync(join(tmpdir(), 'port4me-'))
    try {
      const preload = join(folder, 'preload.cjs')
      writeFileSync(
        preload,
        `require(${JSON.stringify(join(ROOT, 'dist/index.js'))}).isFreeTcp(${port}, { host: '127.0.0.1' })`,
      )
      const variables = { NODE_OPTIONS: `--require ${preload}` }
      expect(script(`return port4me.isFreeTcp(${port}, { host: "::1" })`, { variables })).toBe(true)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('probe options of port4me', () => {
  test('come from options, then variables', async () => {
    await whileListening({ host: '127.0.0.1' }, (port) => {
      const base = { prepend: port, exclude: '1-65535', mustWork: false }
      const withVariables = (variables: Record<string, string>, options = {}) => {
        Object.assign(process.env, variables)
        try {
          return api.port4me({ ...base, ...options })
        } finally {
          for (const name of Object.keys(variables)) delete process.env[name]
        }
      }
      expect(withVariables({})).toBe(-1)
      expect(withVariables({ PORT4ME_FAMILY: 'ipv6' })).toBe(port)
      expect(withVariables({ PORT4ME_FAMILY: 'ipv6' }, { family: 'both' })).toBe(-1)
      expect(withVariables({ PORT4ME_PROTOCOL: 'udp' })).toBe(port)
      expect(withVariables({ PORT4ME_HOST: '::1' })).toBe(port)
      expect(withVariables({ PORT4ME_HOST: 'localhost' })).toBe(-1)
      for (const name of ['PROTOCOL', 'FAMILY', 'HOST', 'TIME_WAIT']) {
        expect(() => withVariables({ [`PORT4ME_${name}`]: 'wrong' })).toThrow(
          new RegExp(`PORT4ME_${name} must be .*"wrong"`),
        )
      }
    })
  })
})

test('many probes leave no descriptor open', () => {
  const body = `
    const times = ${isNative ? 100 : 20}
    const fs = require('node:fs'); const count = () => fs.readdirSync('/proc/self/fd').length
    const turn = () => new Promise((resolve) => setImmediate(resolve))
    port4me.isFree(54321); port4me.probe([54321]); await port4me.probeAsync([54321]); await turn()
    const before = count()
    for (let i = 0; i < times; i++) { port4me.probe('20000-20499'); await turn() }
    for (let i = 0; i < 500 * times; i++) { port4me.isFreeTcp(20000 + i % 500); if (i % 100 === 0) await turn() }
    await turn()
    return count() - before`
  expect(script(body)).toBe(0)
})

test('running out of descriptors in the middle of a batch is an error, and leaves none open', async () => {
  const body = `
    const fs = require('node:fs'); const count = () => fs.readdirSync('/proc/self/fd').length
    port4me.probe([54321]); await port4me.probeAsync([54321])
    await new Promise((resolve) => setImmediate(resolve))
    const before = count()
    const probing = port4me.probeAsync('1024-65535').then(() => 'answered', (e) => [e.code, e.errno])
    await new Promise((resolve) => setTimeout(resolve, 20))
    // The batch itself closes a descriptor now and then. This takes that one too.
    const held = []; let isTaking = true
    const take = () => {
      if (!isTaking) return
      try { for (;;) held.push(fs.openSync('/dev/null')) } catch {}
      setImmediate(take)
    }
    take()
    const outcome = await probing
    isTaking = false
    held.forEach((fd) => fs.closeSync(fd))
    await new Promise((resolve) => setTimeout(resolve, 20))
    return [outcome, count() - before, port4me.probe([${await freePort()}])[0].free]`
  const before = ['sh', '-c', 'ulimit -n 64; exec "$@"', 'sh']
  expect(script(body, { before })).toEqual([['ERR_SYSTEM', 'EMFILE'], 0, true])
})

test('a bind that fails for another reason leaves no descriptor open', () => {
  // EINVAL: a link-local address without its zone.
  const body = `
    const fs = require('node:fs'); const count = () => fs.readdirSync('/proc/self/fd').length
    const turn = () => new Promise((resolve) => setImmediate(resolve))
    const outcomes = new Set()
    const note = ({ code, errno }) => outcomes.add(code + ' ' + errno)
    const ask = async () => {
      try { port4me.isFreeUdp(54321, { host: 'fe80::1' }) } catch (e) { note(e) }
      await port4me.probeAsync(54321, { host: 'fe80::1', protocol: 'udp' }).catch(note)
      try { port4me.isFreeTcp(54321, { host: 'fe80::1' }) } catch (e) { note(e) }
      await turn()
    }
    await ask()
    const before = count()
    for (let i = 0; i < 50; i++) await ask()
    return [count() - before, ...outcomes]`
  expect(script(body)).toEqual([0, 'ERR_SYSTEM EINVAL'])
})

describe('the thread of the TypeScript engine', () => {
  const watched = `
    const threads = require('node:worker_threads')
    const started = []
    threads.Worker = class extends threads.Worker {
      constructor(...args) { super(...args); started.push(this) }
    }`
  const variables = { PORT4ME_ENGINE: 'fallback' }

  test.skipIf(HAS_BOUND_SOCKETS)('is followed by another one when it has ended', async () => {
    const body = `${watched}
      const ask = () => port4me.isFreeTcp(${await freePort()}, { host: '127.0.0.1' })
      const answers = [ask()]
      const lease = port4me.leasePort('gone')
      await started[0].terminate()
      lease.release()
      answers.push(ask(), port4me.isFreeTcp(lease.port))
      return [answers, started.length]`
    expect(script(body, { variables })).toEqual([[true, true, true], 2])
  })

  test.runIf(HAS_BOUND_SOCKETS)('is not needed where Node.js has bound sockets', async () => {
    const body = `${watched}
      const port = ${await freePort()}
      for (const host of ['', '127.0.0.1', '::1', 'localhost']) {
        for (const protocol of ['tcp', 'udp', 'both']) {
          const options = { protocol, ...(host !== '' && { host }) }
          port4me.probe(port, options)
          await port4me.probeAsync(port, options)
          for (const exclusive of [false, true]) {
            port4me.leasePort({ tool: 'no thread', exclusive, ...options }).release()
          }
        }
      }
      return started.length`
    expect(script(body, { variables })).toBe(0)
  })
})

test('the TypeScript engine answers even if a policy forbids to read files', async () => {
  const port = await freePort()
  const body = `
    const lease = port4me.leasePort('policy')
    return [port4me.isFreeTcp(${port}, { host: '127.0.0.1' }), port4me.probe(${port})[0].free,
            (await lease.listen(require('node:net').createServer())).close().listening]`
  const nodeArgs = allowingOnly(ROOT)
  const variables = { PORT4ME_ENGINE: 'fallback' }
  expect(script(body, { nodeArgs, variables })).toEqual([true, true, false])
})

test('promises settle while a test uses fake timers', () => {
  const body = `
    if (port4me.engine === 'fallback') await port4me.port4meAsync() // loads the whole engine
    require('node:test').mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate'] })
    const statuses = await port4me.probeAsync('20000-29999', { protocol: 'tcp' })
    return [statuses.length, (await port4me.port4meAsync()) > 0]`
  expect(script(body)).toEqual([10000, true])
})

test('a question that needs a thread is an error when there are too few descriptors', () => {
  const body = `
    const fs = require('node:fs'); const held = []
    port4me.isFreeTcp(54321)
    try { for (;;) held.push(fs.openSync('/dev/null')) } catch {}
    process.on('exit', () => held.forEach((fd) => fs.closeSync(fd)))
    try { return port4me.isFreeTcp(54321, { host: '127.0.0.1' }) } catch (e) { return [e.code, e.errno] }`
  const before = ['sh', '-c', 'ulimit -n 64; exec "$@"', 'sh']
  expect(script(body, { before })).toEqual(['ERR_SYSTEM', 'EMFILE'])
})
