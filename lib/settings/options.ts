// Reads the options of a call, checks their names, and compares them with the options of the previous call.

import { builtin } from '../builtin.js'
import { later } from '../later.js'
import { OPTIONS, type Option, SETTINGS, type Setting } from './table.js'
import { checkNames } from './values.js'

/** The value of each option, in the order of OPTIONS. Their types are not checked yet. */
export type OptionValues = readonly unknown[]

/** Whether the options are for a pick or a lease. Some options are only for one of the two. */
export type Purpose = NonNullable<Setting['only']>

/** Returns the name of an option in error messages: `options.skip` or `--skip`. */
export type NameOf = (option: Option) => string

const INDEX_OF = {} as Record<Option, number>
const NONE: unknown[] = []
const ALL: number[] = []
// This is a loop, because it runs whenever the package is loaded. Callbacks would have to be compiled first.
for (const option of OPTIONS) {
  INDEX_OF[option] = ALL.length
  ALL.push(ALL.length)
  NONE.push(undefined)
}

/** The indexes, in OPTIONS, of the options that determine a part of the settings. */
export function optionIndexesOf(part: Setting['part']): readonly number[] {
  return ALL.filter((index) => SETTINGS[OPTIONS[index] as Option].part === part)
}

/** The value of an option; undefined if it is not set. */
export function optionValue(values: OptionValues, option: Option): unknown {
  return values[INDEX_OF[option]]
}

/** Reads the options of a call, or the name of the tool. */
export function readOptions(options: unknown, purpose: Purpose, nameOf: NameOf): OptionValues {
  if (options === undefined) return NONE
  if (typeof options === 'string') return NONE.with(INDEX_OF.tool, options)
  allowedFor[purpose] ??= optionsOf(purpose)
  const allowed = allowedFor[purpose]
  checkNames(options, allowed, 'an object, or a string that names the tool')
  const values = new Array<unknown>(OPTIONS.length)
  for (let index = 0; index < OPTIONS.length; index++) {
    // Each option is read only once, because it may be a getter.
    const value = (options as Record<string, unknown>)[OPTIONS[index] as Option]
    values[index] = isShortArray(value) ? value.slice() : value
  }
  const worker = values[INDEX_OF.worker]
  if (worker !== undefined) values[INDEX_OF.worker] = later().readWorker(worker, nameOf('worker'))
  return values
}

function optionsOf(purpose: Purpose): readonly Option[] {
  return OPTIONS.filter((option) => {
    const { only = purpose }: Setting = SETTINGS[option]
    return only === purpose
  })
}

/** The options of each purpose, listed at its first use. */
const allowedFor: { [Name in Purpose]?: readonly Option[] } = {}

function isShortArray(value: unknown): value is readonly unknown[] {
  if (!Array.isArray(value)) return false
  const { types } = builtin('node:util')
  return !types.isProxy(value) && value.length <= LONGEST_COPY // a proxy may give other items to each reader
}

/**
 * The greatest length of an array that is copied. The next call compares its array with the copy, because the array may
 * have changed. Longer arrays are read again at each call.
 */
const LONGEST_COPY = 65536

/** Whether two calls have the same options, at all indexes or at the given ones. */
export function isSame(
  a: OptionValues,
  b: OptionValues,
  indexes: readonly number[] = ALL,
): boolean {
  for (let i = 0; i < indexes.length; i++) {
    const index = indexes[i] as number
    if (!isSameValue(a[index], b[index])) return false
  }
  return true
}

/**
 * Whether two values are the same. Short arrays are copies, so their items can be compared. A longer array and any
 * other object count as different, because their content may have changed.
 */
function isSameValue(a: unknown, b: unknown): boolean {
  if (a === b) return typeof a !== 'object' // the same object was not copied
  if (!Array.isArray(a) || !Array.isArray(b)) return false
  if (a.length !== b.length || a.length > LONGEST_COPY) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
