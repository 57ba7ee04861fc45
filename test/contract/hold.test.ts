// Holds: each engine respects what it and the other engine hold.

import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type ListenOptions, Server } from 'node:net'
import { describe, expect, test, vi } from 'vitest'
import type { Engine } from '../../binding.js'
import { EVERYWHERE, engines, fallback, portOf, TCP, triesOf } from '../support/engines.js'
import { freePort, whileListening } from '../support/listeners.js'

const NONE = new Uint8Array(8192)

/** A label that no other test has at the same time. */
const newLabel = () => randomBytes(8).toString('hex')

const hold = (
  engine: Engine,
  ports: number[],
  question = TCP,
  host = EVERYWHERE,
  exclusive = false,
) => engine.hold(0, NONE, Uint16Array.from(ports), 0, 65535, question, host, exclusive)

const [UDP, IPV4, IPV6] = [2 + 4 + 8, 1 + 4, 1 + 8]
const BOTH = TCP + 2

/** A verdict of binding.d.ts. */
const LEASED = 4
const [ON_TCP, ON_UDP, ON_IPV4, ON_IPV6] = [8, 16, 32, 64]

const pairs = engines.flatMap((holder) =>
  engines.map((other) => [holder.name, other.name, holder, other] as const),
)

describe.each(pairs)('a port that %s holds, seen by %s', (_holder, _other, holder, other) => {
  test.each([
    ['every address', TCP, EVERYWHERE],
    ['IPv4', IPV4, EVERYWHERE],
    ['IPv6', IPV6, EVERYWHERE],
    ['127.0.0.1', TCP, '127.0.0.1'],
    ['::1', TCP, '::1'],
    ['localhost', TCP, 'localhost'],
    ['TCP and UDP', BOTH, EVERYWHERE],
  ])('is leased on every address when it is held on %s', async (_where, question, host) => {
    const port = await freePort()
    const held = hold(holder, [port], question, host)
    expect(portOf(held.pick)).toBe(port)
    const asked: readonly [question: number, host: string, where: number][] = [
      [TCP, '', ON_TCP + ON_IPV4 + ON_IPV6],
      [IPV4, '', ON_TCP + ON_IPV4],
      [IPV6, '', ON_TCP + ON_IPV6],
      [TCP, '127.0.0.1', ON_TCP + ON_IPV4],
      [TCP, '127.0.0.2', ON_TCP + ON_IPV4],
      [TCP, '::1', ON_TCP + ON_IPV6],
      [TCP, 'localhost', ON_TCP + ON_IPV4 + ON_IPV6],
    ]
    for (const [asking, on, where] of asked) {
      expect([asking, on, other.isFree(port, asking, on)]).toEqual([asking, on, false])
      const ports = Uint16Array.of(port)
      expect([...other.probe(ports, asking, on)]).toEqual([LEASED + where])
      expect([...(await other.probeAsync(ports, asking, on))]).toEqual([LEASED + where])
      expect(portOf(hold(other, [port], asking, on).pick)).toBe(0)
      expect(portOf(other.pick(0, NONE, ports, 0, 9, asking, on))).toBe(0)
    }
    const free = await freePort()
    const next = hold(other, [port, free])
    expect([portOf(next.pick), triesOf(next.pick)]).toEqual([free, 2])
    next.release()
    held.release()
    held.release()
    expect(other.isFree(port, BOTH, EVERYWHERE)).toBe(true)
  })

  test('is leased on UDP only, if only UDP is held', async () => {
    const port = await freePort()
    const held = hold(holder, [port], UDP)
    const ports = Uint16Array.of(port)
    expect(other.isFree(port, TCP, EVERYWHERE)).toBe(true)
    expect(other.isFree(port, UDP, EVERYWHERE)).toBe(false)
    expect([...other.probe(ports, BOTH, EVERYWHERE)]).toEqual([LEASED + ON_UDP + ON_IPV4 + ON_IPV6])
    const tcp = hold(other, [port])
    expect(portOf(tcp.pick)).toBe(port)
    tcp.release()
    held.release()
    expect(other.isFree(port, UDP, EVERYWHERE)).toBe(true)
  })

  test('is leased while a server listens on it', async () => {
    const port = await freePort()
    const held = hold(holder, [port])
    await whileListening({ port }, () => {
      expect([...other.probe(Uint16Array.of(port), TCP, EVERYWHERE)]).toEqual([
        LEASED + ON_TCP + ON_IPV4 + ON_IPV6,
      ])
      held.release()
      expect([...other.probe(Uint16Array.of(port), TCP, EVERYWHERE)]).toEqual([
        3 + ON_TCP + ON_IPV4 + ON_IPV6,
      ])
      expect(portOf(hold(other, [port]).pick)).toBe(0)
    })
    const again = hold(other, [port])
    expect(portOf(again.pick)).toBe(port)
    again.release()
  })

  test.runIf(process.platform === 'linux')(
    'shows its label and its process also when others have looked at it',
    async () => {
      const port = await freePort()
      const label = newLabel()
      const ports = Uint16Array.of(port)
      const held = holder.hold(0, NONE, ports, 0, 1, TCP, EVERYWHERE, false, label)
      // The addon looks at a lock by connecting to its name, which leaves a connection with that name.
      for (const engine of engines)
        expect([...engine.probe(ports, TCP, EVERYWHERE)]).not.toEqual([0])
      const found = other.holders?.(ports, 1, 3, '').sockets ?? []
      const ofPort = found.filter(({ leased }) => leased)
      expect(ofPort.length).toBeGreaterThan(0)
      for (const socket of ofPort) expect(socket).toMatchObject({ label, pids: [process.pid] })
      held.release()
    },
  )

  test.runIf(process.platform === 'linux')('shows its label until it is released', async () => {
    const [port, without] = [await freePort(), await freePort()]
    const label = newLabel()
    const search = (on: number) =>
      [0, NONE, Uint16Array.of(on), 0, 1, BOTH, EVERYWHERE, false] as const
    const held = holder.hold(...search(port), label)
    const unlabelled = holder.hold(...search(without))
    const told = () =>
      (other.holders?.(Uint16Array.of(port, without), 3, 3, '').sockets ?? []).map((socket) => [
        socket.port,
        socket.label,
      ])
    const seen = told()
    expect(seen).toContainEqual([port, label])
    expect(seen).toContainEqual([without, undefined])
    expect(seen.every(([on, its]) => its === (on === port ? label : undefined))).toBe(true)
    held.release()
    unlabelled.release()
    expect(told()).toEqual([])
    const again = holder.hold(...search(port), label)
    expect(portOf(again.pick)).toBe(port)
    again.release()
  })

  test.runIf(process.platform === 'linux')('has its label alone', async () => {
    const [port, next] = [await freePort(), await freePort()]
    const label = newLabel()
    const search = (on: number) =>
      [0, NONE, Uint16Array.of(on), 0, 1, TCP, EVERYWHERE, false] as const
    const held = holder.hold(...search(port), label)
    expect(portOf(held.pick)).toBe(port)
    for (const engine of engines) {
      expect(portOf(engine.hold(...search(next), label).pick)).toBe(0)
      const ofAnother = engine.hold(...search(next), newLabel())
      expect(portOf(ofAnother.pick)).toBe(next)
      ofAnother.release()
    }
    held.release()
    const again = other.hold(...search(next), label)
    expect(portOf(again.pick)).toBe(next)
    again.release()
  })

  test('is leased when it is held exclusively; servers can be admitted later, other holds cannot', async () => {
    for (const question of [TCP, UDP, BOTH]) {
      const port = await freePort()
      const held = hold(holder, [port], question, EVERYWHERE, true)
      expect(portOf(held.pick)).toBe(port)
      const isHeldOnly = async () => {
        expect(other.isFree(port, question, EVERYWHERE)).toBe(false)
        const [verdict = 0] = await other.probeAsync(Uint16Array.of(port), question, EVERYWHERE)
        expect(verdict & 7).toBe(LEASED)
        expect(portOf(hold(other, [port], question).pick)).toBe(0)
        expect(portOf(hold(other, [port], question, EVERYWHERE, true).pick)).toBe(0)
      }
      await isHeldOnly()
      if (question !== UDP) {
        for (const host of [undefined, '0.0.0.0', '127.0.0.1', '::1']) {
          await expect(whileListening({ port, host }, () => 'listens')).rejects.toThrow(
            'EADDRINUSE',
          )
        }
      }
      if (question !== TCP) expect(await bindsUdp(port)).toBe(false)

      held.admitServers()
      held.admitServers()
      expect(held.isOver).toBe(false)
      if (question !== TCP) expect(await bindsUdp(port)).toBe(true)
      await isHeldOnly()
      if (question !== UDP) await whileListening({ port }, isHeldOnly)
      held.release()
      expect(held.isOver).toBe(true)
      expect(other.isFree(port, question, EVERYWHERE)).toBe(true)
    }
  })
})

