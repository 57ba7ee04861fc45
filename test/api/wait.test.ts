// waitForPort(). The connections go to servers of this process, of child processes, or of a network namespace.

import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { freePort, whileListening } from '../support/listeners.js'
import { port4me } from '../support/package.js'
import { start } from '../support/processes.js'
import { OWN_NETWORK, script } from '../support/run.js'

const { waitForPort } = port4me

/** Returns how long a promise took to settle, in milliseconds, and its error. */
async function timed(promise: Promise<unknown>): Promise<{ ms: number; error: unknown }> {
  const begin = performance.now()
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  return { ms: performance.now() - begin, error }
}

describe('until something accepts connections', () => {
  test.each([{}, { host: '0.0.0.0' }, { host: '127.0.0.1' }, { host: '::1' }])(
    'resolves if a server listens on %j',
    async (where) => {
      await whileListening(where, async (port) => {
        expect(await waitForPort(port, { timeout: 5000 })).toBeUndefined()
        const host = where.host ?? '127.0.0.1'
        await waitForPort(port, { timeout: 5000, host })
        await waitForPort(port, { timeout: 5000, host: 'LocalHost', free: false })
      })
    },
  )

  test('resolves soon after the server listens', async () => {
    const port = await freePort()
    let isOpen = false
    const waiting = waitForPort(port, { timeout: 20_000 }).then(() => isOpen)
    await new Promise((resolve) => setTimeout(resolve, 150))
    const server = createServer().listen(port)
    await once(server, 'listening')
    isOpen = true
    const { ms } = await timed(waiting)
    expect(await waiting).toBe(true)
    expect(ms).toBeLessThan(1000) // the longest pause is 100 ms, and the machine may be busy
    server.close()
  })

  test('connects only to the host', async () => {
    await whileListening({ host: '127.0.0.1' }, async (port) => {
      await expect(waitForPort(port, { host: '::1', timeout: 50 })).rejects.toMatchObject({
        code: 'ERR_TIMEOUT',
        message: `port ${port} of "::1" accepts no connections after 0.05 s: connect ECONNREFUSED ::1:${port}`,
      })
    })
  })

  test('after the timeout, rejects with what it waited for and the last failure', async () => {
    const port = await freePort()
    const { ms, error } = await timed(waitForPort(port, { timeout: 300 }))
    expect(error).toBeInstanceOf(port4me.Port4meError)
    expect(error).toMatchObject({
      code: 'ERR_TIMEOUT',
      message: `port ${port} accepts no connections after 0.3 s: connect ECONNREFUSED 127.0.0.1:${port}`,
    })
    // A timer of Node.js counts from the begin of the turn of the event loop.
    expect(ms).toBeGreaterThanOrEqual(250)
  })

  test('ends its connection with FIN, even if the server sends something at once and goes on', async () => {
    const events: string[] = []
    const sockets: Socket[] = []
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      sockets.push(socket)
      socket.on('error', ({ message }) => events.push(message))
      socket.on('end', () => events.push('end'))
      socket.write('220 hello\r\n'.repeat(10_000))
      socket.resume()
    }).listen(0)
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    await waitForPort(port, { host: '127.0.0.1' })
    await vi.waitUntil(() => events.length > 0)
    sockets[0]?.end('221 goodbye\r\n')
    await once(sockets[0] as Socket, 'close')
    expect(events).toEqual(['end'])
    expect(sockets.length).toBe(1)
    server.close()
  })

  test('gives up a connection without an answer after a second, and tries again', async () => {
    // While a process is stopped, the system completes connections until the backlog is full. Then it drops SYN:
    // listen(2), tcp(7).
    const code = `const server = require('node:net').createServer().listen(
      { port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port))`
    const server = start(process.execPath, ['-e', code])
    const port = Number(await server.line())
    server.process.kill('SIGSTOP')
    const fill = `const net = require('node:net'); let last
      const more = () => {
        const timer = setTimeout(() => console.log('full'), 300)
        net.connect(${port}, '127.0.0.1', () => { clearTimeout(timer); more() }).on('error', () => {})
      }
      more()`
    const filler = start(process.execPath, ['-e', fill])
    expect(await filler.line()).toBe('full')
    const options = { host: '127.0.0.1', timeout: 1300 }
    await expect(waitForPort(port, options)).rejects.toThrow(
      `port ${port} of "127.0.0.1" accepts no connections after 1.3 s: connect to 127.0.0.1:${port}: no answer within 1000 ms`,
    )
    await expect(waitForPort(port, { ...options, timeout: 100 })).rejects.toThrow(
      'after 0.1 s: there was no answer',
    )
    const waiting = waitForPort(port, { host: '127.0.0.1', timeout: 30_000 })
    server.process.kill('SIGCONT')
    await waiting
    await filler.kill('SIGKILL')
    await server.kill('SIGKILL')
  })

  test('does not take a connection to itself for a server', () => {
    // The system has only two ports to choose from for the connection, and one of them is the port itself.
    const range = 'echo 40000 40001 > /proc/sys/net/ipv4/ip_local_port_range'
    const before = [...OWN_NETWORK, 'sh', '-c', `ip link set lo up && ${range} && exec "$@"`, 'sh']
    const connects = `
      const net = require('node:net')
      return new Promise((resolve) => {
        const socket = net.connect(40000, '127.0.0.1')
        socket.on('error', ({ code }) => resolve(code))
        socket.on('connect', () => {
          resolve(socket.localPort === socket.remotePort ? 'to itself' : 'to another')
          socket.destroy()
        })
      })`
    expect(script(connects, { before })).toBe('to itself')
    const waits = `
      return port4me.waitForPort(40000, { host: '127.0.0.1', timeout: 1000 }).catch((e) => e.code)`
    expect(script(waits, { before })).toBe('ERR_TIMEOUT')
  })
})

