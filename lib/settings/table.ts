// One row a setting: its option, its variable, its flag, what it may be, and what it is when nobody says. All that
// speaks of settings follows from this file: what is remembered of a call, the variables that are read, flags, --help
// and completion. Tests hold types.ts and the tables of the documentation to it.

import type { LeaseOptions, Port4meOptions } from '../types.js'

/** The options of all that picks a port or leases one. */
export type Option = keyof Port4meOptions | keyof LeaseOptions

export interface Setting {
  /** What a value is: reading.ts reads each kind. */
  readonly kind: 'text' | 'ports' | 'integer' | 'boolean' | 'choice' | 'host' | 'worker'
  /**
   * What follows from it, and is worked out again when it changes: settings.ts has a function for each part.
   * `values`: nothing but the value itself, which settings.ts hands on under the option's name.
   */
  readonly part: 'identity' | 'prepended' | 'allowed' | 'asked' | 'share' | 'values'
  readonly variable?: string
  /** A variable that always adds to it. */
  readonly site?: string
  /** Without dashes. */
  readonly flag?: string
  /** Where it is an option: everywhere, unless it says so. */
  readonly only?: 'lease' | 'pick'
  readonly default?: string | number | boolean
  /** Of an integer. */
  readonly min?: number
  readonly max?: number
  /** Of a choice. */
  readonly choices?: readonly string[]
}

const { MAX_SAFE_INTEGER } = Number

export const SETTINGS = {
  user: { kind: 'text', part: 'identity', variable: 'PORT4ME_USER', flag: 'user' },
  tool: { kind: 'text', part: 'identity', variable: 'PORT4ME_TOOL', flag: 'tool', default: '' },
  prepend: {
    kind: 'ports',
    part: 'prepended',
    variable: 'PORT4ME_PREPEND',
    site: 'PORT4ME_PREPEND_SITE',
    flag: 'prepend',
  },
  include: {
    kind: 'ports',
    part: 'allowed',
    variable: 'PORT4ME_INCLUDE',
    site: 'PORT4ME_INCLUDE_SITE',
    flag: 'include',
  },
  exclude: {
    kind: 'ports',
    part: 'allowed',
    variable: 'PORT4ME_EXCLUDE',
    site: 'PORT4ME_EXCLUDE_SITE',
    flag: 'exclude',
  },
  skip: {
    kind: 'integer',
    part: 'values',
    variable: 'PORT4ME_SKIP',
    flag: 'skip',
    min: 0,
    max: MAX_SAFE_INTEGER,
    default: 0,
  },
  worker: { kind: 'worker', part: 'share', flag: 'worker' },
  protocol: {
    kind: 'choice',
    part: 'asked',
    variable: 'PORT4ME_PROTOCOL',
    flag: 'protocol',
    choices: ['tcp', 'udp', 'both'],
    default: 'tcp',
  },
  family: {
    kind: 'choice',
    part: 'asked',
    variable: 'PORT4ME_FAMILY',
    flag: 'family',
    choices: ['ipv4', 'ipv6', 'both'],
    default: 'both',
  },
  host: { kind: 'host', part: 'asked', variable: 'PORT4ME_HOST', flag: 'host' },
  timeWait: {
    kind: 'choice',
    part: 'asked',
    variable: 'PORT4ME_TIME_WAIT',
    flag: 'time-wait',
    choices: ['free', 'busy'],
    default: 'free',
  },
  maxTries: {
    kind: 'integer',
    part: 'values',
    variable: 'PORT4ME_MAX_TRIES',
    min: 1,
    max: MAX_SAFE_INTEGER,
    default: 65535,
  },
  mustWork: {
    kind: 'boolean',
    part: 'values',
    variable: 'PORT4ME_MUST_WORK',
    only: 'pick',
    default: true,
  },
  exclusive: {
    kind: 'boolean',
    part: 'values',
    flag: 'exclusive',
    only: 'lease',
    default: false,
  },
  debug: {
    kind: 'boolean',
    part: 'values',
    variable: 'PORT4ME_DEBUG',
    flag: 'debug',
    default: false,
  },
} as const satisfies Record<Option, Setting>

/** Variables beside those of the options. */
export const OTHER_VARIABLES = [
  'LOGNAME',
  'USER',
  'LNAME',
  'USERNAME',
  'PORT4ME_EXCLUDE_UNSAFE',
  'PORT4ME_EXCLUDE_UNSAFE_CHROME',
  'PORT4ME_EXCLUDE_UNSAFE_FIREFOX',
  'PORT4ME_LIST',
  'PORT4ME_TEST',
  '_PORT4ME_CHECK_AVAILABLE_PORTS_',
] as const

type Row = (typeof SETTINGS)[Option]

/** A variable that settings are read from. */
export type VariableName =
  | Extract<Row, { variable: string }>['variable']
  | Extract<Row, { site: string }>['site']
  | (typeof OTHER_VARIABLES)[number]

/** The options whose settings are values by themselves. */
export type ValueOption = {
  [Name in Option]: (typeof SETTINGS)[Name]['part'] extends 'values' ? Name : never
}[Option]

/** Their values. */
export type Values = {
  readonly [Name in ValueOption]: ValueOf<(typeof SETTINGS)[Name]['kind']>
}

type ValueOf<Kind> = Kind extends 'integer' ? number : Kind extends 'boolean' ? boolean : string

export const OPTIONS = Object.keys(SETTINGS) as Option[]
