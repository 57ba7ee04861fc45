// The main job: settings in, candidates, the first free one, port out.

import type { Engine, Pick } from '../binding.js'
import {
  eachCandidate,
  firstCandidates,
  noCandidate,
  onePeriod,
  prependedAfterSkip,
  rankOf,
} from './candidates.js'
import { currentEngine, reportOnEngine } from './engine/engine.js'
import { asSystemError, Port4meError } from './errors.js'
import { type NameOf, readSettings, type Settings } from './settings/settings.js'
import { integer } from './settings/values.js'
import type { CandidateOptions, Port4meOptions } from './types.js'

/**
 * No array of candidates is longer: they repeat after 65536 at the latest.
 * @internal
 */
export const MAX_COUNT = 2 ** 24

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
  const engine = currentEngine()
  return pickFrom(readSettings(options, engine, nameOf), engine)
}

/**
 * port4me(), with settings that were read before.
 * @internal
 */
export function pickFrom(settings: Settings, engine: Engine): number {
  if (settings.everyPortIsFree) return firstPort(settings, engine)
  let pick: Pick
  try {
    pick = engine.pick(
      settings.seed,
      settings.candidates,
      settings.prepend,
      settings.skip,
      settings.maxTries,
      settings.question,
      settings.host,
    )
  } catch (error) {
    throw asSystemError(error, settings.host)
  }
  return portOf(pick, settings, engine)
}

/**
 * Returns the same port as {@link port4me}, found off the event loop.
 *
 * @param options settings, or the name of the tool
 * @returns a promise of a port; it rejects with what port4me() throws
 *
 * @example
 * server.listen(await port4meAsync('api'))
 */
export async function port4meAsync(options?: string | Port4meOptions): Promise<number> {
  const engine = currentEngine()
  const settings = readSettings(options, engine)
  if (settings.everyPortIsFree) return firstPort(settings, engine)
  let pick: Pick
  try {
    pick = await engine.pickAsync(
      settings.seed,
      settings.candidates,
      settings.prepend,
      settings.skip,
      settings.maxTries,
      settings.question,
      settings.host,
    )
  } catch (error) {
    throw asSystemError(error, settings.host)
  }
  return portOf(pick, settings, engine)
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
 * for (const port of portSequence('api')) if (await serve(port)) break
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
): Settings {
  const settings = readSettings(options, engine, nameOf)
  if (settings.debug) debug().reportSettings(settings, reportOnEngine())
  return settings
}

function debug(): typeof import('./debug.js') {
  try {
    return require('./debug.js') as typeof import('./debug.js')
  } catch (error) {
    throw asSystemError(error) // for want of descriptors
  }
}

function firstPort(settings: Settings, engine: Engine): number {
  const [port] = firstCandidates(settings, engine, 1)
  return portOf(65536 + (port ?? 0), settings, engine)
}

/**
 * The port of a pick; what was read and tried is told where that is asked for.
 * @internal
 */
export function portOf(pick: Pick, settings: Settings, engine: Engine): number {
  const port = pick % 65536
  const tries = Math.floor(pick / 65536)
  if (settings.debug) debug().reportPick(settings, engine, reportOnEngine(), port, tries)
  if (port !== 0) return port
  if (tries === 0) throw noCandidate(settings)
  if (!settings.mustWork) return -1
  throw noFreePort(tries, settings, engine)
}

function noFreePort(tries: number, settings: Settings, engine: Engine): Port4meError {
  const candidates = prependedAfterSkip(settings).length + onePeriod(settings, engine).length
  const tried =
    tries > 1
      ? `${tries} candidates were tried, and each is taken`
      : candidates > 1
        ? '1 candidate was tried, and it is taken'
        : 'the one candidate is taken'
  const rest = tries < candidates ? '; more remain, for a higher maxTries (PORT4ME_MAX_TRIES)' : ''
  return new Port4meError('ERR_NO_FREE_PORT', `no free port: ${tried}${rest}`)
}
