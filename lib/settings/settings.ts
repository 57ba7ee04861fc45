// All settings of a call, from options and variables to the form that the engines take.

import type { Engine, Search } from '../../binding.js'
import type { Candidates } from '../candidates.js'
import { askedEngine } from '../engine/test-hook.js'
import { later } from '../later.js'
import { type Environment, readEnvironment } from './environment.js'
import { type Door, type Given, given, isSame, type NameOf, placesOf, readGiven } from './given.js'
import { readAllowed, readPrepended } from './port-sets.js'
import { type Asked, readQuestion } from './question.js'
import { readValues, sourced } from './reading.js'
import { SETTINGS, type Setting, type Values } from './table.js'
import { currentAccount, type Identity, readIdentity } from './user.js'
import type { Share } from './worker.js'

export interface Settings {
  readonly identity: Identity
  readonly candidates: Candidates
  readonly asked: Asked
  readonly values: Values
  /** What the engine is asked. */
  readonly search: Search
  /** Whom to ask. */
  readonly engine: Engine
  readonly environment: Environment
}

/** What settings are read from. */
export interface Source {
  readonly given: Given
  readonly environment: Environment
  readonly nameOf: NameOf
  readonly engine: Engine
}

const optionName: NameOf = (option) => `options.${option}`

/** A part of the settings. It is worked out again only when what it follows from has changed. */
class Part<Value> {
  readonly #places: readonly number[]
  readonly #workOut: (source: Source) => Value
  readonly #isCurrent: (value: Value) => boolean
  #last: { readonly source: Source; readonly value: Value } | undefined

  constructor(
    name: Setting['part'],
    workOut: (source: Source) => Value,
    isCurrent: (value: Value) => boolean = () => true,
  ) {
    this.#places = placesOf(name)
    this.#workOut = workOut
    this.#isCurrent = isCurrent
  }

  read(source: Source): Value {
    const last = this.#last
    if (
      last !== undefined &&
      last.source.environment === source.environment &&
      last.source.nameOf === source.nameOf &&
      isSame(last.source.given, source.given, this.#places) &&
      this.#isCurrent(last.value)
    ) {
      return last.value
    }
    const value = this.#workOut(source)
    this.#last = { source, value }
    return value
  }
}

const hasSameAccount = ({ account }: Identity): boolean =>
  account === undefined || account === currentAccount()

const IDENTITY = new Part('identity', readIdentity, hasSameAccount)
const PREPENDED = new Part('prepended', readPrepended)
const ALLOWED = new Part('allowed', readAllowed)
const ASKED = new Part('asked', (source) =>
  readQuestion((option) => sourced(source, option), SETTINGS.protocol.default),
)
const VALUES = new Part('values', readValues)

// The answer to the same question, asked again: test runners ask it thousands of times.
let last: { readonly source: Source; readonly settings: Settings } | undefined

export function readSettings(
  options: unknown,
  engine: Engine,
  door: Door = 'pick',
  nameOf: NameOf = optionName,
): Settings {
  const source: Source = {
    given: readGiven(options, door, nameOf),
    environment: readEnvironment(engine),
    nameOf,
    engine,
  }
  if (
    last?.source.environment === source.environment &&
    last.source.nameOf === nameOf &&
    isSame(last.source.given, source.given) &&
    hasSameAccount(last.settings.identity)
  ) {
    return last.settings
  }
  const settings = resolve(source)
  last = { source, settings }
  return settings
}

/** What options and variables ask of a port, for a program that picks none. */
export function readAskedFrom(
  options: object,
  engine: Engine,
  defaultProtocol: 'tcp' | 'both',
  nameOf: NameOf,
): Asked {
  const environment = readEnvironment(engine)
  const source: Source = { given: readGiven(options, 'pick', nameOf), environment, nameOf, engine }
  return readQuestion((option) => sourced(source, option), defaultProtocol)
}

function resolve(source: Source): Settings {
  const { engine, environment } = source
  const identity = IDENTITY.read(source)
  const values = VALUES.read(source)
  const asked = ASKED.read(source)
  const all: Candidates = {
    seed: identity.seed,
    allowed: ALLOWED.read(source),
    prepended: PREPENDED.read(source),
    skip: values.skip,
  }
  const share = given(source.given, 'worker') as Share | undefined
  const candidates = share === undefined ? all : later().shareOf(all, share, engine)
  return {
    identity,
    candidates,
    asked,
    values,
    search: searchFor(candidates, values.maxTries, asked),
    engine: askedEngine(engine, environment),
    environment,
  }
}

/** What an engine is asked for the first of these candidates that is free. */
export function searchFor(
  { seed, allowed, prepended, skip }: Candidates,
  maxTries: number,
  { question, host }: Asked,
): Search {
  return [seed, allowed, prepended, skip, maxTries, question, host]
}
