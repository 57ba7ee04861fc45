// The behaviour that openport's own tests and its documentation require.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { freePort, freePorts, whileListening, whileListeningOn } from '../support/listeners.js'
import { port4me as api } from '../support/package.js'
import { script } from '../support/run.js'

const {
  isFree,
  isFreeTcp,
  isFreeUdp,
  pickRandomUnusedPort,
  pickUnusedPort,
  PortReservation,
  portRange,
} = api

async function whileBoundUdp<T>(address: string, use: (port: number) => T): Promise<T> {
  const socket = createSocket({
    type: address.includes(':') ? 'udp6' : 'udp4',
    ipv6Only: address === '::',
  })
  socket.bind(0, address)
  await once(socket, 'listening')
  try {
    return use(socket.address().port)
  } finally {
    socket.close()
  }
}

describe('isFree', () => {
  test.each(['0.0.0.0', '::'])(
    'a TCP listener on %s takes the port from TCP, and so from both',
    async (host) => {
      await whileListening({ host, ipv6Only: true }, (port) => {
        expect([isFreeTcp(port), isFreeUdp(port), isFree(port)]).toEqual([false, true, false])
      })
    },
  )

  test.each(['0.0.0.0', '::'])(
    'a UDP socket on %s takes the port from UDP, and so from both',
    async (host) => {
      await whileBoundUdp(host, (port) => {
        expect([isFreeTcp(port), isFreeUdp(port), isFree(port)]).toEqual([true, false, false])
      })
    },
  )

  test('a port that nothing holds is free', async () => {
    const port = await freePort()
    expect([isFreeTcp(port), isFreeUdp(port), isFree(port)]).toEqual([true, true, true])
  })
})

describe('pickUnusedPort', () => {
  test('stays in the range', () => {
    const port = pickUnusedPort(portRange(15000, 16000)) as number
    expect(port).toBeGreaterThanOrEqual(15000)
    expect(port).toBeLessThan(16000)
  })

  test('returns the first free port, in order', async () => {
    const free = await freePort()
    await whileListeningOn(3, (busy) => {
      expect(pickUnusedPort([...busy, free])).toBe(free)
      expect(pickUnusedPort(busy)).toBeUndefined()
    })
    await whileBoundUdp('0.0.0.0', (port) => {
      expect(pickUnusedPort(portRange(port, port + 1))).toBeUndefined()
      expect(pickUnusedPort([port, free])).toBe(free)
    })
  })

  test('ranges are exclusive by default', async () => {
    expect([...portRange(15000, 15003)]).toEqual([15000, 15001, 15002])
    expect([...portRange(15000, 15003, { inclusive: true })]).toEqual([15000, 15001, 15002, 15003])
    expect([...portRange(65535, 65536)]).toEqual([65535])
    const free = await freePort()
    expect(pickUnusedPort(portRange(free, free))).toBeUndefined()
    expect(pickUnusedPort(portRange(free, free, { inclusive: true }))).toBe(free)
    expect(pickUnusedPort(`${free}-${free}`)).toBe(free)
    expect(pickUnusedPort(portRange(16000, 15000))).toBeUndefined()
  })

  test.each([['foo'], ['9000-8000'], [''], [{}], [null], [70000]])('refuses %o', (range) => {
    expect(() => pickUnusedPort(range as never)).toThrow(
      expect.objectContaining({ name: 'Port4meError' }),
    )
  })

  test.each([
    [0, 5],
    [5, 65537],
    [1.5, 5],
    ['1', 5],
  ])('portRange(%o, %o) is refused', (from, to) => {
    expect(() => portRange(from as number, to)).toThrow(
      expect.objectContaining({ name: 'Port4meError' }),
    )
  })
})

