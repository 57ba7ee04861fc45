// The part of the package that later.ts loads.

export { isFree, isFreeTcp, isFreeUdp, probe, probeAsync } from './availability.js'
export { noCandidate, noFreePort, shareOf } from './candidates.js'
export { reportPick } from './debug.js'
export { leasePort, leasePorts } from './lease.js'
export { listPorts, portRank, portSequence } from './listing.js'
export { pickRandomUnusedPort, pickUnusedPort, portRange } from './openport.js'
export { PortReservation } from './reservation.js'
export { parseSet, parseUnsafe } from './settings/port-set-texts.js'
export { fromText } from './settings/texts.js'
export { readWorker } from './settings/worker.js'
export { sharedPort } from './shared-port.js'
