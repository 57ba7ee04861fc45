// Leases, by real servers and real processes.

import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import net from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { freePort, whileListening } from '../support/listeners.js'
import { port4me as api } from '../support/package.js'
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
  test('gives the port that port4me gives, and keeps it', () => {
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

  test('is released once, and the port is free at once', async () => {
    const one = lease('lease')
    one.release()
    expect(one.released).toBe(true)
    expect(api.isFree(one.port)).toBe(true)
    const again = lease('lease')
    expect(again.port).toBe(one.port)
    one.release() // no matter whose the port is by now
    expect(api.isFree(again.port)).toBe(false)
    expect(again.released).toBe(false)
  })

  test('is released at the end of a block that uses it', () => {
    const one = lease('lease')
    one[Symbol.dispose]()
    expect(one.released).toBe(true)
    expect(api.isFree(one.port)).toBe(true)
  })

  test('passes over what others have', async () => {
    const next = await freePort()
    await whileListening({ host: '127.0.0.1' }, (busy) => {
      expect(lease({ prepend: [busy, next] }).port).toBe(next)
    })
  })

  test('takes the same options as port4me, but for mustWork', async () => {
    const port = await freePort()
    expect(lease({ include: port, user: 'alice', protocol: 'both', family: 'ipv4' }).port).toBe(
      port,
    )
    expect(() => api.leasePort({ include: port })).toThrow(
      expect.objectContaining({ code: 'ERR_NO_FREE_PORT' }),
    )
    expect(() => api.leasePort({ exclude: '1-65535' })).toThrow(
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

  test('ignores PORT4ME_MUST_WORK and takes real ports where every port counts as free', () => {
    const variables = { PORT4ME_MUST_WORK: '0', _PORT4ME_CHECK_AVAILABLE_PORTS_: 'any' }
    const body = `const [a, b] = [port4me.leasePort('x').port, port4me.leasePort('x').port]
      try { return [a !== b, port4me.leasePort({ include: a })] } catch (e) { return [a !== b, e.code] }`
    expect(script(body, { variables })).toEqual([true, 'ERR_NO_FREE_PORT'])
  })

  test('a port in TIME_WAIT can be leased, as it can be served on', async () => {
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

  test('a port of another network address is leased all the same', () => {
    const one = lease({ tool: 'lease', host: '127.0.0.1' })
    for (const host of ['127.0.0.1', '127.0.0.2', '::1', 'localhost', '::']) {
      expect(api.isFreeTcp(one.port, { host })).toBe(false)
    }
  })
})

describe('leasePorts', () => {
  test('gives the first candidates that are free', async () => {
    const candidates = api.listPorts(6, 'lease several')
    const [first = 0, second = 0, ...rest] = candidates
    await whileListening({ port: second }, () => {
      const leases = api.leasePorts(4, 'lease several')
      taken.push(...leases)
      expect(leases.map(({ port }) => port)).toEqual([first, ...rest.slice(0, 3)])
    })
  })

  test('gives all or none', async () => {
    const ports = [await freePort(), await freePort(), await freePort()]
    const include = ports
    expect(() => api.leasePorts(4, { include })).toThrow(
      'no free port: 4 leases were asked for, but no more than 3 ports could be leased',
    )
    for (const port of ports) expect(api.isFree(port)).toBe(true)
    expect(() => api.leasePorts(3, { include, maxTries: 2 })).toThrow('no more than 2')
    for (const port of ports) expect(api.isFree(port)).toBe(true)
    const leases = api.leasePorts(3, { include })
    taken.push(...leases)
    expect(leases.map(({ port }) => port).sort()).toEqual(ports.sort())
    expect(() => api.leasePorts(1, { include })).toThrow('no free port')
    const prepend = [await freePort(), await freePort()]
    expect(() => api.leasePorts(3, { prepend, exclude: '1-65535' })).toThrow('no more than 2')
    for (const port of prepend) expect(api.isFree(port)).toBe(true)
  })

  test.each([0, -1, 1.5, 65536, '2', undefined, Number.NaN])('refuses %j', (count) => {
    expect(() => api.leasePorts(count as number)).toThrow(
      'count must be an integer from 1 to 65535',
    )
  })
})

/** A certificate of this test alone. */
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

  test('what makes a server when it listens gives that server', async () => {
    const app = {
      listen: (...args: Parameters<net.Server['listen']>) =>
        http.createServer((_request, response) => response.end('app')).listen(...args),
    }
    const one = lease('lease')
    const server = opening(await one.listen(app))
    expect(server.address()).toMatchObject({ port: one.port })
    const later = { listen: async (options: object) => options }
    expect(await lease('lease').listen(later)).toBeTypeOf('object')
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

  test('takes a signal that closes the server', async () => {
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
    ['an unknown option', () => net.createServer(), { port: 80 }, 'options.port is no option'],
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

  test('rejects a server that listens already, and it goes on', async () => {
    const server = opening(net.createServer())
    await once(server.listen(0), 'listening')
    const before = server.address()
    const one = lease('lease')
    await expect(one.listen(server)).rejects.toMatchObject({ code: 'ERR_SERVER_ALREADY_LISTEN' })
    expect(one.released).toBe(true)
    expect(api.isFree(one.port)).toBe(true)
    expect(server.address()).toEqual(before)
  })

  test('rejects a server that somebody was quicker than', async () => {
    const one = lease('lease')
    await whileListening({ port: one.port }, async () => {
      await expect(one.listen(net.createServer())).rejects.toMatchObject({
        name: 'Port4meError',
        code: 'ERR_SYSTEM',
        errno: 'EADDRINUSE',
        syscall: 'listen',
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

  test('rejects once the lease is over, and says so', async () => {
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

  test('a release while a server starts to listen harms neither', async () => {
    const one = lease('lease')
    const server = opening(net.createServer())
    const listening = one.listen(server)
    one.release()
    await listening
    expect(server.address()).toMatchObject({ port: one.port })
    await close(server)
    expect(api.isFree(one.port)).toBe(true)
  })

  test('rejects a lease of UDP, which no server can have', async () => {
    const one = lease({ tool: 'lease', protocol: 'udp' })
    await expect(one.listen(net.createServer())).rejects.toThrow(
      `a server needs TCP, but the lease of port ${one.port} is one of UDP`,
    )
  })

  test('closes no descriptor twice, and loses none', () => {
    // The descriptor of a server that was closed is soon another's.
    const answer = script(`
      const { readdirSync } = require('node:fs'); const net = require('node:net')
      const { once } = require('node:events')
      const count = () => readdirSync('/proc/self/fd').length
      for (const warm of [1, 2]) { const l = port4me.leasePort('d'); const s = await l.listen(net.createServer()); s.close(); await once(s, 'close') }
      const before = count()
      const other = net.createServer(); await once(other.listen(0), 'listening')
      for (let i = 0; i < 10000; i++) port4me.leasePort('d').release()
      const leased = count()
      for (let i = 0; i < 1000; i++) {
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

test('a lease keeps no process alive', () => {
  script('port4me.leasePort("alive"); return 0')
})

describe('a server that does not do as it is told', () => {
  test.each([
    [
      'rejects',
      () => ({ listen: async () => Promise.reject(new Error('on purpose')) }),
      'on purpose',
    ],
    [
      'listens on another port',
      () => ({ listen: () => opening(net.createServer()).listen(0) }),
      'server must listen where its listen() is told',
    ],
    [
      'throws when it listens already',
      () => {
        const server = opening(net.createServer())
        return {
          get listening() {
            return server.listening
          },
          listen(where: net.ListenOptions) {
            server.listen(where)
            throw new Error('on purpose')
          },
        }
      },
      'on purpose',
    ],
  ])('%s: no descriptor is lost or closed twice', async (_what, server, message) => {
    const sockets = () =>
      readdirSync('/proc/self/fd').flatMap((descriptor) => {
        try {
          const link = readlinkSync(`/proc/self/fd/${descriptor}`)
          return link.startsWith('socket:') ? [link] : []
        } catch {
          return []
        }
      })
    lease('lease').release() // what is opened once is open
    const before = sockets()
    const one = lease('lease')
    const given = server()
    await expect(one.listen(given as net.Server)).rejects.toThrow(message)
    await Promise.all(opened.splice(0).map(close))
    expect(sockets()).toEqual(before)
    expect(api.isFree(one.port)).toBe(true)
  })
})
