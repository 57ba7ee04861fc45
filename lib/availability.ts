// Is this port free?

import { currentEngine } from './engine/engine.js'
import { asSystemError } from './errors.js'
import { EVERYWHERE, TCP_ON_BOTH_FAMILIES } from './question.js'
import { readEnvironment } from './settings/environment.js'
import { everyPortIsFree } from './settings/settings.js'
import { integer } from './settings/values.js'

/**
 * Returns whether a TCP server could listen on a port now, on every address of this machine, in
 * both families. A port is free when a socket could be bound to it; this binds one and lets it go.
 *
 * A port that only connections in TIME_WAIT hold, as a server leaves them that just stopped, is free:
 * a server that sets SO_REUSEADDR, as nearly all do, can listen there.
 *
 * @param port from 1 to 65535
 * @throws {Port4meError} `ERR_OUT_OF_RANGE` for no port; `ERR_SYSTEM` when the system cannot tell,
 *   for instance for want of file descriptors
 *
 * @example
 * if (!isFreeTcp(8080)) console.error('something listens on 8080 already')
 */
export function isFreeTcp(port: number): boolean {
  integer(port, 'port', 1, 65535)
  const engine = currentEngine()
  if (everyPortIsFree(readEnvironment(engine))) return true
  try {
    return engine.isFree(port, TCP_ON_BOTH_FAMILIES, EVERYWHERE)
  } catch (error) {
    throw asSystemError(error)
  }
}
