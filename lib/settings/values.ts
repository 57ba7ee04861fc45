// Checks single values of options (typed), and of variables and flags (text). Every error names the source
// ("options.skip", "PORT4ME_SKIP", "--skip"), quotes the value and says what is allowed.

import { isPlainObject, Port4meError, printable, quote } from '../errors.js'
import type { Setting } from './table.js'

/** Checks the value of an option. */
export function fromOption(setting: Setting, value: unknown, source: string): unknown {
  const { kind, min = 0, max = Number.MAX_SAFE_INTEGER, choices = [] } = setting
  switch (kind) {
    case 'integer':
      return integer(value, source, min, max)
    case 'boolean':
      return boolean(value, source)
    case 'choice':
      return oneOf(value, source, choices)
    default:
      return text(value, source)
  }
}

export function integer(value: unknown, source: string, min: number, max: number): number {
  const allowed = `an integer from ${min} to ${max}`
  if (typeof value !== 'number') {
    throw new Port4meError(
      'ERR_INVALID_ARG_TYPE',
      `${source} must be ${allowed}, not ${quote(value)} of type ${typeof value}`,
    )
  }
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new Port4meError('ERR_OUT_OF_RANGE', `${source} must be ${allowed}, not ${value}`)
  }
  return value
}

export function boolean(value: unknown, source: string): boolean {
  if (typeof value !== 'boolean') {
    throw new Port4meError(
      'ERR_INVALID_ARG_TYPE',
      `${source} must be true or false, not ${quote(value)} of type ${typeof value}`,
    )
  }
  return value
}

export function text(value: unknown, source: string): string {
  if (typeof value !== 'string') {
    throw new Port4meError(
      'ERR_INVALID_ARG_TYPE',
      `${source} must be a string, not ${quote(value)} of type ${typeof value}`,
    )
  }
  return value
}

export function nonEmptyText(value: unknown, source: string): string {
  const given = text(value, source)
  if (given === '') {
    throw new Port4meError('ERR_INVALID_ARG_VALUE', `${source} must not be empty, but is ""`)
  }
  return given
}

export function oneOf<Choice extends string>(
  value: unknown,
  source: string,
  choices: readonly Choice[],
): Choice {
  const given = text(value, source)
  const choice = choices.find((one) => one === given)
  if (choice === undefined) {
    const allowed = choices.map((one) => `'${one}'`).join(', ')
    throw new Port4meError(
      'ERR_INVALID_ARG_VALUE',
      `${source} must be one of ${allowed}, not ${quote(given)}`,
    )
  }
  return choice
}

/** Checks that a value can be used as an AbortSignal. */
export function abortSignal(value: unknown, source: string): void {
  const { throwIfAborted, addEventListener } = (value ?? {}) as Partial<AbortSignal>
  if (typeof throwIfAborted === 'function' && typeof addEventListener === 'function') return
  throw new Port4meError(
    'ERR_INVALID_ARG_TYPE',
    `${source} must be an AbortSignal, not ${quote(value)}`,
  )
}

/** Checks that `options` is an object that has only allowed names. */
export function checkNames(
  options: unknown,
  allowed: readonly string[],
  what = 'an object',
): asserts options is object {
  if (!isPlainObject(options)) {
    throw new Port4meError('ERR_INVALID_ARG_TYPE', `options must be ${what}, not ${quote(options)}`)
  }
  for (const name of Object.keys(options)) {
    if (allowed.includes(name)) continue
    throw new Port4meError(
      'ERR_INVALID_ARG_VALUE',
      `options.${printable(name)} is not an option; the options are ${allowed.join(', ')}`,
    )
  }
}
