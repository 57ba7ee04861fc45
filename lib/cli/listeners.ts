// Who serves a port, and who serves the port of a service?

import { Ask } from '../codes.js'
import { listHolders } from '../holders/holders.js'
import { isOf, type Service, type Whereabouts } from '../services/services.js'
import type { PortHolder } from '../types.js'

/** Whether a process serves its port. UDP has no listen(2), so each bound socket counts that is not only a lease. */
export function isListener({ protocol, state, lease }: PortHolder): boolean {
  return state === 'listening' || (protocol === 'udp' && state === 'bound' && !lease)
}

/** Where a service runs. */
type Place = NonNullable<Whereabouts['running']>

/**
 * Whether a holder of the port where a service runs belongs to the service: it has its lease, was started by the
 * process that has the lease, or works in the folder of the project. A socket of another protocol does not.
 */
export function isOfService(service: Service, { holder }: Place, other: PortHolder): boolean {
  const { project, settings } = service
  const { pid, cwd, container, parents = [] } = other
  const protocol = other.protocol === 'tcp' ? Ask.TCP : Ask.UDP
  if (pid === undefined || (settings.portQuestion.question & protocol) === 0) return false
  return (
    pid === holder.pid ||
    parents.some((parent) => parent.pid === holder.pid) ||
    (container === undefined && isOf(project, cwd)) // the path in a container is not a path here
  )
}

/** The process that serves a service, or that has leased its port if none serves it yet. */
export function serverOf(service: Service, place: Place): PortHolder {
  const holders = listHolders({ ports: [place.port] })
  return (
    holders.find((other) => isListener(other) && isOfService(service, place, other)) ?? place.holder
  )
}
