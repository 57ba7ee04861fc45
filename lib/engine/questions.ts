// All questions about ports to the engine go through this file. It converts the error of a failed system call to an
// error of this package.

import type {
  Engine,
  Hold,
  HoldersArguments,
  HoldersReport,
  PackedPick,
  Search,
  Verdicts,
} from '../../binding.js'
import { asSystemError } from '../errors.js'
import type { PortQuestion } from '../settings/question.js'
import { holdersEngine } from './engine.js'
import { askedEngine } from './test-hook.js'

/** The engine to ask, and the arguments of its search. */
export interface Searching {
  readonly engine: Engine
  readonly search: Search
}

/** Returns the first candidate that is free. */
export function pick({ engine, search }: Searching): PackedPick {
  try {
    return engine.pick(...search)
  } catch (error) {
    throw ofHost(error, search)
  }
}

export async function pickAsync({ engine, search }: Searching): Promise<PackedPick> {
  try {
    return await engine.pickAsync(...search)
  } catch (error) {
    throw ofHost(error, search)
  }
}

/** Holds the first candidate that can be held. */
export function hold({ engine, search }: Searching, exclusive: boolean, label = ''): Hold {
  try {
    return engine.hold(...search, exclusive, label)
  } catch (error) {
    throw ofHost(error, search)
  }
}

export function isFree(port: number, { question, host }: PortQuestion): boolean {
  try {
    return askedEngine().isFree(port, question, host)
  } catch (error) {
    throw asSystemError(error, host)
  }
}

export function probe(ports: Uint16Array, { question, host }: PortQuestion): Verdicts {
  try {
    return askedEngine().probe(ports, question, host)
  } catch (error) {
    throw asSystemError(error, host)
  }
}

export async function probeAsync(
  ports: Uint16Array,
  { question, host }: PortQuestion,
): Promise<Verdicts> {
  try {
    return await askedEngine().probeAsync(ports, question, host)
  } catch (error) {
    throw asSystemError(error, host)
  }
}

const NO_SEQUENCE = new Uint8Array(65536 / 8)

/** Returns the first of these ports that is free, in the form that pick() returns. */
export function pickAmong(ports: Uint16Array, { question, host }: PortQuestion): PackedPick {
  const search = [0, NO_SEQUENCE, ports, 0, ports.length, question, host] as const
  return pick({ engine: askedEngine(), search })
}

/** Returns a port that the system chooses. 0: the system has no port left. */
export function ephemeralPort({ question, host }: PortQuestion): number {
  try {
    return askedEngine().ephemeralPort(question, host)
  } catch (error) {
    throw asSystemError(error, host)
  }
}

export function holdersOf(args: HoldersArguments): HoldersReport {
  try {
    return holdersEngine().holders(...args)
  } catch (error) {
    throw asSystemError(error)
  }
}

export async function holdersAsyncOf(args: HoldersArguments): Promise<HoldersReport> {
  try {
    return await holdersEngine().holdersAsync(...args)
  } catch (error) {
    throw asSystemError(error)
  }
}

function ofHost(error: unknown, search: Search): unknown {
  return asSystemError(error, search[6])
}