describe('pickRandomUnusedPort', () => {
  test('picks a random port from 15000 to 24999', () => {
    const ports = Array.from({ length: 30 }, () => pickRandomUnusedPort() as number)
    for (const port of ports) {
      expect(port).toBeGreaterThanOrEqual(15000)
      expect(port).toBeLessThanOrEqual(24999)
    }
    expect(new Set(ports).size).toBeGreaterThan(20)
  })

  test('asks the system when these are taken, and gives up when all ports are', () => {
    // In its own network namespace a test can take all of them.
    const body = `
      const { createSocket } = require('node:dgram')
      const hold = (from, to) => { for (let p = from; p <= to; p++) {
        const s = createSocket({ type: 'udp6', lookup: (h, o, done) => done(null, '::', 6) }).bind({ port: p, address: '::', exclusive: true }); s.unref() } }
      hold(15000, 24999)
      const system = port4me.pickRandomUnusedPort()
      hold(40000, 40009)
      return [system >= 40000 && system <= 40009, port4me.pickRandomUnusedPort() ?? null]`
    const narrow =
      'echo 40000 40009 > /proc/sys/net/ipv4/ip_local_port_range; ulimit -n 12000; exec "$@"'
    const before = [
      'unshare',
      ...(process.getuid?.() === 0 ? ['-n'] : ['-rn']),
      'sh',
      '-c',
      narrow,
      'sh',
    ]
    expect(script(body, { before })).toEqual([true, null])
  })
})

describe('PortReservation', () => {
  test('reserves each port only once, until it is released', async () => {
    const reservation = new PortReservation(await freePorts(20))
    const ports = reservation.reservePorts(5)
    expect(ports.length).toBe(5)
    const sixth = reservation.reservePort() as number
    expect(new Set([...ports, sixth]).size).toBe(6)
    for (const port of [...ports, sixth]) {
      expect(reservation.isReserved(port)).toBe(true)
      expect(reservation.isFree(port)).toBe(false)
      expect(isFree(port)).toBe(true) // this isFree() is about the reservation, not the system
    }
    reservation.releasePorts(ports)
    expect(ports.map((port) => reservation.isReserved(port))).toEqual(ports.map(() => false))
    expect(reservation.reservePorts(5)).toEqual(ports)
  })

  test('reserves fewer ports if there are not enough', async () => {
    const range = await freePorts(3)
    const reservation = new PortReservation(range)
    expect(reservation.reservePorts(10)).toEqual(range)
    expect(reservation.reservePort()).toBeUndefined()
    expect(reservation.reservePorts(1)).toEqual([])
    reservation.releasePort(range[1] as number)
    expect(reservation.reservePort()).toBe(range[1])
    expect(new PortReservation(range).reservePorts(0)).toEqual([])
  })

  test('passes over ports that are taken on TCP or UDP', async () => {
    const free = await freePort()
    await whileListeningOn(2, async (busy) => {
      await whileBoundUdp('0.0.0.0', (udp) => {
        expect(new PortReservation([...busy, udp, free]).reservePorts(9)).toEqual([free])
      })
    })
  })

  test('to release a port twice, or one that is not reserved, does no harm', async () => {
    const ports = await freePorts(10)
    const reservation = new PortReservation(ports)
    reservation.releasePort(ports[5] as number)
    const port = reservation.reservePort() as number
    reservation.releasePort(port)
    reservation.releasePort(port)
    reservation.releasePorts([port, 1, 70000])
    expect(reservation.reservePort()).toBe(port)
  })

  test('has the range 15000 to 65534 by default', () => {
    process.env._PORT4ME_CHECK_AVAILABLE_PORTS_ = 'any'
    try {
      const ports = new PortReservation().reservePorts(60000)
      expect([ports[0], ports.at(-1), ports.length]).toEqual([15000, 65534, 50535])
    } finally {
      delete process.env._PORT4ME_CHECK_AVAILABLE_PORTS_
    }
  })

  test('concurrent calls never reserve a port twice', async () => {
    const reservation = new PortReservation('15000-15999')
    const all = await Promise.all(
      Array.from({ length: 20 }, async () => reservation.reservePorts(20)),
    )
    const ports = all.flat()
    expect(new Set(ports).size).toBe(ports.length)
    expect(ports.length).toBe(400)
  })

  test.each([-1, 1.5, '5'])('reservePorts(%o) is refused', (count) => {
    expect(() => new PortReservation().reservePorts(count as never)).toThrow(
      expect.objectContaining({ name: 'Port4meError' }),
    )
  })
})
