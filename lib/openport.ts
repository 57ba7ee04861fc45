// The functions of the Rust crate openport, with the same semantics: the first free port of a range, or a random one.

import { readPortQuestion } from './availability.js'
import { portOf } from './codes.js'
import { ephemeralPort, pickAmong } from './engine/questions.js'
import { portsInOrder } from './settings/port-bits.js'
import { addPorts, type PortIntervals } from './settings/port-spec.js'
import type { PortQuestion } from './settings/question.js'
import { boolean, checkNames, integer } from './settings/values.js'
import type { PortSpec, ProbeOptions } from './types.js'

/** A range of ports, created by {@link portRange}: an iterable of numbers. */
export interface PortRange extends Iterable<number> {
  /** The first port. */
  readonly from: number
  /** The end of the range. It is the last port if `inclusive` is true, and otherwise the port after the last. */
  readonly to: number
  readonly inclusive: boolean
}

/**
 * Returns the ports from `from` to `to`, without `to` unless `inclusive` is true. A range whose end comes before
 * its start is empty, as in Rust. Functions that take a range also accept a text such as `'8000-9000'`, which is
 * an inclusive range.
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
  checkNames(options, ['inclusive'], '{ inclusive }')
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
 * @throws {Port4meError} `ERR_PORT_SPEC` if `range` is not a range; `ERR_SYSTEM` as isFree() does
 *
 * @example
 * pickUnusedPort('8000-9000') ?? console.error('all taken')
 */
export function pickUnusedPort(range: PortSpec, options?: ProbeOptions): number | undefined {
  return firstFree(readRange(range), readPortQuestion(options, 'both'))
}

const RANDOM_TRIES = 10
const FIRST_RANDOM_PORT = 15000
const RANDOM_PORTS = 10000

/**
 * Returns a random free port. It tries ten random ports from 15000 to 24999, then ten ports that the system
 * chooses.
 *
 * @param options what to ask; `protocol` is `'both'` by default
 * @returns a port; undefined when none of the twenty is free
 * @throws {Port4meError} `ERR_SYSTEM` as isFree() does
 *
 * @example
 * const port = pickRandomUnusedPort() // such as 19283
 */
export function pickRandomUnusedPort(options?: ProbeOptions): number | undefined {
  const portQuestion = readPortQuestion(options, 'both')
  const random = Uint16Array.from(
    { length: RANDOM_TRIES },
    () => FIRST_RANDOM_PORT + Math.floor(Math.random() * RANDOM_PORTS),
  )
  return (
    firstFree(random, portQuestion) ??
    firstFree(ephemeralPorts(RANDOM_TRIES, portQuestion), portQuestion)
  )
}

function ephemeralPorts(count: number, portQuestion: PortQuestion): Uint16Array {
  return Uint16Array.from({ length: count }, () => ephemeralPort(portQuestion)).filter(
    (port) => port !== 0,
  )
}

/** @internal */
export function firstFree(ports: Uint16Array, portQuestion: PortQuestion): number | undefined {
  return portOf(pickAmong(ports, portQuestion)) || undefined
}

/** @internal */
export function readRange(range: PortSpec): Uint16Array {
  const intervals: PortIntervals = []
  addPorts(intervals, range, 'range', () => undefined)
  return portsInOrder(intervals)
}