describe('until the port is free', () => {
  test('resolves when the server is closed', async () => {
    const server = createServer().listen(0)
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    let isFree = false
    const waiting = waitForPort(port, { free: true, timeout: 20_000 }).then(() => isFree)
    await new Promise((resolve) => setTimeout(resolve, 100))
    isFree = true
    server.close()
    expect(await waiting).toBe(true)
    expect(port4me.isFreeTcp(port)).toBe(true)
  })

  test('resolves at once if it is free, on one host too', async () => {
    await whileListening({ host: '127.0.0.1' }, async (port) => {
      await waitForPort(port, { free: true, host: '::1', timeout: 5000 })
      for (const host of [undefined, '127.0.0.1', 'localhost']) {
        await expect(waitForPort(port, { free: true, host, timeout: 50 })).rejects.toMatchObject({
          code: 'ERR_TIMEOUT',
          message: `port ${port}${host ? ` of "${host}"` : ''} is not free after 0.05 s: it is in use, on IPv4`,
        })
      }
    })
  })

  test('a leased port is not free, and is free when the lease is released', async () => {
    using lease = port4me.leasePort('wait')
    const { port } = lease
    await expect(waitForPort(port, { free: true, timeout: 50 })).rejects.toThrow(
      process.platform === 'linux' ? `port ${port} is not free after 0.05 s: it is leased` : '',
    )
    const waiting = waitForPort(port, { free: true, timeout: 20_000 })
    lease.release()
    await waiting
  })

  test('UDP does not matter', async () => {
    using lease = port4me.leasePort({ tool: 'wait', protocol: 'udp' })
    await waitForPort(lease.port, { free: true, timeout: 5000 })
  })
})

describe('a signal', () => {
  test.each([
    ['a port that nobody has', { free: false }],
    ['a port that is taken', { free: true }],
  ])('that is aborted ends the wait for %s with its reason', async (_what, { free }) => {
    const wait = async (port: number) => {
      const reason = new Error('enough')
      const before = waitForPort(port, { free, signal: AbortSignal.abort(reason) })
      await expect(before).rejects.toBe(reason)
      const controller = new AbortController()
      const { signal } = controller
      const waiting = waitForPort(port, { free, signal, timeout: 60_000 })
      setTimeout(() => controller.abort(reason), 30)
      const { ms, error } = await timed(waiting)
      expect(error).toBe(reason)
      expect(ms).toBeLessThan(5000)
    }
    if (free) await whileListening({}, wait)
    else await wait(await freePort())
  })

  test('that is aborted later changes nothing', async () => {
    const controller = new AbortController()
    await whileListening({}, (port) => waitForPort(port, { signal: controller.signal }))
    controller.abort()
  })
})

