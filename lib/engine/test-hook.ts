// If _PORT4ME_CHECK_AVAILABLE_PORTS_ is `any`, every port counts as free. The tests of the reference implementations
// need this.

import type { Engine } from '../../binding.js'
import { packFound } from '../codes.js'
import { Port4meError, quote } from '../errors.js'
import { type Environment, readEnvironment } from '../settings/environment.js'
import { currentEngine } from './engine.js'

/** Returns the engine to ask whether ports are free: the current one, unless the variable says that all are free. */
export function askedEngine(
  engine: Engine = currentEngine(),
  environment: Environment = readEnvironment(engine),
): Engine {
  const value = environment._PORT4ME_CHECK_AVAILABLE_PORTS_
  if (value === undefined) return engine
  if (value === 'any') return believing(engine)
  throw new Port4meError(
    'ERR_INVALID_ARG_VALUE',
    `_PORT4ME_CHECK_AVAILABLE_PORTS_ must be "any" or not set, not ${quote(value)}`,
  )
}

/** Returns an engine that calls every port free. Its holds are real, because a hold must keep its port. */
function believing(engine: Engine): Engine {
  const pick: Engine['pick'] = (seed, allowed, prepended, skip) => {
    const first = prepended[skip]
    if (first !== undefined) return packFound(1, first)
    const out = new Uint16Array(1)
    const hasAny = engine.sequence(seed, allowed, Math.max(skip - prepended.length, 0), out)
    return hasAny ? packFound(1, out[0] as number) : 0
  }
  return {
    ...engine,
    pick,
    pickAsync: async (...search) => pick(...search),
    isFree: () => true,
    probe: (ports) => new Uint8Array(ports.length),
    probeAsync: async (ports) => new Uint8Array(ports.length),
  }
}