/** Whether a UDP socket with SO_REUSEADDR can bind the port. */
async function bindsUdp(port: number): Promise<boolean> {
  const socket = createSocket({ type: 'udp4', reuseAddr: true })
  try {
    socket.bind(port)
    await once(socket, 'listening')
    return true
  } catch {
    return false
  } finally {
    socket.close()
  }
}

describe.each(engines.map((engine) => [engine.name, engine] as const))('%s', (_name, engine) => {
  test('holds nothing when nothing can be held', async () => {
    await whileListening({}, (busy) => {
      const none = hold(engine, [busy])
      expect(none.pick).toBe(65536)
      expect(none.takeListeningDescriptor(511)).toBe(-1)
      none.release()
      expect(hold(engine, []).pick).toBe(0)
    })
  })

  test('an address that is not one of this machine is an error immediately', async () => {
    const port = await freePort()
    for (const host of ['192.0.2.1', '2001:db8::1']) {
      expect(() => hold(engine, [port], TCP, host)).toThrow(
        expect.objectContaining({
          code: 'EADDRNOTAVAIL',
          syscall: expect.any(String),
          ...(engine === fallback && { address: host, port }),
        }),
      )
    }
  })

  test('a hold is over when it is released, and when it found no port', async () => {
    const port = await freePort()
    const held = hold(engine, [port])
    expect(held.isOver).toBe(false)
    held.admitServers()
    expect(held.isOver).toBe(false)
    expect(hold(engine, [port]).isOver).toBe(true)
    held.release()
    expect(held.isOver).toBe(true)
  })

  test('counts tries, and gives up after maxTries', async () => {
    const free = await freePort()
    await whileListening({}, (busy) => {
      const ports = Uint16Array.of(busy, free)
      expect(engine.hold(0, NONE, ports, 0, 1, TCP, EVERYWHERE, false).pick).toBe(65536)
      const held = engine.hold(0, NONE, ports, 1, 1, TCP, EVERYWHERE, false)
      expect(held.pick).toBe(65536 + free)
      held.release()
    })
  })

  test('a hold that nothing refers to is released', async () => {
    const port = await freePort()
    expect(portOf(hold(engine, [port]).pick)).toBe(port)
    expect(globalThis.gc).toBeTypeOf('function')
    await expect
      .poll(
        () => {
          globalThis.gc?.()
          return engine.isFree(port, TCP, EVERYWHERE)
        },
        { timeout: 20_000 },
      )
      .toBe(true)
  })
})

