// All settings of a question, from options and variables to the form that the engines take.

import type { CandidateBits, Engine } from '../../binding.js'
import { Port4meError, quote } from '../errors.js'
import type { Port4meOptions, PortSpec } from '../types.js'
import { candidateBits } from './candidate-bits.js'
import { type Environment, readEnvironment, type VariableName } from './environment.js'
import { type PortInterval, parsePortSpec, type SpecTokens } from './port-spec.js'
import { CHROME_UNSAFE_PORTS, FIREFOX_UNSAFE_PORTS } from './unsafe-ports.js'
import { defaultUser } from './user.js'
import { boolean, booleanText, integer, integerText, nonEmptyText, text } from './values.js'

export interface Settings {
  readonly user: string
  /** Where the user's name was read. */
  readonly userSource: string
  readonly tool: string
  readonly seed: number
  readonly candidates: CandidateBits
  readonly prepend: Uint16Array
  readonly skip: number
  readonly maxTries: number
  readonly mustWork: boolean
  readonly debug: boolean
  /** `_PORT4ME_CHECK_AVAILABLE_PORTS_=any`. */
  readonly everyPortIsFree: boolean
  readonly environment: Environment
}

/** An option's name as its user knows it: `options.skip` or `--skip`. */
export type NameOf = (option: keyof Port4meOptions) => string

const optionName: NameOf = (option) => `options.${option}`

const OPTION_NAMES = [
  'user',
  'tool',
  'prepend',
  'include',
  'exclude',
  'skip',
  'debug',
  'maxTries',
  'mustWork',
] as const satisfies readonly (keyof Port4meOptions)[]

const DEFAULT_MAX_TRIES = 65535

// The answer to the same question, asked again: test runners ask it thousands of times.
let memo:
  | { environment: Environment; nameOf: NameOf; values: readonly unknown[]; settings: Settings }
  | undefined

export function readSettings(
  options: string | Port4meOptions | undefined,
  engine: Engine,
  nameOf: NameOf = optionName,
): Settings {
  const values = optionValues(options)
  const environment = readEnvironment(engine)
  if (
    memo?.environment === environment &&
    memo.nameOf === nameOf &&
    sameValues(memo.values, values)
  ) {
    return memo.settings
  }
  const settings = resolve(optionsOf(values), environment, engine, nameOf)
  memo = { environment, nameOf, values, settings }
  return settings
}

/** The options in the order of OPTION_NAMES. */
function optionValues(options: unknown): readonly unknown[] {
  if (options === undefined) return OPTION_NAMES.map(() => undefined)
  if (typeof options === 'string') {
    return OPTION_NAMES.map((name) => (name === 'tool' ? options : undefined))
  }
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new Port4meError(
      'ERR_INVALID_ARG_TYPE',
      `options must be an object, or a string that names the tool, not ${quote(options)}`,
    )
  }
  for (const key of Object.keys(options)) {
    if (!(OPTION_NAMES as readonly string[]).includes(key)) {
      throw new Port4meError(
        'ERR_INVALID_ARG_VALUE',
        `options.${key} is no option; those are ${OPTION_NAMES.join(', ')}`,
      )
    }
  }
  return OPTION_NAMES.map((name) => (options as Record<string, unknown>)[name])
}

type OptionValues = Readonly<Partial<Record<keyof Port4meOptions, unknown>>>

function optionsOf(values: readonly unknown[]): OptionValues {
  return Object.fromEntries(OPTION_NAMES.map((name, i) => [name, values[i]]))
}

function resolve(
  options: OptionValues,
  environment: Environment,
  engine: Engine,
  nameOf: NameOf,
): Settings {
  const { user, userSource } = readUser(options, environment, nameOf)
  const tool =
    options.tool === undefined
      ? (environment.PORT4ME_TOOL ?? '')
      : text(options.tool, nameOf('tool'))
  const { candidates, prepend } = readPorts(options, environment, nameOf)
  return {
    user,
    userSource,
    tool,
    seed: engine.hashcode(tool === '' ? user : `${user},${tool}`),
    candidates,
    prepend,
    skip: readInteger('skip', 'PORT4ME_SKIP', 0, 0),
    maxTries: readInteger('maxTries', 'PORT4ME_MAX_TRIES', 1, DEFAULT_MAX_TRIES),
    mustWork: readBoolean('mustWork', 'PORT4ME_MUST_WORK', true),
    debug: readBoolean('debug', 'PORT4ME_DEBUG', false),
    everyPortIsFree: readCheckAvailablePorts(environment),
    environment,
  }

  function readInteger(
    option: 'skip' | 'maxTries',
    variable: VariableName,
    min: number,
    byDefault: number,
  ): number {
    if (options[option] !== undefined) {
      return integer(options[option], nameOf(option), min, Number.MAX_SAFE_INTEGER)
    }
    const value = environment[variable]
    if (value === undefined) return byDefault
    return integerText(value, variable, min, Number.MAX_SAFE_INTEGER)
  }

  function readBoolean(
    option: 'mustWork' | 'debug',
    variable: VariableName,
    byDefault: boolean,
  ): boolean {
    if (options[option] !== undefined) return boolean(options[option], nameOf(option))
    const value = environment[variable]
    return value === undefined ? byDefault : booleanText(value, variable)
  }
}

