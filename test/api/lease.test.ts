// Leases, tested with real servers and real processes.

import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import net from 'node:net'
import npmGetPort, { clearLockedPorts } from 'get-port'
import { getPortPromise } from 'portfinder'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { freePort, freePorts, whileListening } from '../support/listeners.js'
import { port4me as api, ERRORS_NAME_HOLDERS } from '../support/package.js'
import { start } from '../support/processes.js'
import { script } from '../support/run.js'

type Lease = ReturnType<typeof api.leasePort>

const taken: Lease[] = []
const opened: net.Server[] = []

function lease(options?: Parameters<typeof api.leasePort>[0]): Lease {
  const one = api.leasePort(options)
  taken.push(one)
  return one
}

function opening<Server extends net.Server>(server: Server): Server {
  opened.push(server)
  return server
}

async function close(server: net.Server): Promise<void> {
  if (!server.listening) return
  server.close()
  await once(server, 'close')
}

afterEach(async () => {
  for (const one of taken.splice(0)) one.release()
  await Promise.all(opened.splice(0).map(close))
})

describe('leasePort', () => {
  test('leases the port that port4me() returns, and keeps it', () => {
    const port = api.port4me('lease')
    const one = lease('lease')
    expect(one.port).toBe(port)
    expect(one.released).toBe(false)
    expect(api.port4me('lease')).not.toBe(port)
    expect(lease('lease').port).not.toBe(port)
    expect(api.isFree(port)).toBe(false)
    expect(api.isFreeTcp(port)).toBe(false)
    expect(api.probe(port)).toEqual([
      { port, free: false, reason: 'leased', protocol: 'tcp', family: 'both' },
    ])
  })

  test('is released only once, and the port is free immediately', async () => {
    const one = lease('lease')
    one.release()
    expect(one.released).toBe(true)
    expect(api.isFree(one.port)).toBe(true)
    const again = lease('lease')
    expect(again.port).toBe(one.port)
    one.release() // the port may belong to another program by now
    expect(api.isFree(again.port)).toBe(false)
    expect(again.released).toBe(false)
  })

  test('is released at the end of a block with using', () => {
    const one = lease('lease')
    one[Symbol.dispose]()
    expect(one.released).toBe(true)
    expect(api.isFree(one.port)).toBe(true)
  })

  test('passes over ports that are taken', async () => {
    const next = await freePort()
    await whileListening({ host: '127.0.0.1' }, (busy) => {
      expect(lease({ prepend: [busy, next] }).port).toBe(next)
    })
  })

  test('has the options of port4me() except mustWork', async () => {
    const port = await freePort()
    expect(lease({ include: port, user: 'alice', protocol: 'both', family: 'ipv4' }).port).toBe(
      port,
    )
    expect(() => api.leasePort({ include: port })).toThrow(
      expect.objectContaining({ code: 'ERR_NO_FREE_PORT' }),
    )
    expect(() => api.leasePort({ include: port, exclude: port })).toThrow(
      expect.objectContaining({ code: 'ERR_NO_CANDIDATE' }),
    )
    const wrong: readonly [options: unknown, name: string][] = [
      [5, 'options'],
      [{ include: 'foo' }, 'options.include'],
      [{ host: 'example.org' }, 'options.host'],
      [{ mustWork: false }, 'options.mustWork'],
      [{ maxTry: 1 }, 'options.maxTry'],
    ]
    for (const [options, name] of wrong) {
      expect(() => api.leasePort(options as string)).toThrow(name)
    }
  })

  test('ignores PORT4ME_MUST_WORK, and really holds a port where every port counts as free', () => {
    const variables = { PORT4ME_MUST_WORK: '0', _PORT4ME_CHECK_AVAILABLE_PORTS_: 'any' }
    const body = `const [a, b] = [port4me.leasePort('x').port, port4me.leasePort('x').port]
      try { return [a !== b, port4me.leasePort({ include: a })] } catch (e) { return [a !== b, e.code] }`
    expect(script(body, { variables })).toEqual([true, 'ERR_NO_FREE_PORT'])
  })

  test('a port in TIME_WAIT can be leased, because a server can bind it', async () => {
    const server = opening(net.createServer((socket) => socket.end()))
    await once(server.listen(0), 'listening')
    const { port } = server.address() as net.AddressInfo
    const client = net.connect(port)
    await once(client.resume(), 'close')
    await close(server)
    const one = lease({ include: port })
    expect(one.port).toBe(port)
    expect(api.probe(port, { protocol: 'tcp' })[0]?.reason).toBe('leased')
    await one.listen(opening(net.createServer()))
    expect(() => api.leasePort({ include: port })).toThrow('no free port')
  })

  test('a port that is leased on one address is leased on every address', () => {
    const one = lease({ tool: 'lease', host: '127.0.0.1' })
    for (const host of ['127.0.0.1', '127.0.0.2', '::1', 'localhost', '::']) {
      expect(api.isFreeTcp(one.port, { host })).toBe(false)
    }
  })
})

