import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { PortBits } from '../../binding.js'
import { allCodes } from '../../lib/codes.js'
import { portBits } from '../../lib/settings/port-bits.js'
import { EVERYWHERE, engines, fallback, native, portOf, TCP, triesOf } from '../support/engines.js'
import { freePort, whileListening, whileListeningOn } from '../support/listeners.js'

const DEFAULT = portBits(undefined, [])
const ALL = portBits([1, 65535], [])

const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 })
const portNumbers = fc.integer({ min: 1, max: 65535 })
const intervals = fc.array(
  fc.tuple(portNumbers, portNumbers).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const),
  { maxLength: 5 },
)

function fill(
  engine: (typeof engines)[number],
  seed: number,
  bits: PortBits,
  skip: number,
  count: number,
): number[] {
  const out = new Uint16Array(count)
  expect(engine.sequence(seed, bits, skip, out)).toBe(true)
  return [...out]
}

describe.each(engines.map((engine) => [engine.name, engine] as const))(
  '%s engine',
  (_name, engine) => {
    const pick = (
      ports: number[],
      skip = 0,
      maxTries = 65535,
      bits: PortBits = new Uint8Array(8192),
    ) => engine.pick(0, bits, Uint16Array.from(ports), skip, maxTries, TCP, EVERYWHERE)
    const pickAsync = (ports: number[], skip = 0, maxTries = 65535) =>
      engine.pickAsync(
        0,
        new Uint8Array(8192),
        Uint16Array.from(ports),
        skip,
        maxTries,
        TCP,
        EVERYWHERE,
      )

    test('has the codes of lib/codes.ts, each with its name', () => {
      expect(engine.codes()).toEqual(allCodes())
    })

    test('hashcodes equal those of the reference implementations', () => {
      expect(engine.hashcode('')).toBe(0)
      expect(engine.hashcode('A')).toBe(65)
      expect(engine.hashcode('alice,rstudio')).toBe(3688618396)
      expect(engine.hashcode('port4me - get the same, personal, free TCP port over and over')).toBe(
        1731535982,
      )
    })

    test.each([0, 65536, 65537, 65536 + 65537, 2 ** 32 - 1])(
      'the first 65536 steps from seed %i visit each port once',
      (seed) => {
        expect(new Set(fill(engine, seed, ALL, 0, 65535)).size).toBe(65535)
      },
    )

    test('the first 65536 steps from any seed visit each port once', () => {
      fc.assert(
        fc.property(seeds, (seed) => {
          const ports = fill(engine, seed, ALL, 0, 65536)
          expect(new Set(ports).size).toBe(65535)
          expect(ports[65535]).toBe(ports[0])
        }),
      )
    })

    test('a set of allowed ports filters the sequence of all ports', () => {
      fc.assert(
        fc.property(seeds, intervals, intervals, (seed, include, exclude) => {
          const within = (port: number, set: readonly (readonly [number, number])[]) =>
            set.some(([first, last]) => first <= port && port <= last)
          const expected = fill(engine, seed, ALL, 0, 65535).filter(
            (port) => within(port, include) && !within(port, exclude),
          )
          const out = new Uint16Array(expected.length)
          const filled = engine.sequence(seed, portBits(include.flat(), exclude.flat()), 0, out)
          expect([...out]).toEqual(expected)
          expect(filled || expected.length === 0).toBe(true)
        }),
        { numRuns: 30 },
      )
    })

    test('skipping n candidates drops the first n', () => {
      fc.assert(
        fc.property(seeds, fc.integer({ min: 0, max: 200000 }), (seed, skip) => {
          const whole = fill(engine, seed, DEFAULT, 0, skip + 10)
          expect(fill(engine, seed, DEFAULT, skip, 10)).toEqual(whole.slice(skip))
        }),
        { numRuns: 30 },
      )
    })

    test('skipping the largest possible number takes no longer than a period', () => {
      const period = 65535 - 1023
      const skip = Number.MAX_SAFE_INTEGER
      expect(fill(engine, 1, DEFAULT, skip, 3)).toEqual(fill(engine, 1, DEFAULT, skip % period, 3))
    })

    test('an empty set has no sequence, and bit 0 is not a port', () => {
      const onlyZero = new Uint8Array(8192)
      onlyZero[0] = 1
      expect(engine.sequence(1, new Uint8Array(8192), 0, new Uint16Array(1))).toBe(false)
      expect(engine.sequence(1, onlyZero, 7, new Uint16Array(1))).toBe(false)
      expect(pick([], 0, 65535, onlyZero)).toBe(0)
    })

    test.each(['0.0.0.0', '127.0.0.1', '::', '::1'])(
      'a listener on %s makes its port busy',
      async (host) => {
        const next = await freePort()
        await whileListening({ host }, async (busy) => {
          expect(engine.isFree(busy, TCP, EVERYWHERE)).toBe(false)
          for (const answer of [pick([busy, next]), await pickAsync([busy, next])]) {
            expect({ port: portOf(answer), tries: triesOf(answer) }).toEqual({
              port: next,
              tries: 2,
            })
          }
        })
      },
    )

    test('a listener on IPv6 only makes its port busy', async () => {
      await whileListening({ host: '::', ipv6Only: true }, (busy) => {
        expect(engine.isFree(busy, TCP, EVERYWHERE)).toBe(false)
      })
    })

    test('a port is free again when its listener is gone', async () => {
      const port = await freePort()
      expect(engine.isFree(port, TCP, EVERYWHERE)).toBe(true)
      expect(portOf(pick([port]))).toBe(port)
      // The probe left nothing bound.
      await whileListening({ port }, (again) => expect(again).toBe(port))
    })

    test('many busy candidates are passed over, and tries are counted', async () => {
      const last = await freePort()
      await whileListeningOn(50, async (busy) => {
        for (const answer of [pick([...busy, last]), await pickAsync([...busy, last])]) {
          expect({ port: portOf(answer), tries: triesOf(answer) }).toEqual({
            port: last,
            tries: 51,
          })
        }
        expect(pick(busy)).toBe(50 * 65536)
        expect(pick([...busy, last], 0, 10)).toBe(10 * 65536)
        expect(triesOf(pick([...busy, last], 49))).toBe(2)
      })
    })

    test('free and busy candidates can alternate', async () => {
      const free = await freePort()
      await whileListeningOn(4, (busy) => {
        const verdicts = busy.flatMap((port) => [
          engine.isFree(port, TCP, EVERYWHERE),
          engine.isFree(free, TCP, EVERYWHERE),
        ])
        expect(verdicts).toEqual(busy.flatMap(() => [false, true]))
        const probed = engine.probe(
          Uint16Array.from(busy.flatMap((port) => [port, free])),
          TCP,
          EVERYWHERE,
        )
        expect([...probed].map((verdict) => verdict === 0)).toEqual(verdicts)
      })
    })
  },
)

describe('both engines', () => {
  test('give the same hashcode for any text, including lone surrogates', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 50 }), (text) => {
        expect(native.hashcode(text)).toBe(fallback.hashcode(text))
      }),
      { numRuns: 1000 },
    )
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 }), (units) => {
        const text = String.fromCharCode(...units)
        expect(native.hashcode(text)).toBe(fallback.hashcode(text))
      }),
      { numRuns: 1000 },
    )
  })

  test('give the same sequence for any seed, set and skip', () => {
    fc.assert(
      fc.property(
        seeds,
        intervals,
        intervals,
        fc.oneof(fc.nat({ max: 100000 }), fc.maxSafeNat()),
        fc.integer({ min: 0, max: 70000 }),
        (seed, include, exclude, skip, count) => {
          const bits = portBits(include.flat(), exclude.flat())
          const [a, b] = engines.map((engine) => {
            const out = new Uint16Array(count)
            return [engine.sequence(seed, bits, skip, out), out]
          })
          expect(a).toEqual(b)
        },
      ),
      { numRuns: 50 },
    )
  })
})