function readUser(
  options: OptionValues,
  environment: Environment,
  nameOf: NameOf,
): { user: string; userSource: string } {
  if (options.user !== undefined) {
    const source = nameOf('user')
    return { user: nonEmptyText(options.user, source), userSource: source }
  }
  const { user, source } = defaultUser(environment)
  return { user, userSource: source }
}

export function readCheckAvailablePorts(environment: Environment): boolean {
  const value = environment._PORT4ME_CHECK_AVAILABLE_PORTS_
  if (value === undefined || value === 'any') return value === 'any'
  throw new Port4meError(
    'ERR_INVALID_ARG_VALUE',
    `_PORT4ME_CHECK_AVAILABLE_PORTS_ must be "any" or not set, not ${quote(value)}`,
  )
}

interface Ports {
  readonly candidates: CandidateBits
  readonly prepend: Uint16Array
}

// The sets of the last question, which may have been asked for another tool or user.
let memoOfPorts:
  | { environment: Environment; nameOf: NameOf; specs: readonly unknown[]; ports: Ports }
  | undefined

function readPorts(options: OptionValues, environment: Environment, nameOf: NameOf): Ports {
  const specs = [options.prepend, options.include, options.exclude]
  if (
    memoOfPorts?.environment === environment &&
    memoOfPorts.nameOf === nameOf &&
    sameValues(memoOfPorts.specs, specs)
  ) {
    return memoOfPorts.ports
  }
  const sets = readSets(options, environment, nameOf)
  const ports = {
    candidates: candidateBits(sets.include, sets.exclude),
    prepend: listPorts(sets.prepend),
  }
  memoOfPorts = { environment, nameOf, specs, ports }
  return ports
}

/** Whether the values are the same; objects never are, as they may have changed inside. */
function sameValues(before: readonly unknown[], now: readonly unknown[]): boolean {
  for (let i = 0; i < now.length; i++) {
    if (now[i] !== before[i] || typeof now[i] === 'object') return false
  }
  return true
}

interface PortSets {
  readonly prepend: readonly PortInterval[]
  /** Undefined: nothing says what to include. */
  readonly include: readonly PortInterval[] | undefined
  readonly exclude: readonly PortInterval[]
}

function readSets(options: OptionValues, environment: Environment, nameOf: NameOf): PortSets {
  const tokens: SpecTokens = {
    '{chrome}': {
      spec: environment.PORT4ME_EXCLUDE_UNSAFE_CHROME ?? CHROME_UNSAFE_PORTS,
      source: 'PORT4ME_EXCLUDE_UNSAFE_CHROME',
    },
    '{firefox}': {
      spec: environment.PORT4ME_EXCLUDE_UNSAFE_FIREFOX ?? FIREFOX_UNSAFE_PORTS,
      source: 'PORT4ME_EXCLUDE_UNSAFE_FIREFOX',
    },
  }

  const fromVariable = (name: VariableName, byDefault?: string) => {
    const spec = environment[name] ?? byDefault
    return spec === undefined ? undefined : parsePortSpec(spec, name, tokens)
  }
  const chosen = (option: 'prepend' | 'include' | 'exclude', variable: VariableName) => {
    const spec = options[option]
    if (spec === undefined) return fromVariable(variable)
    const source = nameOf(option)
    const intervals = parsePortSpec(spec as PortSpec, source, tokens)
    if (intervals !== undefined) return intervals
    throw new Port4meError('ERR_PORT_SPEC', `${source} must name ports, but is ${quote(spec)}`)
  }

  const include = chosen('include', 'PORT4ME_INCLUDE')
  const includeSite = fromVariable('PORT4ME_INCLUDE_SITE')
  return {
    prepend: [
      ...(chosen('prepend', 'PORT4ME_PREPEND') ?? []),
      ...(fromVariable('PORT4ME_PREPEND_SITE') ?? []),
    ],
    include: include === undefined ? includeSite : [...include, ...(includeSite ?? [])],
    exclude: [
      ...(chosen('exclude', 'PORT4ME_EXCLUDE') ?? []),
      ...(fromVariable('PORT4ME_EXCLUDE_SITE') ?? []),
      ...(fromVariable('PORT4ME_EXCLUDE_UNSAFE', '{chrome},{firefox}') ?? []),
    ],
  }
}

/** Every port of the intervals, in order, each once. */
function listPorts(intervals: readonly PortInterval[]): Uint16Array {
  const ports = new Set<number>()
  for (const [first, last] of intervals)
    for (let port = first; port <= last; port++) ports.add(port)
  return Uint16Array.from(ports)
}
