// Sets of ports as users write them: "2000-2123,4321, 10000-10999", a number, numbers.

import { Port4meError, quote } from '../errors.js'
import type { PortSpec } from '../types.js'

/** Ports from first to last, both included: [first, last, first, last, ...]. */
export type PortIntervals = number[]

/** What `{chrome}` or `{firefox}` in a spec stands for, and where that was read. */
export type TokenMeaning = (
  token: string,
) => { readonly spec: string; readonly source: string } | undefined

/** An iterable with more is taken for one without end. */
const MOST_ITEMS = 1_000_000

/** For one item more than an iterable has had. */
export function checkCount(count: number, source: string): void {
  if (count < MOST_ITEMS) return
  throw new Port4meError(
    'ERR_OUT_OF_RANGE',
    `${source} must hold ${MOST_ITEMS} ports at the most, but goes on`,
  )
}

const ALLOWED =
  'ports from 1 to 65535 and ranges of them, such as "2000-2123,4321", separated by commas or white space'

/**
 * Adds the intervals of a spec, in its order, without port 0. False when a text holds nothing but
 * separators.
 */
export function addPortSpec(
  to: PortIntervals,
  spec: PortSpec,
  source: string,
  tokens: TokenMeaning,
): boolean {
  if (typeof spec === 'string') return addText(to, spec, source, tokens)
  if (typeof spec === 'number') {
    addInterval(to, spec, spec, spec, source)
    return true
  }
  if (typeof spec !== 'object' || typeof spec?.[Symbol.iterator] !== 'function') {
    throw new Port4meError(
      'ERR_INVALID_ARG_TYPE',
      `${source} must be a string, a number or an iterable of numbers, not ${quote(spec)}`,
    )
  }
  let count = 0
  for (const port of spec) {
    if (typeof port !== 'number') throw notAPort(port, source)
    checkCount(count++, source)
    addInterval(to, port, port, port, source)
  }
  return true
}

/** Adds the intervals of a spec that must not be a text of nothing but separators. */
export function addPorts(
  to: PortIntervals,
  spec: PortSpec,
  source: string,
  tokens: TokenMeaning,
): void {
  if (addPortSpec(to, spec, source, tokens)) return
  throw new Port4meError('ERR_PORT_SPEC', `${source} must name ports, but is ${quote(spec)}`)
}

function addText(to: PortIntervals, spec: string, source: string, tokens: TokenMeaning): boolean {
  let holdsAny = false
  for (const part of spec.split(/[\s,]+/)) {
    if (part === '') continue
    holdsAny = true
    const meaning = tokens(part)
    if (meaning !== undefined) {
      addText(to, meaning.spec, meaning.source, () => undefined)
      continue
    }
    const match = /^(\d+)(?:-(\d+))?$/.exec(part)
    if (match === null) throw notAPort(part, source)
    const first = Number(match[1])
    addInterval(to, first, match[2] === undefined ? first : Number(match[2]), part, source)
  }
  return holdsAny
}

function addInterval(
  to: PortIntervals,
  first: number,
  last: number,
  part: unknown,
  source: string,
): void {
  if (!Number.isInteger(first) || first < 0 || last < first || last > 65535) {
    throw notAPort(part, source)
  }
  if (last > 0) to.push(Math.max(first, 1), last)
}

function notAPort(part: unknown, source: string): Port4meError {
  return new Port4meError('ERR_PORT_SPEC', `${source} must be ${ALLOWED}, but has ${quote(part)}`)
}
