// Reads single values from the text of variables and flags.

import { Port4meError, quote } from '../errors.js'
import type { Setting } from './table.js'
import { oneOf } from './values.js'

/** Reads the text of a variable or a flag. */
export function fromText(
  setting: Pick<Setting, 'kind' | 'min' | 'max' | 'choices'>,
  value: string,
  source: string,
): unknown {
  const { kind, min = 0, max = Number.MAX_SAFE_INTEGER, choices = [] } = setting
  switch (kind) {
    case 'integer':
      return integerText(value, source, min, max)
    case 'boolean':
      return booleanText(value, source)
    case 'choice':
      return oneOf(value, source, choices)
    default:
      return value
  }
}

export function integerText(text: string, source: string, min: number, max: number): number {
  const value = /^\s*\d+\s*$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= min && value <= max)) {
    throw new Port4meError(
      'ERR_OUT_OF_RANGE',
      `${source} must be an integer from ${min} to ${max}, not ${quote(text)}`,
    )
  }
  return value
}

function booleanText(text: string, source: string): boolean {
  switch (text.toLowerCase()) {
    case 'true':
    case 't':
    case 'yes':
    case 'on':
    case '1':
      return true
    case 'false':
    case 'f':
    case 'no':
    case 'off':
    case '0':
      return false
    default:
      throw new Port4meError(
        'ERR_INVALID_ARG_VALUE',
        `${source} must be true or false (or yes or no, on or off, T or F, 1 or 0), not ${quote(text)}`,
      )
  }
}
