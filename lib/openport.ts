// What the Rust crate openport offers, with its semantics: first free of a range, or at random.

import type { Engine } from '../binding.js'
import { readAsked } from './availability.js'
import { currentEngine } from './engine/engine.js'
import { asSystemError, isPlainObject, Port4meError, quote } from './errors.js'
import { portsInOrder } from './settings/candidate-bits.js'
import { readEnvironment } from './settings/environment.js'
import { addPorts, type PortIntervals } from './settings/port-spec.js'
import type { Asked } from './settings/question.js'
import { everyPortIsFree } from './settings/settings.js'
import { boolean, integer } from './settings/values.js'
import type { PortSpec, ProbeOptions } from './types.js'

/** Ports in a row, as {@link portRange} makes them: an iterable of numbers. */
export interface PortRange extends Iterable<number> {
  /** The first port. */
  readonly from: number
  /** The port after the last; with `inclusive`, the last. */
  readonly to: number
  readonly inclusive: boolean
}

/**
 * Returns the ports from `from` to `to`, without `to` unless `inclusive` is true. A range whose end
 * comes before its start is empty, as in Rust. For an inclusive range a text such as `'8000-9000'`
 * will do too, wherever a range is taken.
 *
 * @param from from 1 to 65535
 * @param to from 1 to 65535; 65536 ends an exclusive range after the last port
 * @throws {Port4meError} `ERR_OUT_OF_RANGE`
 *
 * @example
 * pickUnusedPort(portRange(15000, 16000))                      // 15000 to 15999
 * pickUnusedPort(portRange(15000, 16000, { inclusive: true })) // 15000 to 16000
 */
export function portRange(
  from: number,
  to: number,
  options: { inclusive?: boolean | undefined } = {},
): PortRange {
  if (!isPlainObject(options)) {
    throw new Port4meError(
      'ERR_INVALID_ARG_TYPE',
      `options must be { inclusive }, not ${quote(options)}`,
    )
  }
  const inclusive = boolean(options.inclusive ?? false, 'options.inclusive')
  integer(from, 'from', 1, 65535)
  integer(to, 'to', 1, inclusive ? 65535 : 65536)
  return {
    from,
    to,
    inclusive,
    *[Symbol.iterator]() {
      for (let port = from; port < to || (inclusive && port === to); port++) yield port
    },
  }
}

/**
 * Returns the first free port of a range, in order.
 *
 * @param range ports in order: a {@link portRange}, text such as `'8000-9000'`, or any iterable
 * @param options what to ask; `protocol` is `'both'` by default
 * @returns a port; undefined when none is free
 * @throws {Port4meError} `ERR_PORT_SPEC` for what is no range; `ERR_SYSTEM` as isFree() does
 *
 * @example
 * pickUnusedPort('8000-9000') ?? exit('all taken')
 */
export function pickUnusedPort(range: PortSpec, options?: ProbeOptions): number | undefined {
  const engine = currentEngine()
  return firstFree(readRange(range), readAsked(options, 'both'), engine)
}

const RANDOM_TRIES = 10
const FIRST_RANDOM_PORT = 15000
const RANDOM_PORTS = 10000

/**
 * Returns a free port at random: ten tries from 15000 to 24999, then ten ports that the system
 * chooses.
 *
 * @param options what to ask; `protocol` is `'both'` by default
 * @returns a port; undefined when none of the twenty is free
 * @throws {Port4meError} `ERR_SYSTEM` as isFree() does
 *
 * @example
 * pickRandomUnusedPort() // 19283
 */
export function pickRandomUnusedPort(options?: ProbeOptions): number | undefined {
  const engine = currentEngine()
  const asked = readAsked(options, 'both')
  const random = Uint16Array.from(
    { length: RANDOM_TRIES },
    () => FIRST_RANDOM_PORT + Math.floor(Math.random() * RANDOM_PORTS),
  )
  return (
    firstFree(random, asked, engine) ??
    firstFree(ephemeralPorts(RANDOM_TRIES, asked, engine), asked, engine)
  )
}

function ephemeralPorts(count: number, { question, host }: Asked, engine: Engine): Uint16Array {
  try {
    return Uint16Array.from({ length: count }, () => engine.ephemeralPort(question, host)).filter(
      (port) => port !== 0,
    )
  } catch (error) {
    throw asSystemError(error)
  }
}

const NO_SEQUENCE = new Uint8Array(65536 / 8)

/** @internal */
export function firstFree(ports: Uint16Array, asked: Asked, engine: Engine): number | undefined {
  if (everyPortIsFree(readEnvironment(engine))) return ports[0]
  try {
    const { length } = ports
    const pick = engine.pick(0, NO_SEQUENCE, ports, 0, length, asked.question, asked.host)
    const port = pick % 65536
    return port === 0 ? undefined : port
  } catch (error) {
    throw asSystemError(error, asked.host)
  }
}

/** @internal */
export function readRange(range: PortSpec): Uint16Array {
  const intervals: PortIntervals = []
  addPorts(intervals, range, 'range', () => undefined)
  return portsInOrder(intervals)
}
