// The entry of `require('port4me')`. It exports the names of index.ts.

import './core.js'
import { currentEngine } from './engine/engine.js'
import { later } from './later.js'

export { Port4meError } from './errors.js'
export { port4me, port4meAsync } from './port4me.js'

/** The functions that are loaded at their first use. */
const LATER = [
  'isFree',
  'isFreeTcp',
  'isFreeUdp',
  'leasePort',
  'leasePorts',
  'leaseService',
  'listHolders',
  'listHoldersAsync',
  'listServices',
  'listPorts',
  'pickRandomUnusedPort',
  'pickUnusedPort',
  'PortReservation',
  'portRange',
  'portRank',
  'portSequence',
  'probe',
  'probeAsync',
  'servicePort',
  'sharedPort',
  'waitForPort',
  'whoHas',
  'whoHasAsync',
] as const

for (const name of LATER) define(name, () => later()[name])
define('engine', () => currentEngine().name)

function define(name: string, get: () => unknown): void {
  Object.defineProperty(module.exports, name, { enumerable: true, get })
}
