// Converts the options of a call and the environment variables to settings, in the form that engines take.

import type { Engine, Search } from '../../binding.js'
import type { Candidates } from '../candidates.js'
import { Ask } from '../codes.js'
import { askedEngine } from '../engine/test-hook.js'
import { later } from '../later.js'
import { type Environment, readEnvironment } from './environment.js'
import {
  isSame,
  type NameOf,
  type OptionValues,
  optionIndexesOf,
  optionValue,
  type Purpose,
  readOptions,
} from './options.js'
import { readAllowed, readPrepended } from './port-sets.js'
import type { PortQuestion } from './question.js'
import { isAnySet, readValues, sourced } from './reading.js'
import { SETTINGS, type Setting, type Values } from './table.js'
import { type Identity, isCurrent, readIdentity } from './user.js'
import type { Share } from './worker.js'

export interface Settings {
  readonly identity: Identity
  readonly candidates: Candidates
  readonly portQuestion: PortQuestion
  readonly values: Values
  /** The arguments of the engine's search. */
  readonly search: Search
  /** The engine to ask. If `_PORT4ME_CHECK_AVAILABLE_PORTS_` is set, it says that every port is free. */
  readonly engine: Engine
  readonly source: Source
}

/** The input from which settings are read. */
export interface Source {
  readonly options: OptionValues
  readonly environment: Environment
  readonly nameOf: NameOf
  readonly engine: Engine
}

const optionName: NameOf = (option) => `options.${option}`

/** A part of the settings. It is computed again only when an option that determines it, or any variable, changes. */
class Part<Value> {
  readonly #optionIndexes: readonly number[]
  readonly #workOut: (source: Source) => Value
  readonly #isCurrent: (value: Value) => boolean
  #last: { readonly source: Source; readonly value: Value } | undefined

  constructor(
    name: Setting['part'],
    workOut: (source: Source) => Value,
    isCurrent: (value: Value) => boolean = () => true,
  ) {
    this.#optionIndexes = optionIndexesOf(name)
    this.#workOut = workOut
    this.#isCurrent = isCurrent
  }

  read(source: Source): Value {
    const last = this.#last
    if (
      last !== undefined &&
      last.source.environment === source.environment &&
      last.source.nameOf === source.nameOf &&
      isSame(last.source.options, source.options, this.#optionIndexes) &&
      this.#isCurrent(last.value)
    ) {
      return last.value
    }
    const value = this.#workOut(source)
    this.#last = { source, value }
    return value
  }
}

const IDENTITY = new Part('identity', readIdentity, isCurrent)
const PREPENDED = new Part('prepended', readPrepended)
const ALLOWED = new Part('allowed', readAllowed)
/** The question if no option asks otherwise: TCP, on both families and every address. A test compares it with the table. */
const DEFAULT_QUESTION: PortQuestion = { question: Ask.TCP + Ask.IPV4 + Ask.IPV6, host: '' }
const PORT_QUESTION = new Part('portQuestion', (source) =>
  isAnySet(['protocol', 'family', 'host', 'timeWait'], source)
    ? later().readQuestion((option) => sourced(source, option), SETTINGS.protocol.default)
    : DEFAULT_QUESTION,
)
const VALUES = new Part('values', readValues)

// The settings of the last call. They are kept, because test runners make the same call thousands of times.
let last: { readonly source: Source; readonly settings: Settings } | undefined

export function readSettings(
  options: unknown,
  engine: Engine,
  purpose: Purpose = 'pick',
  nameOf: NameOf = optionName,
): Settings {
  const source: Source = {
    options: readOptions(options, purpose, nameOf),
    environment: readEnvironment(engine),
    nameOf,
    engine,
  }
  if (
    last?.source.environment === source.environment &&
    last.source.nameOf === nameOf &&
    isSame(last.source.options, source.options) &&
    isCurrent(last.settings.identity)
  ) {
    return last.settings
  }
  const settings = resolve(source)
  last = { source, settings }
  return settings
}

/** Reads only what to ask about a port from options and variables, for `port4me --test` and `--why`. */
export function readQuestionFrom(
  options: object,
  engine: Engine,
  defaultProtocol: 'tcp' | 'both',
  nameOf: NameOf,
): PortQuestion {
  const environment = readEnvironment(engine)
  const source: Source = {
    options: readOptions(options, 'pick', nameOf),
    environment,
    nameOf,
    engine,
  }
  return later().readQuestion((option) => sourced(source, option), defaultProtocol)
}

function resolve(source: Source): Settings {
  const { engine, environment } = source
  const identity = IDENTITY.read(source)
  const values = VALUES.read(source)
  const portQuestion = PORT_QUESTION.read(source)
  const all: Candidates = {
    seed: identity.seed,
    allowed: ALLOWED.read(source),
    prepended: PREPENDED.read(source),
    skip: values.skip,
  }
  const share = optionValue(source.options, 'worker') as Share | undefined
  const candidates = share === undefined ? all : later().shareOf(all, share, engine)
  return {
    identity,
    candidates,
    portQuestion,
    values,
    search: searchFor(candidates, values.maxTries, portQuestion),
    engine: askedEngine(engine, environment),
    source,
  }
}

/** The arguments with which an engine searches for the first free one of these candidates. */
export function searchFor(
  { seed, allowed, prepended, skip }: Candidates,
  maxTries: number,
  { question, host }: PortQuestion,
): Search {
  return [seed, allowed, prepended, skip, maxTries, question, host]
}