test('the TypeScript engine does not listen on a leased port to probe it', async () => {
  const port = await freePort()
  const held = hold(fallback, [port])
  const listen = vi.spyOn(Server.prototype, 'listen')
  try {
    const ports = Uint16Array.of(port)
    for (const question of [TCP, IPV4, IPV6, BOTH]) {
      for (const host of [EVERYWHERE, ...(question === IPV6 ? ['::1'] : ['127.0.0.1'])]) {
        expect(fallback.isFree(port, question, host)).toBe(false)
        expect(portOf(fallback.pick(0, NONE, ports, 0, 9, question, host))).toBe(0)
        expect(portOf(await fallback.pickAsync(0, NONE, ports, 0, 9, question, host))).toBe(0)
        const [verdict = 0] = await fallback.probeAsync(ports, question, host)
        expect(verdict & 7).toBe(LEASED)
      }
    }
    const listened = listen.mock.calls.map(([where]) => (where as unknown as ListenOptions).port)
    expect(listened).not.toContain(port)
  } finally {
    listen.mockRestore()
    held.release()
  }
})

test('the descriptor that the addon returns listens, and its new owner closes it', async () => {
  const [native] = engines
  if (native === undefined) throw new Error('no engine')
  const port = await freePort()
  const held = hold(native, [port])
  const fd = held.takeListeningDescriptor(511)
  expect(fd).toBeGreaterThan(2)
  expect(held.takeListeningDescriptor(511)).toBe(-1)
  held.release()
  const server = createServer()
  await new Promise<void>((resolve) => server.listen({ fd }, resolve))
  expect(server.address()).toMatchObject({ port })
  expect(native.isFree(port, TCP, EVERYWHERE)).toBe(false)
  await new Promise((resolve) => server.close(resolve))
  expect(native.isFree(port, TCP, EVERYWHERE)).toBe(true)
})