describe('leasePorts', () => {
  test('leases the first free candidates', async () => {
    const candidates = await freePorts(6)
    const [first = 0, second = 0, ...rest] = candidates
    await whileListening({ port: second }, () => {
      const leases = api.leasePorts(4, { prepend: candidates })
      taken.push(...leases)
      expect(leases.map(({ port }) => port)).toEqual([first, ...rest.slice(0, 3)])
    })
  })

  test('leases all or none', async () => {
    const ports = [await freePort(), await freePort(), await freePort()]
    const include = ports
    expect(() => api.leasePorts(4, { include })).toThrow(
      'no free port: 4 leases were asked for, but only 3 could be made',
    )
    for (const port of ports) expect(api.isFree(port)).toBe(true)
    expect(() => api.leasePorts(3, { include, maxTries: 2 })).toThrow('only 2')
    for (const port of ports) expect(api.isFree(port)).toBe(true)
    const leases = api.leasePorts(3, { include })
    taken.push(...leases)
    expect(leases.map(({ port }) => port).sort()).toEqual(ports.sort())
    expect(() => api.leasePorts(1, { include })).toThrow('no free port')
    const prepend = [await freePort(), await freePort()]
    expect(() => api.leasePorts(3, { prepend, include: 1, exclude: 1 })).toThrow('only 2')
    for (const port of prepend) expect(api.isFree(port)).toBe(true)
  })

  test('skips any number of candidates', () => {
    const skip = Number.MAX_SAFE_INTEGER
    const candidates = api.listPorts(2, { tool: 'lease far', skip })
    const leases = api.leasePorts(2, { tool: 'lease far', skip })
    taken.push(...leases)
    expect(leases.map(({ port }) => port)).toEqual(candidates)
    const prepend = api.port4me('lease first')
    expect(() => api.leasePorts(2, { prepend, include: prepend, skip })).toThrow(
      'only 1 could be made',
    )
    expect(() => api.leasePorts(1, { prepend, include: '0', exclude: '1-65535', skip })).toThrow(
      expect.objectContaining({ code: 'ERR_NO_CANDIDATE' }),
    )
  })

  test.each([0, -1, 1.5, 65536, '2', undefined, Number.NaN])('refuses %j', (count) => {
    expect(() => api.leasePorts(count as number)).toThrow(
      'count must be an integer from 1 to 65535',
    )
  })
})

