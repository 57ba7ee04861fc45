// One port for a whole process tree.

import { builtin } from './builtin.js'
import { currentEngine } from './engine/engine.js'
import { pickFrom } from './port4me.js'
import { readVariable, setSharedVariable } from './settings/environment.js'
import { readSettings, type Settings } from './settings/settings.js'
import { integerText } from './settings/texts.js'
import type { Port4meOptions } from './types.js'

/**
 * Returns one port for this process and all its descendants. The first call picks a port as {@link port4me} does,
 * and records it in `process.env`. Every later call with the same settings, in this process or in a descendant,
 * returns the same port, even if it is taken.
 *
 * Use it in config files that are evaluated several times: Playwright evaluates its config in each worker, Vite
 * at each restart. There another pick would find the port taken by the server under test.
 *
 * The port is not held, so two process trees that start at the same time may pick the same port. If that can
 * happen, start each with `port4me run`. A worker thread has a copy of the variables from when it was started.
 *
 * @param options settings, or the name of the tool; each tool, and each set of settings, has its own port
 * @returns a port from 1 to 65535; -1 when none is free and `mustWork` is false
 * @throws {Port4meError} the errors of {@link port4me}; `ERR_OUT_OF_RANGE` when the recorded value is not a port
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
 * The name of the variable for these settings. It is a hash of everything that determines a pick. Another version
 * of this package in the same process tree must find the same name, so the hashed values and their order must
 * not change.
 */
function variableOf({ identity, candidates, values, portQuestion }: Settings): string {
  const { createHash } = builtin('node:crypto')
  const rest = JSON.stringify([
    identity.user,
    identity.tool,
    [...candidates.prepended],
    candidates.skip,
    values.maxTries,
    values.mustWork,
    portQuestion.question,
    portQuestion.host,
    candidates.share,
  ])
  const hash = createHash('sha256').update(candidates.allowed).update(rest).digest('hex')
  return `PORT4ME_SHARED_${hash.slice(0, 16).toUpperCase()}`
}
