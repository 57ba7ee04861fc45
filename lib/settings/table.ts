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
type ValueOption = {
  [Name in Option]: (typeof SETTINGS)[Name]['part'] extends 'values' ? Name : never
}[Option]

/** Their values. */
export type Values = {
  readonly [Name in ValueOption]: ValueOf<(typeof SETTINGS)[Name]['kind']>
}

type ValueOf<Kind> = Kind extends 'integer' ? number : Kind extends 'boolean' ? boolean : string

export const OPTIONS = Object.keys(SETTINGS) as Option[]

type Flagged = Extract<Row, { flag: string }>

/** The flags of the programs that are no options: `port4me`, or `port4me run`. */
export const PROGRAM_FLAGS = {
  env: { kind: 'text', of: 'run' },
  list: { kind: 'integer', of: 'port4me', variable: 'PORT4ME_LIST', min: 1, max: 2 ** 24 },
  test: { kind: 'integer', of: 'port4me', variable: 'PORT4ME_TEST', min: 1, max: 65535 },
  why: { kind: 'integer', of: 'port4me', min: 1, max: 65535 },
  json: { kind: 'boolean', of: 'port4me' },
  completion: { kind: 'choice', of: 'port4me', choices: ['bash'] },
  help: { kind: 'boolean', of: 'both' },
  version: { kind: 'boolean', of: 'port4me' },
} as const satisfies Record<
  string,
  Pick<Setting, 'kind' | 'variable' | 'min' | 'max' | 'choices'> & {
    of: 'port4me' | 'run' | 'both'
  }
>

/** A flag, without dashes. */
export type Flag = Flagged['flag'] | keyof typeof PROGRAM_FLAGS

/** What --help says of a flag. */
export interface Words {
  /** Which of the sections of --help it stands in. */
  readonly section: 'ports' | 'free' | 'print' | 'run'
  /** What its value is called. */
  readonly value?: string
  readonly says: string
  /** Its form of one letter. */
  readonly short?: readonly string[]
}

export const FLAG_WORDS: Readonly<Record<Flag, Words>> = {
  user: {
    section: 'ports',
    value: 'NAME',
    says: 'whose port (default: $PORT4ME_USER, $LOGNAME, $USER, $LNAME, $USERNAME, the account)',
  },
  tool: {
    section: 'ports',
    value: 'NAME',
    says: 'what the port is for; also the first word without a flag, unless that is run or help',
  },
  prepend: { section: 'ports', value: 'PORTS', says: 'ports to try first' },
  include: {
    section: 'ports',
    value: 'PORTS',
    says: 'ports to choose among (default: 1024-65535)',
  },
  exclude: { section: 'ports', value: 'PORTS', says: 'ports never to choose' },
  skip: { section: 'ports', value: 'N', says: 'drop the first N candidates (default: 0)' },
  worker: {
    section: 'ports',
    value: 'I/N',
    says: "every N-th candidate only, for worker I of N, from 0; auto: as the test runner's variables say",
  },
  protocol: {
    section: 'free',
    value: 'P',
    says: 'tcp, udp or both (default: tcp; with --why: both)',
  },
  family: { section: 'free', value: 'F', says: 'ipv4, ipv6 or both (default: both)' },
  host: {
    section: 'free',
    value: 'ADDRESS',
    says: 'an IP address, or localhost for both loopbacks (default: every address of the machine)',
  },
  'time-wait': {
    section: 'free',
    value: 'T',
    says: 'free or busy: a port that only connections in TIME_WAIT hold (default: free)',
  },
  exclusive: {
    section: 'run',
    says: 'while the port is leased, keep out servers and probers that listen on it. The command could not bind it either, so the port is let go just before the command starts, on Linux too',
  },
  env: { section: 'run', value: 'NAME', says: 'the variable, instead of PORT' },
  list: { section: 'print', value: 'N', says: 'the first N candidates, free or not' },
  test: { section: 'print', value: 'PORT', says: 'nothing; exit 0 if the port is free, 1 if not' },
  why: {
    section: 'print',
    value: 'PORT',
    says: 'whether the port is free, and if not, why and who has it; exit status as with --test',
  },
  json: { section: 'print', says: 'JSON' },
  debug: { section: 'print', says: 'what was read and tried, on stderr' },
  completion: { section: 'print', value: 'bash', says: 'a completion script for the shell' },
  help: { section: 'print', says: 'this help', short: ['-h'] },
  version: {
    section: 'print',
    says: 'the version; with --json also which engine answers, from which file, or why the addon does not',
    short: ['-V', '-v'],
  },
}

type VariableOfFlag = Extract<
  Flagged | (typeof PROGRAM_FLAGS)[keyof typeof PROGRAM_FLAGS],
  { variable: string }
>['variable']
type VariableOfUser = 'LOGNAME' | 'USER' | 'LNAME' | 'USERNAME'

/** What --help says of the variables that have no flag. */
export const VARIABLE_WORDS: Readonly<
  Record<Exclude<VariableName, VariableOfFlag | VariableOfUser> | 'PORT4ME_ENGINE', string>
> = {
  PORT4ME_PREPEND_SITE: 'always added to the ports to try first',
  PORT4ME_INCLUDE_SITE: 'always added to the ports to choose among',
  PORT4ME_EXCLUDE_SITE: 'always added to the ports never to choose',
  PORT4ME_EXCLUDE_UNSAFE: 'always excluded (default: {chrome},{firefox}; 0: none)',
  PORT4ME_EXCLUDE_UNSAFE_CHROME: 'what {chrome} stands for',
  PORT4ME_EXCLUDE_UNSAFE_FIREFOX: 'what {firefox} stands for',
  PORT4ME_MAX_TRIES: 'candidates to probe before giving up (default: 65535)',
  PORT4ME_MUST_WORK: 'false: print -1 when no port is free',
  PORT4ME_ENGINE: 'auto, native or fallback (default: auto)',
  _PORT4ME_CHECK_AVAILABLE_PORTS_: 'any: every port counts as free, for tests',
}
