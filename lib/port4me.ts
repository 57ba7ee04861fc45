// The main job: settings in, candidates, the first free one, port out.

import type { Engine, PackedPick } from '../binding.js'
import {
  type Candidates,
  countCandidates,
  eachCandidate,
  firstCandidates,
  noCandidate,
  rankOf,
} from './candidates.js'
import { portOf, triesOf } from './codes.js'
import { currentEngine, reportOnEngine } from './engine/engine.js'
import { pick, pickAsync } from './engine/questions.js'
import { asSystemError, Port4meError } from './errors.js'
import type { NameOf } from './settings/given.js'
import { readSettings, type Settings } from './settings/settings.js'
import { integer } from './settings/values.js'
import type { CandidateOptions, Port4meOptions } from './types.js'

/** No array of candidates is longer: they repeat after 65536 at the latest. */
const MAX_COUNT = 2 ** 24

/**
 * Returns this user's own free TCP port: the first free candidate of a sequence that depends on the
 * user and the tool alone, so that it is the same port every day, unless it is taken.
 *
 * @param options settings, or the name of the tool
 * @returns a port from 1 to 65535; -1 when none is free and `mustWork` is false
 * @throws {Port4meError} `ERR_NO_FREE_PORT`, `ERR_NO_CANDIDATE`, `ERR_SYSTEM`, or an error that names
 *   a wrong setting
 *
 * @example
 * const port = port4me()          // 30845 for a user named alice, today and tomorrow
 * const api = port4me('api')      // another port, for another tool
 * const web = port4me({ tool: 'web', include: '8000-8999' })
 */
export function port4me(options?: string | Port4meOptions): number {
  return pickPort(options)
}

/**
 * port4me(), with errors that name settings as `nameOf` does.
 * @internal
 */
export function pickPort(options?: string | Port4meOptions, nameOf?: NameOf): number {
  return pickFrom(readSettings(options, currentEngine(), 'pick', nameOf))
}

/**
 * port4me(), with settings that were read before.
 * @internal
 */
export function pickFrom(settings: Settings): number {
  return foundPort(pick(settings), settings, settings.values.mustWork)
}

/**
 * Returns the same port as {@link port4me}, found off the event loop.
 *
 * @param options settings, or the name of the tool
 * @returns a promise of a port; it rejects with what port4me() throws
 *
 * @example
 * const server = http.createServer().listen(await port4meAsync('api'))
 * server.close()
 */
export async function port4meAsync(options?: string | Port4meOptions): Promise<number> {
  const settings = readSettings(options, currentEngine())
  return foundPort(await pickAsync(settings), settings, settings.values.mustWork)
}

/**
 * Returns the first candidates, free or not.
 *
 * @param count how many, from 1 to 16777216; past the last candidate they start again
 * @param options settings, or the name of the tool
 * @returns `count` ports; fewer only when nothing but prepended ports is a candidate
 * @throws {Port4meError} `ERR_NO_CANDIDATE`, or an error that names a wrong setting
 *
 * @example
 * listPorts(3, { user: 'alice' }) // [30845, 19654, 32310]
 */
export function listPorts(count: number, options?: string | CandidateOptions): number[] {
  return listCandidates(count, options)
}

/**
 * listPorts(), with errors that name settings as `nameOf` does.
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
 * Returns the candidates, free or not, one at a time and without end: after the last one they start
 * again. It ends only when nothing but prepended ports is a candidate.
 *
 * @param options settings, or the name of the tool; read once, at the call
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
 * Returns how many candidates come before a port, free or not: its index in {@link portSequence}.
 *
 * @param port from 1 to 65535
 * @param options settings, or the name of the tool
 * @returns 0 for the first candidate; -1 for a port that is none
 * @throws {Port4meError} `ERR_OUT_OF_RANGE` for no port, or an error that names a wrong setting
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
  if (settings.values.debug) debug().reportSettings(settings, reportOnEngine())
  return settings.candidates
}

function debug(): typeof import('./debug.js') {
  try {
    return require('./debug.js') as typeof import('./debug.js')
  } catch (error) {
    throw asSystemError(error) // for want of descriptors
  }
}

/**
 * The port that a search found. Says what was read and tried where that is asked for. -1 when no port is
 * free and none is needed.
 * @internal
 */
export function foundPort(found: PackedPick, settings: Settings, mustWork: boolean): number {
  const port = portOf(found)
  const tries = triesOf(found)
  if (settings.values.debug) debug().reportPick(settings, reportOnEngine(), port, tries)
  if (port !== 0) return port
  if (tries === 0) throw noCandidate(settings.candidates)
  if (!mustWork) return -1
  throw noFreePort(tries, settings)
}

function noFreePort(tries: number, { candidates, engine }: Settings): Port4meError {
  const count = countCandidates(candidates, engine)
  const tried =
    tries > 1
      ? `${tries} candidates were tried, and each is taken`
      : count > 1
        ? '1 candidate was tried, and it is taken'
        : 'the one candidate is taken'
  const rest = tries < count ? '; more remain, for a higher maxTries (PORT4ME_MAX_TRIES)' : ''
  return new Port4meError('ERR_NO_FREE_PORT', `no free port: ${tried}${rest}`)
}
