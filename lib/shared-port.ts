// One port for a whole process tree.

import { builtin } from './builtin.js'
import { currentEngine } from './engine/engine.js'
import { pickFrom } from './port4me.js'
import { readVariable, setSharedVariable } from './settings/environment.js'
import { readSettings, type Settings } from './settings/settings.js'
import { integerText } from './settings/values.js'
import type { Port4meOptions } from './types.js'

/**
 * Returns one port for this process and all that it starts: the first call picks, as {@link port4me},
 * and records the port in `process.env`; every later call with the same settings, here or in a
 * descendant, returns the same number, taken or not. For config files that are evaluated again, as
 * Playwright's in each worker and Vite's at a restart, where another pick would find the port taken by
 * the very server under test.
 *
 * Nothing is held: two trees that start at once may pick the same number. Where that can be, start
 * each with `port4me run`. Worker threads have a copy of the variables, made at their start.
 *
 * @param options settings, or the name of the tool; each tool, and each set of settings, has its own port
 * @returns a port from 1 to 65535; -1 when none is free and `mustWork` is false
 * @throws {Port4meError} what {@link port4me} throws; `ERR_OUT_OF_RANGE` when the recorded value is no
 *   port
 *
 * @example
 * // playwright.config.ts
 * const port = sharedPort('e2e')
 * module.exports = {
 *   use: { baseURL: `http://localhost:${port}` },
 *   webServer: { command: `node server.js --port ${port}`, port },
 * }
 */
export function sharedPort(options?: string | Port4meOptions): number {
  const settings = readSettings(options, currentEngine())
  const name = variableOf(settings)
  const recorded = readVariable(name)
  if (recorded !== undefined) return integerText(recorded, name, 1, 65535)
  const port = pickFrom(settings)
  if (port !== -1) setSharedVariable(name, String(port))
  return port
}

/**
 * The variable for these settings: all that a pick follows from. Another version of this package in the same
 * process tree must find it too, so that what goes into it, and in which order, stays as it is.
 */
function variableOf({ identity, candidates, values, asked }: Settings): string {
  const { createHash } = builtin('node:crypto')
  const rest = JSON.stringify([
    identity.user,
    identity.tool,
    [...candidates.prepended],
    candidates.skip,
    values.maxTries,
    values.mustWork,
    asked.question,
    asked.host,
    candidates.share,
  ])
  const hash = createHash('sha256').update(candidates.allowed).update(rest).digest('hex')
  return `PORT4ME_SHARED_${hash.slice(0, 16).toUpperCase()}`
}