/** A certificate for this test only. */
const selfSigned = (): { key: string; cert: string } => {
  const pem = execFileSync(
    'openssl',
    ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', '-', '-subj', '/CN=localhost'],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  )
  return { key: pem, cert: pem }
}

describe('lease.listen', () => {
  test('a net server listens, on every address', async () => {
    const one = lease('lease')
    const server = opening(net.createServer((socket) => socket.end('net')))
    expect(await one.listen(server)).toBe(server)
    expect(server.address()).toMatchObject({ port: one.port })
    expect(one.released).toBe(true)
    for (const host of ['127.0.0.1', '::1']) {
      const client = net.connect(one.port, host)
      const [data] = (await once(client, 'data')) as [Buffer]
      expect(String(data)).toBe('net')
    }
    expect(api.probe(one.port)[0]?.reason).toBe('in-use')
    one.release()
    expect(server.listening).toBe(true)
    await close(server)
    expect(api.isFree(one.port)).toBe(true)
  })

  test('an http server serves', async () => {
    const one = lease('lease')
    await one.listen(opening(http.createServer((_request, response) => response.end('http'))))
    const response = await fetch(`http://127.0.0.1:${one.port}/`, {
      headers: { connection: 'close' },
    })
    expect(await response.text()).toBe('http')
  })

  test('an https server serves', async () => {
    const one = lease('lease')
    await one.listen(
      opening(https.createServer(selfSigned(), (_request, response) => response.end('https'))),
    )
    const request = https.get({
      port: one.port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      agent: false,
    })
    const [response] = (await once(request, 'response')) as [http.IncomingMessage]
    expect(String(await response.toArray())).toBe('https')
  })

  test('an http2 server serves', async () => {
    const one = lease('lease')
    const server = opening(http2.createServer())
    server.on('stream', (stream) => stream.end('http2'))
    await one.listen(server)
    const session = http2.connect(`http://127.0.0.1:${one.port}`)
    expect(String(await session.request({ ':path': '/' }).toArray())).toBe('http2')
    await new Promise<void>((resolve) => session.close(resolve))
  })

  test('an object whose listen() creates a server resolves with that server', async () => {
    const app = {
      listen: (...args: Parameters<net.Server['listen']>) =>
        http.createServer((_request, response) => response.end('app')).listen(...args),
    }
    const one = lease('lease')
    const server = opening(await one.listen(app))
    expect(server.address()).toMatchObject({ port: one.port })
    const later = {
      listen: async (...args: Parameters<net.Server['listen']>) =>
        opening(net.createServer()).listen(...args),
    }
    const two = lease('lease')
    expect((await two.listen(later)).address()).toMatchObject({ port: two.port })
  })

  test('an object that accepts ports but not sockets listens by number', async () => {
    const app = {
      listen: ({ port, host }: net.ListenOptions) =>
        opening(net.createServer()).listen({ port, host }),
    }
    for (const options of [{}, { host: '127.0.0.1' }, { exclusive: true }]) {
      const one = lease({ tool: 'lease', ...options })
      const server = await one.listen(app)
      expect(server.address()).toMatchObject({ port: one.port })
    }
  })

  test.each([
    [{ host: 'localhost' }, undefined, ['127.0.0.1', '::1']],
    [{ host: '127.0.0.1' }, undefined, ['127.0.0.1']],
    [{ host: '::1' }, undefined, ['::1']],
    [{ family: 'ipv4' }, undefined, ['0.0.0.0']],
    [{ family: 'ipv6' }, undefined, ['::']],
    [{ protocol: 'both' }, undefined, ['::']],
    [{}, '127.0.0.1', ['127.0.0.1']],
    [{}, 'localhost', ['127.0.0.1', '::1']],
  ] as const)('of %j, with host %j, listens on %j', async (options, host, addresses) => {
    const one = lease({ tool: 'lease', ...options })
    const server = opening(net.createServer())
    await one.listen(server, { host, backlog: 5 })
    const { address, port } = server.address() as net.AddressInfo
    expect(port).toBe(one.port)
    expect(addresses).toContain(address)
    await close(server)
    expect(api.isFree(one.port)).toBe(true)
  })

  test('accepts a signal that closes the server', async () => {
    const controller = new AbortController()
    const one = lease('lease')
    const server = opening(net.createServer())
    await one.listen(server, { signal: controller.signal })
    controller.abort()
    await once(server, 'close')
    expect(api.isFree(one.port)).toBe(true)
  })

  test.each([
    [
      'a signal that was aborted',
      () => net.createServer(),
      { signal: AbortSignal.abort() },
      'abort',
    ],
    ['no server', () => undefined, {}, 'server must have a function listen(), but is undefined'],
    ['an object that is none', () => ({}), {}, 'server must have a function listen()'],
    ['an unknown option', () => net.createServer(), { port: 80 }, 'options.port is not an option'],
    ['a wrong backlog', () => net.createServer(), { backlog: 0 }, 'options.backlog'],
    ['a wrong host', () => net.createServer(), { host: '' }, 'options.host'],
    ['a wrong signal', () => net.createServer(), { signal: {} }, 'signal'],
    ['no options', () => net.createServer(), null, 'options must be an object'],
    [
      'an address of another machine',
      () => net.createServer(),
      { host: '192.0.2.1' },
      'EADDRNOTAVAIL',
    ],
    [
      'a server that throws',
      () => ({
        listen() {
          throw new Error('on purpose')
        },
      }),
      {},
      'on purpose',
    ],
    [
      'a server that rejects',
      () => ({ listen: () => Promise.reject(new Error('on purpose')) }),
      { host: '127.0.0.1' },
      'on purpose',
    ],
  ])('rejects %s, and the port is free again', async (_what, server, options, message) => {
    const one = lease('lease')
    await expect(one.listen(server() as net.Server, options as object)).rejects.toThrow(message)
    expect(one.released).toBe(true)
    expect(api.isFree(one.port)).toBe(true)
  })

  test('rejects when another program listens first', async () => {
    const one = lease('lease')
    await whileListening({ port: one.port }, async () => {
      await expect(one.listen(net.createServer())).rejects.toMatchObject({
        name: 'Port4meError',
        code: 'ERR_SYSTEM',
        errno: 'EADDRINUSE',
        syscall: 'listen',
        message: expect.stringContaining(
          `${ERRORS_NAME_HOLDERS ? `this process (${process.pid})` : 'another program'} listens on port ${one.port}, which is leased: listen EADDRINUSE`,
        ),
      })
      expect(one.released).toBe(true)
    })
    expect(api.isFree(one.port)).toBe(true)
  })

  test('rejects a server that is closed before it listens', async () => {
    const one = lease('lease')
    const server = net.createServer()
    const listening = one.listen(server, { host: 'localhost' })
    server.close()
    server.emit('close')
    await expect(listening).rejects.toMatchObject({
      name: 'Port4meError',
      code: 'ERR_LEASE_RELEASED',
      message: 'the server was closed before it listened',
    })
    expect(one.released).toBe(true)
  })

  test('rejects with the reason of a signal that is aborted before the server listens', async () => {
    const one = lease('lease')
    const controller = new AbortController()
    const { signal } = controller
    const listening = one.listen(net.createServer(), { host: 'localhost', signal })
    controller.abort('on purpose')
    await expect(listening).rejects.toBe('on purpose')
    expect(one.released).toBe(true)
    expect(api.isFree(one.port)).toBe(true)
  })

  test.each([
    ['closed', {}, (server: net.Server) => server.close()],
    ['closed', { host: 'localhost' }, (server: net.Server) => server.close()],
    ['aborted', {}, () => 'abort'],
    ['aborted', { host: 'localhost' }, () => 'abort'],
  ])(
    'a server that is %s right after the call, with %j, does not listen',
    async (_what, options, end) => {
      const makers: (() => net.Server)[] = [net.createServer, http.createServer, http2.createServer]
      for (const make of makers) {
        const one = lease('lease')
        const server = make()
        const controller = new AbortController()
        let listened = 0
        server.on('listening', () => listened++)
        const listening = one.listen(server, { ...options, signal: controller.signal })
        if (end(server) === 'abort') {
          controller.abort(null)
          await expect(listening).rejects.toBe(null)
        } else {
          await expect(listening).rejects.toMatchObject({ code: 'ERR_LEASE_RELEASED' })
        }
        expect(server.listening).toBe(false)
        expect(listened).toBe(0)
        expect(api.isFree(one.port)).toBe(true)
      }
    },
  )

  test.each([{}, { host: 'localhost' }])(
    'with %j, resolves with the server after its listening event',
    async (options) => {
      const looksUp = (server: net.Server) => ({
        async listen({ port }: net.ListenOptions) {
          return server.listen({ port, host: 'localhost' })
        },
      })
      const asynchronous = (server: net.Server) => ({
        listen: async (...args: Parameters<net.Server['listen']>) => server.listen(...args),
      })
      for (const make of [(server: net.Server) => server, asynchronous, looksUp]) {
        const one = lease('lease')
        const server = opening(net.createServer())
        let listened = 0
        server.on('listening', () => listened++)
        await one.listen(make(server), options)
        expect(listened).toBe(1)
        expect(server.address()).toMatchObject({ port: one.port })
      }
    },
  )

  test('a signal ends the wait for a server that never listens', async () => {
    const one = lease('lease')
    const controller = new AbortController()
    const listening = one.listen(
      { listen: () => new Promise(() => {}) },
      { signal: controller.signal },
    )
    controller.abort('on purpose')
    await expect(listening).rejects.toBe('on purpose')
    expect(api.isFree(one.port)).toBe(true)
  })

  test('a server that was just closed listens again', async () => {
    const server = opening(net.createServer())
    await lease('lease').listen(server)
    const one = lease('lease')
    server.close()
    await one.listen(server)
    expect(server.address()).toMatchObject({ port: one.port })
  })

  test('no listener stays on a signal, whether it closed a server or not', async () => {
    const { signal } = new AbortController()
    let listeners = 0
    const counted = {
      get aborted() {
        return signal.aborted
      },
      throwIfAborted: () => signal.throwIfAborted(),
      addEventListener: () => listeners++,
      removeEventListener: () => listeners--,
    }
    const server = opening(net.createServer())
    await lease('lease').listen(server, { signal: counted })
    expect(listeners).toBe(1)
    await close(server)
    expect(listeners).toBe(0)
    await expect(
      lease('lease').listen(
        {
          listen() {
            throw new Error('on purpose')
          },
        },
        { signal: counted },
      ),
    ).rejects.toThrow('on purpose')
    expect(listeners).toBe(0)
  })

  test('rejects when the lease is over, and says so', async () => {
    const one = lease('lease')
    one.release()
    await expect(one.listen(net.createServer())).rejects.toMatchObject({
      code: 'ERR_LEASE_RELEASED',
      message: `the lease of port ${one.port} is over: it was released`,
    })
    const two = lease('lease')
    const server = opening(net.createServer())
    const [first, second] = await Promise.allSettled([two.listen(server), two.listen(server)])
    expect(first.status).toBe('fulfilled')
    expect(second).toMatchObject({
      reason: { message: `the lease of port ${two.port} is over: a server was given the port` },
    })
    await expect(two.listen(server)).rejects.toMatchObject({ code: 'ERR_LEASE_RELEASED' })
  })

  test('a release while a server starts to listen does no harm', async () => {
    for (const options of [{}, { host: 'localhost' }]) {
      const one = lease('lease')
      const server = opening(net.createServer())
      const listening = one.listen(server, options)
      one.release()
      expect(() => api.leasePort({ include: one.port })).toThrow('no free port')
      await listening
      expect(server.address()).toMatchObject({ port: one.port })
      await close(server)
      expect(api.isFree(one.port)).toBe(true)
    }
  })

  test('rejects for a lease of UDP only', async () => {
    const one = lease({ tool: 'lease', protocol: 'udp' })
    await expect(one.listen(net.createServer())).rejects.toThrow(
      `a server needs TCP, but port ${one.port} is leased for UDP only`,
    )
  })

  test('closes each descriptor exactly once', () => {
    // The descriptor number of a closed server is soon used again.
    const [leases, listens] = process.env.PORT4ME_ENGINE === 'native' ? [10000, 1000] : [1000, 200]
    const answer = script(`
      const { readdirSync } = require('node:fs'); const net = require('node:net')
      const { once } = require('node:events')
      const count = () => readdirSync('/proc/self/fd').length
      for (const warm of [1, 2]) { const l = port4me.leasePort('d'); const s = await l.listen(net.createServer()); s.close(); await once(s, 'close') }
      const before = count()
      const other = net.createServer(); await once(other.listen(0), 'listening')
      for (let i = 0; i < ${leases}; i++) port4me.leasePort('d').release()
      const leased = count()
      for (let i = 0; i < ${listens}; i++) {
        const lease = port4me.leasePort('d'); const server = net.createServer()
        if (i % 3 === 0) lease.listen(server).then(() => server.close())
        else { await lease.listen(server); server.close() }
        if (i % 2 === 0) lease.release()
        await once(server, 'close')
        lease.release()
      }
      const client = net.connect(other.address().port); await once(client, 'connect'); client.destroy()
      other.close(); await once(other, 'close')
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
      return [leased - before, count() - before, port4me.isFreeTcp(port4me.port4me('d'))]`)
    expect(answer).toEqual([1, 0, true])
  })
})

test('a lease does not keep the process alive', () => {
  script('port4me.leasePort("alive"); return 0')
})

/** The open sockets of this process. */
function sockets(): string[] {
  return readdirSync('/proc/self/fd')
    .flatMap((descriptor) => {
      try {
        const link = readlinkSync(`/proc/self/fd/${descriptor}`)
        return link.startsWith('socket:') ? [link] : []
      } catch {
        return []
      }
    })
    .sort()
}

describe('each descriptor is closed exactly once, and nothing listens that did not listen before', () => {
  const settle = () => new Promise((resolve) => setImmediate(resolve))
  let before: string[]
  beforeEach(async () => {
    const first = lease('lease')
    await close(await first.listen(net.createServer())) // opens the descriptors that each process opens once
    await settle()
    before = sockets()
  })

  test.each([
    [
      'that rejects',
      () => ({ listen: async () => Promise.reject(new Error('on purpose')) }),
      'on purpose',
    ],
    ['that rejects with nothing', () => ({ listen: async () => Promise.reject() }), undefined],
    [
      'that listens on another port',
      () => ({ listen: () => net.createServer().listen(0) }),
      'which its listen() was given, but does not',
    ],
    [
      'that listens on another port, later',
      () => ({ listen: async () => net.createServer().listen({ port: 0, host: 'localhost' }) }),
      'which its listen() was given, but does not',
    ],
    [
      'that does nothing',
      () => ({ listen: () => 0 }),
      'which its listen() was given, but does not',
    ],
    [
      'that does nothing, later',
      () => ({ listen: async (where: unknown) => where }),
      'which its listen() was given, but does not',
    ],
    [
      'that throws although it listens',
      () => {
        const server = net.createServer()
        return {
          get listening() {
            return server.listening
          },
          close: () => server.close(),
          listen(where: net.ListenOptions) {
            server.listen(where)
            throw new Error('on purpose')
          },
        }
      },
      'on purpose',
    ],
  ])('with a server %s', async (_what, server, message) => {
    for (const options of [{}, { host: '127.0.0.1' }]) {
      const one = lease('lease')
      const outcome = one.listen(server() as net.Server, options).catch((error) => ({ error }))
      const { error } = (await outcome) as { error: Error | undefined }
      expect(error?.message).toEqual(
        message === undefined ? undefined : expect.stringContaining(message),
      )
      await settle()
      expect(sockets()).toEqual(before)
      expect(api.isFree(one.port)).toBe(true)
    }
  })

  test('with a server that already listens', async () => {
    const server = opening(net.createServer())
    await once(server.listen(0), 'listening')
    const during = sockets()
    for (const options of [{}, { host: '127.0.0.1' }]) {
      const one = lease('lease')
      await expect(one.listen(server, options)).rejects.toMatchObject({
        code: 'ERR_SERVER_ALREADY_LISTEN',
      })
      await settle()
      expect(sockets()).toEqual(during)
      expect(api.isFree(one.port)).toBe(true)
      expect(server.listening).toBe(true)
    }
    await close(server)
    expect(sockets()).toEqual(before)
  })

  test.each([{}, { host: '127.0.0.1' }])(
    'with a server that gets two leases at the same time, with %j',
    async (options) => {
      const server = opening(net.createServer((socket) => socket.end('served')))
      const [one, two] = [lease('lease'), lease('lease')]
      const outcomes = await Promise.allSettled([
        one.listen(server, options),
        two.listen(server, options),
      ])
      expect(outcomes).toMatchObject([
        { status: 'fulfilled' },
        { reason: { code: 'ERR_SERVER_ALREADY_LISTEN' } },
      ])
      await settle()
      expect(api.isFree(two.port)).toBe(true)
      const [data] = (await once(net.connect(one.port, '127.0.0.1'), 'data')) as [Buffer]
      expect(String(data)).toBe('served')
      await close(server)
      await settle()
      expect(sockets()).toEqual(before)
    },
  )

  test('with an object that creates one server and gets two leases', async () => {
    let server: net.Server | undefined
    const app = {
      listen(where: net.ListenOptions) {
        server ??= opening(net.createServer()).listen(where)
        return server
      },
    }
    const [one, two] = [lease('lease'), lease('lease')]
    await one.listen(app)
    await expect(two.listen(app)).rejects.toThrow('which its listen() was given, but does not')
    expect(server?.address()).toMatchObject({ port: one.port })
    expect(api.isFree(two.port)).toBe(true)
  })
})

describe('a program that listens on a leased port for a while', () => {
  const LISTENER = `
    const server = require('node:net').createServer().listen(Number(process.argv[1]), () => {
      console.log('listening')
      process.stdin.once('data', () => { setTimeout(() => server.close(), Number(process.argv[2])); process.stdin.unref() })
    })`

  test.each([{}, { host: 'localhost' }])(
    'delays listen() with %j, and causes no event of the server',
    async (options) => {
      const one = lease('lease')
      const listener = start(process.execPath, ['-e', LISTENER, String(one.port), '15'])
      expect(await listener.line()).toBe('listening')
      const server = opening(net.createServer())
      const errors: Error[] = []
      server.on('error', (error) => errors.push(error))
      listener.process.stdin?.write('close')
      await one.listen(server, options)
      expect(server.address()).toMatchObject({ port: one.port })
      expect(errors).toEqual([])
      await listener.ended
    },
  )
})

describe.runIf(process.platform === 'linux')('an exclusive lease', () => {
  const binds = async (port: number, host?: string) => {
    const server = opening(net.createServer())
    const listening = once(server.listen({ port, host, exclusive: true }), 'listening')
    const outcome = await listening.then(
      () => 'bound',
      ({ code }) => code,
    )
    await close(server)
    return outcome
  }

  test('keeps out servers that bind its number, which an ordinary lease does not', async () => {
    for (const host of [undefined, '127.0.0.1', '0.0.0.0', '::1']) {
      expect(await binds(lease({ tool: 'lease', exclusive: true }).port, host)).toBe('EADDRINUSE')
      expect(await binds(lease({ tool: 'lease', exclusive: false }).port, host)).toBe('bound')
    }
  })

  test('is passed over by get-port and portfinder, which return another port', async () => {
    const getPort = async (port: number) => {
      clearLockedPorts()
      return (await npmGetPort({ port })) === port
    }
    const portfinder = async (port: number) =>
      (await getPortPromise({ port, stopPort: port }).catch(() => 0)) === port
    for (const handsOut of [getPort, portfinder]) {
      expect(await handsOut(lease({ tool: 'lease', exclusive: true }).port)).toBe(false)
      expect(await handsOut(lease('lease').port)).toBe(true)
    }
  })

  test('is reported as leased by every function', () => {
    const { port } = lease({ tool: 'lease', exclusive: true })
    expect(api.probe(port, { protocol: 'tcp' })[0]?.reason).toBe('leased')
    expect(api.isFreeTcp(port)).toBe(false)
    expect(() => api.leasePort({ include: port, exclusive: true })).toThrow('no free port')
    expect(() => api.leasePort({ include: port })).toThrow('no free port')
  })

  test.each([
    [{}, undefined],
    [{ protocol: 'both' }, undefined],
    [{ host: 'localhost' }, undefined],
    [{ family: 'ipv4' }, undefined],
    [{}, '127.0.0.1'],
    [{}, 'localhost'],
  ] as const)(
    'of %j hands its port over to a server of this process, with host %j',
    async (options, host) => {
      const one = lease({ tool: 'lease', exclusive: true, ...options })
      const server = opening(net.createServer())
      await one.listen(server, { host })
      expect(server.address()).toMatchObject({ port: one.port })
      expect(one.released).toBe(true)
      await close(server)
      expect(api.isFree(one.port)).toBe(true)
    },
  )

  test('can be one of several, and frees the port when it is released', async () => {
    const leases = api.leasePorts(3, { tool: 'lease', exclusive: true })
    taken.push(...leases)
    for (const one of leases) {
      expect(await binds(one.port)).toBe('EADDRINUSE')
      one.release()
      expect(await binds(one.port)).toBe('bound')
    }
  })

  test('is a boolean option, only for leases, whatever else the options inherit', async () => {
    expect(() => api.leasePort({ exclusive: 1 as unknown as boolean })).toThrow('options.exclusive')
    for (const pick of [api.port4me, api.sharedPort]) {
      expect(() => pick({ exclusive: true } as object)).toThrow(
        'options.exclusive is not an option',
      )
    }
    const port = await freePort()
    const options: object = Object.assign(Object.create({ include: port }), { exclusive: true })
    expect(lease(options).port).toBe(port)
  })
})
