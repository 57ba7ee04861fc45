// The options of a call as they were given: names checked, each read once, and compared with those of the
// call before.

import { builtin } from '../builtin.js'
import { OPTIONS, type Option, SETTINGS, type Setting } from './table.js'
import { checkNames } from './values.js'
import { readWorker } from './worker.js'

/** A value for each option, in the order of OPTIONS; of any type until it is read. */
export type Given = readonly unknown[]

/** Which functions the options are for: some options are for one kind alone. */
export type Door = NonNullable<Setting['only']>

/** An option's name as its user knows it: `options.skip` or `--skip`. */
export type NameOf = (option: Option) => string

const PLACES = Object.fromEntries(OPTIONS.map((option, place) => [option, place])) as Readonly<
  Record<Option, number>
>

const NONE: Given = OPTIONS.map(() => undefined)
const ALL: readonly number[] = OPTIONS.map((_, place) => place)

/** The places of the options that a part of the settings follows from. */
export function placesOf(part: Setting['part']): readonly number[] {
  return ALL.filter((place) => SETTINGS[OPTIONS[place] as Option].part === part)
}

/** What was given for an option; undefined: nothing. */
export function given(values: Given, option: Option): unknown {
  return values[PLACES[option]]
}

/** Reads the options of a call, or the name of the tool. */
export function readGiven(options: unknown, door: Door, nameOf: NameOf): Given {
  if (options === undefined) return NONE
  if (typeof options === 'string') return NONE.with(PLACES.tool, options)
  const allowed = door === 'pick' ? PICK_OPTIONS : LEASE_OPTIONS
  checkNames(options, allowed, 'an object, or a string that names the tool')
  const values = new Array<unknown>(OPTIONS.length)
  for (let place = 0; place < OPTIONS.length; place++) {
    // Once: an option may be a getter.
    const value = (options as Record<string, unknown>)[OPTIONS[place] as Option]
    values[place] = isShortArray(value) ? value.slice() : value
  }
  values[PLACES.worker] = readWorker(values[PLACES.worker], nameOf('worker'))
  return values
}

function optionsOf(door: Door): readonly Option[] {
  return OPTIONS.filter((option) => {
    const { only = door }: Setting = SETTINGS[option]
    return only === door
  })
}

const PICK_OPTIONS = optionsOf('pick')
const LEASE_OPTIONS = optionsOf('lease')

function isShortArray(value: unknown): value is readonly unknown[] {
  if (!Array.isArray(value)) return false
  const { types } = builtin('node:util')
  return !types.isProxy(value) && value.length <= LONGEST_COPY // a proxy says what it likes
}

/** An array may be changed after the call: a copy tells whether it was. Longer ones are read anew at each call. */
const LONGEST_COPY = 65536

/** Whether the same was given, in all places or in some. */
export function isSame(a: Given, b: Given, places = ALL): boolean {
  for (let i = 0; i < places.length; i++) {
    const place = places[i] as number
    if (!isSameValue(a[place], b[place])) return false
  }
  return true
}

/** Arrays were copied, and tell. What another iterable holds may have changed: it is never the same. */
function isSameValue(a: unknown, b: unknown): boolean {
  if (!Array.isArray(a) || !Array.isArray(b)) return a === b && typeof a !== 'object'
  if (a.length !== b.length || a.length > LONGEST_COPY) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}