describe('failures that waiting does not heal reject at once', () => {
  const caught = (call: string, prepare = '') => `${prepare}
    const begin = performance.now()
    const { code, errno, syscall } = await ${call}.catch((e) => e)
    return { code, errno, syscall, isQuick: performance.now() - begin < 20_000 }`

  test.each(['', 'free: true, '])('no file descriptor is left, with {%s}', (free) => {
    const exhaust = `const fs = require('node:fs'); const held = []
      await port4me.waitForPort(54321, { ${free}timeout: 1 }).catch(() => {})
      try { for (;;) held.push(fs.openSync('/dev/null')) } catch {}
      process.on('exit', () => held.forEach((fd) => fs.closeSync(fd)))`
    const call = `port4me.waitForPort(54321, { ${free}timeout: 60_000 })`
    const before = ['sh', '-c', 'ulimit -n 64; exec "$@"', 'sh']
    expect(script(caught(call, exhaust), { before })).toEqual({
      code: 'ERR_SYSTEM',
      errno: 'EMFILE',
      syscall: expect.any(String),
      isQuick: true,
    })
  })

  describe('a host', () => {
    /** Runs a script in a network namespace, where names are looked up in one way: nsswitch.conf(5). */
    const lookingUpIn = (way: string) => ({
      before: [
        ...[...OWN_NETWORK, '-m', 'sh', '-c'],
        `folder=$(mktemp -d) && echo 'hosts: ${way}' > "$folder/n" && echo 'nameserver 127.0.0.1' > "$folder/r" &&
        mount --bind "$folder/n" /etc/nsswitch.conf && mount --bind "$folder/r" /etc/resolv.conf && exec "$@"`,
        'sh',
      ],
    })
    const call = (timeout: number) =>
      `port4me.waitForPort(80, { host: 'no-such-host.invalid', timeout: ${timeout} })`

    test('is not found', () => {
      expect(script(caught(call(60_000)), lookingUpIn('files'))).toEqual({
        code: 'ERR_SYSTEM',
        errno: 'ENOTFOUND',
        syscall: 'getaddrinfo',
        isQuick: true,
      })
    })

    test.each(['constructor', '__proto__'])('is named %s', async (host) => {
      await expect(waitForPort(80, { host, timeout: 500 })).rejects.toMatchObject({
        code: expect.stringMatching(/^ERR_(SYSTEM|TIMEOUT)$/),
      })
    })

    test('is tried again if no name server answers', () => {
      const message = `return ${call(500)}.catch(({ message }) => message)`
      expect(script(message, lookingUpIn('dns'))).toBe(
        'port 80 of "no-such-host.invalid" accepts no connections after 0.5 s: getaddrinfo EAI_AGAIN no-such-host.invalid',
      )
    })
  })

  test('the system denies the port', () => {
    const call = 'port4me.waitForPort(80, { free: true, timeout: 60_000 })'
    const before = [
      ...[...OWN_NETWORK, 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'],
      ...['setpriv', '--bounding-set=-all', '--inh-caps=-all', '--reuid=65534'],
    ]
    const message = `return port4me.waitForPort(80, { free: true }).catch(({ code, message }) => [code, message])`
    expect(script(caught(call), { before })).toMatchObject({ code: 'ERR_SYSTEM', isQuick: true })
    expect(script(message, { before })).toEqual([
      'ERR_SYSTEM',
      'the system denies port 80: it needs privileges, or a policy reserves it',
    ])
  })
})

describe('the process', () => {
  test('lives while it waits, and ends when the wait has ended', async () => {
    // The server goes on after the connection is closed, and so does the timeout.
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => {})
      const timer = setInterval(() => socket.write('more'), 20)
      socket.on('close', () => clearInterval(timer))
    }).listen(0)
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const body = `const begin = performance.now()
      await port4me.waitForPort(${port}, { timeout: 60_000, signal: new AbortController().signal })
      return performance.now() - begin`
    const waiter = start(process.execPath, [
      '-e',
      `const port4me = require('./'); (async () => { ${body} })().then(() => console.log('reached'))`,
    ])
    expect(await waiter.line()).toBe('reached')
    const { ms } = await timed(waiter.ended)
    expect(await waiter.ended).toBe(0)
    expect(ms).toBeLessThan(5000)
    server.close()
  })
})

describe('fake timers', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  test('do not stop it', async () => {
    const port = await freePort()
    vi.useFakeTimers()
    await expect(waitForPort(port, { timeout: 100 })).rejects.toMatchObject({ code: 'ERR_TIMEOUT' })
    const server = createServer()
    const waiting = waitForPort(port, { timeout: 20_000 })
    server.listen(port)
    await waiting
    server.close()
    await waitForPort(port, { free: true, timeout: 20_000 })
  })
})

test.each([
  [[0], 'ERR_OUT_OF_RANGE', 'port must be an integer from 1 to 65535, not 0'],
  [['80'], 'ERR_INVALID_ARG_TYPE', 'port must be an integer from 1 to 65535, not "80"'],
  [[80, null], 'ERR_INVALID_ARG_TYPE', 'options must be an object, not null'],
  [[80, 5000], 'ERR_INVALID_ARG_TYPE', 'options must be an object, not 5000'],
  [
    [80, { time: 1 }],
    'ERR_INVALID_ARG_VALUE',
    'options.time is not an option; the options are host, free, timeout, signal',
  ],
  [[80, { timeout: 0 }], 'ERR_OUT_OF_RANGE', 'options.timeout must be an integer from 1 to'],
  [[80, { timeout: 1.5 }], 'ERR_OUT_OF_RANGE', 'options.timeout must be an integer from 1 to'],
  [[80, { timeout: Infinity }], 'ERR_OUT_OF_RANGE', 'options.timeout must be an integer from 1 to'],
  [[80, { host: '' }], 'ERR_INVALID_ARG_VALUE', 'options.host must not be empty'],
  [[80, { host: 5 }], 'ERR_INVALID_ARG_TYPE', 'options.host must be a string'],
  [
    [80, { host: 'example.org', free: true }],
    'ERR_INVALID_ARG_VALUE',
    'options.host must be an IP literal or "localhost", not "example.org"',
  ],
  [[80, { free: 'yes' }], 'ERR_INVALID_ARG_TYPE', 'options.free must be true or false'],
  [[80, { signal: {} }], 'ERR_INVALID_ARG_TYPE', 'options.signal must be an AbortSignal'],
])('waitForPort(...%j) rejects with %s: %s', async (args, code, message) => {
  const wait = waitForPort as (...args: readonly unknown[]) => Promise<void>
  await expect(wait(...args)).rejects.toMatchObject({
    code,
    message: expect.stringContaining(message),
  })
})
