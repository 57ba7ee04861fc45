// Sets of ports as users write them: "2000-2123,4321, 10000-10999", a number, numbers.

import { Port4meError, quote } from '../errors.js'
import type { PortSpec } from '../types.js'

/** Ports from first to last, both included. */
export type PortInterval = readonly [first: number, last: number]

/** What a `{chrome}` or `{firefox}` in a spec stands for, and where that was read. */
export type SpecTokens = Readonly<
  Record<string, { readonly spec: string; readonly source: string }>
>

const ALLOWED =
  'ports from 1 to 65535 and ranges of them, such as "2000-2123,4321", separated by commas or white space'

/**
 * The intervals of a spec, in its order. Port 0 is left out. Undefined when a text holds nothing
 * but separators.
 */
export function parsePortSpec(
  spec: PortSpec,
  source: string,
  tokens: SpecTokens,
): PortInterval[] | undefined {
  if (typeof spec === 'string') return parseText(spec, source, tokens)
  if (typeof spec === 'number') return intervalOf(spec, spec, spec, source)
  if (typeof spec !== 'object' || spec === null || !(Symbol.iterator in spec)) {
    throw new Port4meError(
      'ERR_INVALID_ARG_TYPE',
      `${source} must be a string, a number or an iterable of numbers, not ${quote(spec)}`,
    )
  }
  const intervals: PortInterval[] = []
  for (const port of spec) {
    if (typeof port !== 'number') throw notAPort(port, source)
    intervals.push(...intervalOf(port, port, port, source))
  }
  return intervals
}

function parseText(spec: string, source: string, tokens: SpecTokens): PortInterval[] | undefined {
  const parts = spec.split(/[\s,]+/).filter((part) => part !== '')
  if (parts.length === 0) return undefined
  const intervals: PortInterval[] = []
  for (const part of parts) {
    const token = tokens[part]
    if (token !== undefined) {
      intervals.push(...(parseText(token.spec, token.source, {}) ?? []))
      continue
    }
    const match = /^(\d+)(?:-(\d+))?$/.exec(part)
    if (match === null) throw notAPort(part, source)
    const first = Number(match[1])
    intervals.push(
      ...intervalOf(first, match[2] === undefined ? first : Number(match[2]), part, source),
    )
  }
  return intervals
}

function intervalOf(first: number, last: number, part: unknown, source: string): PortInterval[] {
  if (!Number.isInteger(first) || first < 0 || last < first || last > 65535) {
    throw notAPort(part, source)
  }
  return last === 0 ? [] : [[Math.max(first, 1), last]]
}

function notAPort(part: unknown, source: string): Port4meError {
  return new Port4meError('ERR_PORT_SPEC', `${source} must be ${ALLOWED}, but has ${quote(part)}`)
}
