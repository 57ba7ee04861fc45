// The one door to the engine for questions about ports: what a failed system call throws is this package's error.

import type { Engine, Hold, PackedPick, Search, Verdicts } from '../../binding.js'
import { asSystemError } from '../errors.js'
import type { PortQuestion } from '../settings/question.js'
import { askedEngine } from './test-hook.js'

/** Who to ask, and for what. */
export interface Searching {
  readonly engine: Engine
  readonly search: Search
}

/** The first candidate that is free. */
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

/** The first candidate that can be held, held. */
export function hold({ engine, search }: Searching, exclusive: boolean): Hold {
  try {
    return engine.hold(...search, exclusive)
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

/** The first of these ports that is free, as pick() answers. */
export function pickAmong(ports: Uint16Array, { question, host }: PortQuestion): PackedPick {
  const search = [0, NO_SEQUENCE, ports, 0, ports.length, question, host] as const
  return pick({ engine: askedEngine(), search })
}

/** A port that the system chooses; 0: it has none left. */
export function ephemeralPort({ question, host }: PortQuestion): number {
  try {
    return askedEngine().ephemeralPort(question, host)
  } catch (error) {
    throw asSystemError(error, host)
  }
}

function ofHost(error: unknown, search: Search): unknown {
  return asSystemError(error, search[6])
}
