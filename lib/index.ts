// The public names, and nothing else. In dist/ main.ts gives them, those of rest.ts at their first use.

/**
 * Every function, class and type of `import ... from 'port4me'`.
 *
 * @module port4me
 */

export { isFree, isFreeTcp, isFreeUdp, probe, probeAsync } from './availability.js'
export { Port4meError, type Port4meErrorCode } from './errors.js'
export { listHolders, listHoldersAsync, whoHas, whoHasAsync } from './holders/holders.js'
export { leasePort, leasePorts } from './lease.js'
export { listPorts, portRank, portSequence } from './listing.js'
export { type PortRange, pickRandomUnusedPort, pickUnusedPort, portRange } from './openport.js'
export { port4me, port4meAsync } from './port4me.js'
export { PortReservation } from './reservation.js'
export { leaseService, listServices, servicePort } from './services/services.js'
export { sharedPort } from './shared-port.js'
export type {
  CandidateOptions,
  HolderOptions,
  HolderState,
  LeaseOptions,
  Listenable,
  ListenOptions,
  ListHoldersOptions,
  Port4meOptions,
  PortHolder,
  PortLease,
  PortSpec,
  PortStatus,
  ProbeOptions,
  ProcessName,
  ServiceOptions,
  ServiceStatus,
  WaitOptions,
  WorkerShare,
} from './types.js'
export { waitForPort } from './wait.js'

/**
 * Which engine answers: the C++ addon, or the TypeScript engine where no addon loads. The first
 * look at it loads the engine, as the first question does. An ESM import looks at once, and finds
 * undefined where `require` throws.
 *
 * @throws {Port4meError} `ERR_NO_ENGINE` when `PORT4ME_ENGINE` is `native` and no addon loads
 *
 * @example
 * console.log(engine) // 'native'
 */
export declare const engine: 'native' | 'fallback'
