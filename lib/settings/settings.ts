// All settings of a question, from options and variables to the form that the engines take.

import { types } from 'node:util'
import type { CandidateBits, Engine, Host, Question } from '../../binding.js'
import type { Candidates } from '../candidates.js'
import { isPlainObject, Port4meError, printable, quote } from '../errors.js'
import type { Port4meOptions, PortSpec, ProbeOptions } from '../types.js'
import { candidateBits, portsInOrder } from './candidate-bits.js'
import { type Environment, readEnvironment, type VariableName } from './environment.js'
import { addPortSpec, type PortIntervals, type TokenMeaning } from './port-spec.js'
import { type Asked, readQuestion } from './question.js'
import { CHROME_UNSAFE_PORTS, FIREFOX_UNSAFE_PORTS } from './unsafe-ports.js'
import { defaultUser, isOfAccount } from './user.js'
import { boolean, booleanText, integer, integerText, nonEmptyText, text } from './values.js'
import { readWorker, type Share, shareOf } from './worker.js'

export interface Settings extends Candidates {
  readonly user: string
  /** Where the user's name was read. */
  readonly userSource: string
  readonly tool: string
  readonly maxTries: number
  readonly question: Question
  readonly host: Host
  readonly mustWork: boolean
  readonly debug: boolean
  /** `_PORT4ME_CHECK_AVAILABLE_PORTS_=any`. */
  readonly everyPortIsFree: boolean
  readonly environment: Environment
}

/** An option's name as its user knows it: `options.skip` or `--skip`. */
export type NameOf = (option: keyof Port4meOptions) => string

/** The options as given: of any type until they are read. */
type Given = Readonly<Record<keyof Port4meOptions, unknown>>

const DEFAULT_MAX_TRIES = 65535

const NONE_GIVEN: Given = {
  user: undefined,
  tool: undefined,
  prepend: undefined,
  include: undefined,
  exclude: undefined,
  skip: undefined,
  worker: undefined,
  debug: undefined,
  maxTries: undefined,
  mustWork: undefined,
  protocol: undefined,
  family: undefined,
  host: undefined,
  timeWait: undefined,
}

const QUESTION_VARIABLES = {
  protocol: 'PORT4ME_PROTOCOL',
  family: 'PORT4ME_FAMILY',
  host: 'PORT4ME_HOST',
  timeWait: 'PORT4ME_TIME_WAIT',
} as const satisfies Record<string, VariableName>

const optionName: NameOf = (option) => `options.${option}`

// The answer to the same question, asked again: test runners ask it thousands of times.
let last:
  | {
      environment: Environment
      nameOf: NameOf
      given: Given
      /** Whose account named the user; undefined: a variable or an option did. */
      account: number | undefined
      settings: Settings
    }
  | undefined

export function readSettings(
  options: string | Port4meOptions | undefined,
  engine: Engine,
  nameOf: NameOf = optionName,
): Settings {
  const given = readOptions(options, nameOf)
  const environment = readEnvironment(engine)
  if (
    last?.environment === environment &&
    last.nameOf === nameOf &&
    same(last.given, given) &&
    (last.account === undefined || last.account === process.geteuid?.())
  ) {
    return last.settings
  }
  const settings = resolve(given, environment, engine, nameOf)
  const account = isOfAccount(settings.userSource) ? process.geteuid?.() : undefined
  last = { environment, nameOf, given, account, settings }
  return settings
}

function readOptions(options: unknown, nameOf: NameOf): Given {
  if (options === undefined) return NONE_GIVEN
  if (typeof options === 'string') return { ...NONE_GIVEN, tool: options }
  if (!isPlainObject(options)) {
    throw new Port4meError(
      'ERR_INVALID_ARG_TYPE',
      `options must be an object, or a string that names the tool, not ${quote(options)}`,
    )
  }
  for (const key of Object.keys(options)) {
    if (Object.hasOwn(NONE_GIVEN, key)) continue
    throw new Port4meError(
      'ERR_INVALID_ARG_VALUE',
      `options.${printable(key)} is no option; those are ${Object.keys(NONE_GIVEN).join(', ')}`,
    )
  }
  // Each read once: an option may be a getter.
  const { user, tool, prepend, include, exclude, skip, worker, debug, maxTries, mustWork } =
    options as Given
  const { protocol, family, host, timeWait } = options as Given
  return {
    user,
    tool,
    prepend: snapshot(prepend),
    include: snapshot(include),
    exclude: snapshot(exclude),
    skip,
    worker: readWorker(worker, nameOf('worker')),
    debug,
    maxTries,
    mustWork,
    protocol,
    family,
    host,
    timeWait,
  }
}

