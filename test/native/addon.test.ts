// Tests behaviour that only the addon has.

import { once } from 'node:events'
import { connect, createServer, type Server } from 'node:net'
import { describe, expect, test } from 'vitest'
import type { Hold } from '../../binding.js'
import { EVERYWHERE, native, portOf, TCP } from '../support/engines.js'
import { freePort } from '../support/listeners.js'

const NONE = new Uint8Array(8192)
const UDP = TCP - 1 + 2

function hold(port: number, exclusive: boolean, question = TCP, host = EVERYWHERE): Hold {
  const held = native.hold(0, NONE, Uint16Array.of(port), 0, 1, question, host, exclusive)
  expect(portOf(held.pick)).toBe(port)
  return held
}

/** Whether a server of Node.js, which sets SO_REUSEADDR, can listen on the port. */
async function serves(port: number): Promise<boolean> {
  const server = createServer().listen(port)
  try {
    await once(server, 'listening')
    server.close()
    await once(server, 'close')
    return true
  } catch (error) {
    expect(error).toMatchObject({ code: 'EADDRINUSE' })
    return false
  }
}

describe('a port that is held exclusively', () => {
  test('cannot be bound by servers until they are admitted, and never by other holds', async () => {
    const port = await freePort()
    const held = hold(port, true)
    expect(await serves(port)).toBe(false)
    held.admitServers()
    expect(await serves(port)).toBe(true)
    const other = native.hold(0, NONE, Uint16Array.of(port), 0, 1, TCP, EVERYWHERE, true)
    expect(portOf(other.pick)).toBe(0)
    expect(held.isOver).toBe(false)
    held.release()
    expect(native.isFree(port, TCP, EVERYWHERE)).toBe(true)
  })

  test('is leased according to probes', async () => {
    const port = await freePort()
    const held = hold(port, true, TCP + 2)
    // binding.d.ts: leased, refused by TCP, UDP, IPv4 and IPv6.
    expect([...native.probe(Uint16Array.of(port), TCP + 2, EVERYWHERE)]).toEqual([
      4 + 8 + 16 + 32 + 64,
    ])
    expect(native.isFree(port, UDP, EVERYWHERE)).toBe(false)
    held.release()
  })

  test.each([true, false])(
    'or not (exclusive: %s), and then served, is free again in TIME_WAIT',
    async (exclusive) => {
      const port = await freePort()
      const held = hold(port, exclusive)
      const server = await listen(held)
      const client = connect(port, '127.0.0.1')
      const [connection] = await once(server, 'connection')
      connection.end() // the side that closes first has TIME_WAIT
      client.resume()
      await once(client, 'end')
      client.end()
      await once(connection, 'close')
      server.close()
      await once(server, 'close')
      held.release()
      expect(native.isFree(port, TCP + 16, EVERYWHERE)).toBe(false)
      expect(native.isFree(port, TCP, EVERYWHERE)).toBe(true)
      expect(await serves(port)).toBe(true)
    },
  )
})

async function listen(held: Hold): Promise<Server> {
  const server = createServer().listen({ fd: held.takeListeningDescriptor(511) })
  await once(server, 'listening')
  return server
}

describe('takeListeningDescriptor()', () => {
  test('returns -1 when there is no TCP socket, or more than one, or none any more', async () => {
    const port = await freePort()
    for (const [question, host] of [
      [UDP, EVERYWHERE],
      [TCP, 'localhost'],
    ] as const) {
      const held = hold(port, false, question, host)
      expect(held.takeListeningDescriptor(1)).toBe(-1)
      held.release()
    }
    const held = hold(port, false)
    held.release()
    expect(held.takeListeningDescriptor(1)).toBe(-1)
  })

  test('returns the socket once, and keeps the rest of the hold', async () => {
    const port = await freePort()
    const held = hold(port, false, TCP + 2)
    const server = await listen(held)
    expect(held.takeListeningDescriptor(1)).toBe(-1)
    expect(held.isOver).toBe(false)
    server.close()
    await once(server, 'close')
    expect(native.isFree(port, UDP, EVERYWHERE)).toBe(false)
    held.release()
    expect(native.isFree(port, TCP + 2, EVERYWHERE)).toBe(true)
  })

  test('throws when another program listens for longer, and then still holds the port', async () => {
    const port = await freePort()
    const held = hold(port, false)
    const other = createServer().listen(port)
    await once(other, 'listening')
    const before = performance.now()
    expect(() => held.takeListeningDescriptor(1)).toThrow(
      expect.objectContaining({ code: 'EADDRINUSE', syscall: 'listen' }),
    )
    expect(performance.now() - before).toBeGreaterThan(39)
    other.close()
    await once(other, 'close')
    expect(native.isFree(port, TCP, EVERYWHERE)).toBe(false)
    const server = await listen(held)
    server.close()
    held.release()
  })
})

test('an error names the address and the port that were asked about', () => {
  const address = '192.0.2.1' // RFC 5737: no machine has it
  const error = expect.objectContaining({
    code: 'EADDRNOTAVAIL',
    syscall: 'bind',
    address,
    port: 8123,
  })
  expect(() => native.isFree(8123, TCP, address)).toThrow(error)
  expect(() => native.probe(Uint16Array.of(8123), TCP, address)).toThrow(error)
  expect(() => native.hold(0, NONE, Uint16Array.of(8123), 0, 1, TCP, address, false)).toThrow(error)
  expect(() => native.ephemeralPort(TCP, address)).toThrow(
    expect.objectContaining({ code: 'EADDRNOTAVAIL', address }),
  )
})
