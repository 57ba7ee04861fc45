// Reads sets of ports as users write them: "2000-2123,4321, 10000-10999", a number, or several numbers.

import { Port4meError, quote } from '../errors.js'
import type { PortSpec } from '../types.js'

/** Inclusive intervals of ports: [first, last, first, last, ...]. */
export type PortIntervals = number[]

/** Returns what a token (`{chrome}`, `{firefox}`) stands for, and where that was read; undefined: it is no token. */
export type TokenMeaning = (
  token: string,
) => { readonly spec: string; readonly source: string } | undefined

/** An iterable with more items is rejected, because it may have no end. */
const MOST_ITEMS = 1_000_000

/** Throws if an iterable has one more item after `count` items and that is too many. */
export function checkCount(count: number, source: string): void {
  if (count < MOST_ITEMS) return
  throw new Port4meError(
    'ERR_OUT_OF_RANGE',
    `${source} must have at most ${MOST_ITEMS} ports, but has more`,
  )
}

const ALLOWED =
  'ports from 1 to 65535 and ranges of them, such as "2000-2123,4321", separated by commas or white space'

/**
 * Adds the intervals of a spec, in order and without port 0. Returns false when the spec is a text that contains
 * only separators.
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

/** Adds the intervals of a spec. Throws when the spec is a text that contains only separators. */
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