/** Longer arrays are read anew at each call. */
const LONGEST_SNAPSHOT = 65536

/** An array may be changed after the call; a copy tells whether it was. */
function snapshot(spec: unknown): unknown {
  const isArray = Array.isArray(spec) && !types.isProxy(spec) // which says what it likes
  return isArray && spec.length <= LONGEST_SNAPSHOT ? spec.slice() : spec
}

function same(a: Given, b: Given): boolean {
  return (
    a.user === b.user &&
    a.tool === b.tool &&
    sameSpec(a.prepend, b.prepend) &&
    sameSpec(a.include, b.include) &&
    sameSpec(a.exclude, b.exclude) &&
    a.skip === b.skip &&
    sameSpec(a.worker, b.worker) &&
    a.debug === b.debug &&
    a.maxTries === b.maxTries &&
    a.mustWork === b.mustWork &&
    a.protocol === b.protocol &&
    a.family === b.family &&
    a.host === b.host &&
    a.timeWait === b.timeWait
  )
}

/** Iterables are never the same: what they hold may have changed. Arrays were copied, and tell. */
function sameSpec(a: unknown, b: unknown): boolean {
  if (!Array.isArray(a) || !Array.isArray(b)) return a === b && typeof a !== 'object'
  if (a.length !== b.length || a.length > LONGEST_SNAPSHOT) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

function resolve(given: Given, environment: Environment, engine: Engine, nameOf: NameOf): Settings {
  const { user, source: userSource } =
    given.user === undefined
      ? defaultUser(environment)
      : { user: nonEmptyText(given.user, nameOf('user')), source: nameOf('user') }
  const tool =
    given.tool === undefined ? (environment.PORT4ME_TOOL ?? '') : text(given.tool, nameOf('tool'))
  const all = {
    seed: engine.hashcode(tool === '' ? user : `${user},${tool}`),
    candidates: readCandidates(given, environment, nameOf),
    prepend: readPrepend(given, environment, nameOf),
    skip: readInteger('skip', 'PORT4ME_SKIP', 0, 0),
  }
  return {
    user,
    userSource,
    tool,
    ...(given.worker === undefined ? all : shareOf(all, given.worker as Share, engine)),
    ...readAskedFrom(given, environment, nameOf, 'tcp'),
    maxTries: readInteger('maxTries', 'PORT4ME_MAX_TRIES', 1, DEFAULT_MAX_TRIES),
    mustWork: readBoolean('mustWork', 'PORT4ME_MUST_WORK', true),
    debug: readBoolean('debug', 'PORT4ME_DEBUG', false),
    everyPortIsFree: everyPortIsFree(environment),
    environment,
  }

  function readInteger(
    option: 'skip' | 'maxTries',
    variable: VariableName,
    min: number,
    byDefault: number,
  ): number {
    const { MAX_SAFE_INTEGER } = Number
    if (given[option] !== undefined) {
      return integer(given[option], nameOf(option), min, MAX_SAFE_INTEGER)
    }
    const value = environment[variable]
    return value === undefined ? byDefault : integerText(value, variable, min, MAX_SAFE_INTEGER)
  }

  function readBoolean(
    option: 'mustWork' | 'debug',
    variable: VariableName,
    byDefault: boolean,
  ): boolean {
    if (given[option] !== undefined) return boolean(given[option], nameOf(option))
    const value = environment[variable]
    return value === undefined ? byDefault : booleanText(value, variable)
  }
}

/** What to ask of a port: options, then variables. */
export function readAskedFrom(
  given: Readonly<Partial<Record<keyof ProbeOptions, unknown>>>,
  environment: Environment,
  nameOf: NameOf,
  defaultProtocol: 'tcp' | 'both',
): Asked {
  return readQuestion((option) => {
    if (given[option] !== undefined) return { value: given[option], source: nameOf(option) }
    const source = QUESTION_VARIABLES[option]
    const value = environment[source]
    return value === undefined ? undefined : { value, source }
  }, defaultProtocol)
}

/** `_PORT4ME_CHECK_AVAILABLE_PORTS_`, as the references' own tests set it. */
export function everyPortIsFree(environment: Environment): boolean {
  const value = environment._PORT4ME_CHECK_AVAILABLE_PORTS_
  if (value === undefined || value === 'any') return value === 'any'
  throw new Port4meError(
    'ERR_INVALID_ARG_VALUE',
    `_PORT4ME_CHECK_AVAILABLE_PORTS_ must be "any" or not set, not ${quote(value)}`,
  )
}

// The candidates of the last question, which may have been asked for another tool or user: they cost
// more than the rest together.
let lastCandidates:
  | { environment: Environment; nameOf: NameOf; given: Given; candidates: CandidateBits }
  | undefined

function readCandidates(given: Given, environment: Environment, nameOf: NameOf): CandidateBits {
  if (
    lastCandidates?.environment === environment &&
    lastCandidates.nameOf === nameOf &&
    sameSpec(lastCandidates.given.include, given.include) &&
    sameSpec(lastCandidates.given.exclude, given.exclude)
  ) {
    return lastCandidates.candidates
  }
  const include: PortIntervals = []
  addChosen(include, 'include', 'PORT4ME_INCLUDE', given, environment, nameOf)
  addVariable(include, 'PORT4ME_INCLUDE_SITE', environment)
  const exclude: PortIntervals = []
  addChosen(exclude, 'exclude', 'PORT4ME_EXCLUDE', given, environment, nameOf)
  addVariable(exclude, 'PORT4ME_EXCLUDE_SITE', environment)
  addVariable(exclude, 'PORT4ME_EXCLUDE_UNSAFE', environment, '{chrome},{firefox}')
  const candidates = candidateBits(include.length > 0 ? include : undefined, exclude)
  lastCandidates = { environment, nameOf, given, candidates }
  return candidates
}

function readPrepend(given: Given, environment: Environment, nameOf: NameOf): Uint16Array {
  const prepend: PortIntervals = []
  addChosen(prepend, 'prepend', 'PORT4ME_PREPEND', given, environment, nameOf)
  addVariable(prepend, 'PORT4ME_PREPEND_SITE', environment)
  return portsInOrder(prepend)
}

/** Adds an option's ports, or its variable's. An option that names none beats the variable too. */
function addChosen(
  to: PortIntervals,
  option: 'prepend' | 'include' | 'exclude',
  variable: VariableName,
  given: Given,
  environment: Environment,
  nameOf: NameOf,
): void {
  const spec = given[option]
  if (spec === undefined) addVariable(to, variable, environment)
  else addPortSpec(to, spec as PortSpec, nameOf(option), tokensIn(environment))
}

function addVariable(
  to: PortIntervals,
  name: VariableName,
  environment: Environment,
  byDefault = '',
): void {
  addPortSpec(to, environment[name] ?? byDefault, name, tokensIn(environment))
}

/** What the tokens in a set of ports stand for. */
export function tokensIn(environment: Environment): TokenMeaning {
  return (token) => {
    switch (token) {
      case '{chrome}':
        return meaning('PORT4ME_EXCLUDE_UNSAFE_CHROME', CHROME_UNSAFE_PORTS)
      case '{firefox}':
        return meaning('PORT4ME_EXCLUDE_UNSAFE_FIREFOX', FIREFOX_UNSAFE_PORTS)
      default:
        return undefined
    }
  }

  function meaning(source: VariableName, byDefault: string) {
    return { spec: environment[source] ?? byDefault, source }
  }
}
