// Lists the candidates, free or not.

import type { Engine } from '../binding.js'
import { type Candidates, eachCandidate, firstCandidates, rankOf } from './candidates.js'
import { reportSettings } from './debug.js'
import { currentEngine, reportOnEngine } from './engine/engine.js'
import type { NameOf } from './settings/options.js'
import { readSettings } from './settings/settings.js'
import { integer } from './settings/values.js'
import type { CandidateOptions } from './types.js'

/** The greatest count that listPorts() accepts. The candidates repeat after at most 65536. */
const MAX_COUNT = 2 ** 24

/**
 * Returns the first candidates, free or not.
 *
 * @param count how many, from 1 to 16777216; after the last candidate the first one comes again
 * @param options settings, or the name of the tool
 * @returns `count` ports; fewer only when all candidates are prepended ports
 * @throws {Port4meError} `ERR_NO_CANDIDATE`, or an error that names a wrong setting
 *
 * @example
 * listPorts(3, { user: 'alice' }) // [30845, 19654, 32310]
 */
export function listPorts(count: number, options?: string | CandidateOptions): number[] {
  return listCandidates(count, options)
}

/**
 * listPorts() for the programs: errors name a setting as `nameOf` does.
 * @internal
 */
export function listCandidates(
  count: number,
  options?: string | CandidateOptions,
  nameOf?: NameOf,
): number[] {
  integer(count, 'count', 1, MAX_COUNT)
  const engine = currentEngine()
  return firstCandidates(readForListing(options, engine, nameOf), engine, count)
}

/**
 * Returns an iterator of the candidates, free or not. After the last candidate the first one comes again, so
 * it has no end. It ends only when all candidates are prepended ports.
 *
 * @param options settings, or the name of the tool; they are read once, at the call
 * @throws {Port4meError} an error that names a wrong setting
 *
 * @example
 * for (const port of portSequence('api')) if (isFreeTcp(port)) break
 */
export function portSequence(options?: string | CandidateOptions): IterableIterator<number> {
  const engine = currentEngine()
  return eachCandidate(readForListing(options, engine), engine)
}

/**
 * Returns how many candidates, free or not, come before a port: its index in {@link portSequence}.
 *
 * @param port from 1 to 65535
 * @param options settings, or the name of the tool
 * @returns 0 for the first candidate; -1 for a port that is not a candidate
 * @throws {Port4meError} `ERR_OUT_OF_RANGE` if `port` is not a port, or an error that names a wrong setting
 *
 * @example
 * portRank(19654, { user: 'alice' }) // 1
 */
export function portRank(port: number, options?: string | CandidateOptions): number {
  integer(port, 'port', 1, 65535)
  const engine = currentEngine()
  return rankOf(port, readForListing(options, engine), engine)
}

function readForListing(
  options: string | CandidateOptions | undefined,
  engine: Engine,
  nameOf?: NameOf,
): Candidates {
  const settings = readSettings(options, engine, 'pick', nameOf)
  if (settings.values.debug) reportSettings(settings, reportOnEngine())
  return settings.candidates
}
