// The main job: read the settings, work out the candidates, find the first free one, return its port.

import type { PackedPick } from '../binding.js'
import { portOf, triesOf } from './codes.js'
import { currentEngine, reportOnEngine } from './engine/engine.js'
import { pick, pickAsync } from './engine/questions.js'
import { later } from './later.js'
import type { NameOf } from './settings/options.js'
import { readSettings, type Settings } from './settings/settings.js'
import type { Port4meOptions } from './types.js'

/**
 * Returns this user's own free TCP port. It is the first free candidate of a sequence that depends only on
 * the user and the tool. So it is the same port every day, unless it is taken.
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
 * Does what port4me() does, for the programs. Errors call a setting by the name that `nameOf` returns (`--skip`).
 * @internal
 */
export function pickPort(options?: string | Port4meOptions, nameOf?: NameOf): number {
  return pickFrom(readSettings(options, currentEngine(), 'pick', nameOf))
}

/**
 * Does what port4me() does, with settings that were read before.
 * @internal
 */
export function pickFrom(settings: Settings): number {
  return foundPort(pick(settings), settings, settings.values.mustWork)
}

/**
 * Returns a promise of the same port as {@link port4me}. The search does not block the event loop.
 *
 * @param options settings, or the name of the tool
 * @returns a promise of a port; it rejects with the errors that port4me() throws
 *
 * @example
 * const server = http.createServer().listen(await port4meAsync('api'))
 * server.close()
 */
export async function port4meAsync(options?: string | Port4meOptions): Promise<number> {
  const settings = readSettings(options, currentEngine())
  const { mustWork } = settings.values
  const found = await pickAsync(settings)
  const port = foundPort(found, settings, false)
  if (port === -1 && mustWork) throw await later().noFreePortAsync(triesOf(found), settings)
  return port
}

/**
 * Returns the port that a search found; -1 when no candidate was free and `mustWork` is false. Otherwise throws an
 * error. If the option `debug` is set, prints what was read and tried.
 * @internal
 */
export function foundPort(found: PackedPick, settings: Settings, mustWork: boolean): number {
  const port = portOf(found)
  const tries = triesOf(found)
  if (settings.values.debug) later().reportPick(settings, reportOnEngine(), port, tries)
  if (port !== 0) return port
  if (tries === 0) throw later().noCandidate(settings.candidates)
  if (!mustWork) return -1
  throw later().noFreePort(tries, settings)
}
