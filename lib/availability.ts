// Is this port free, and if not, why?

import type { Verdicts } from '../binding.js'
import { REASON_MASK, Reason, Refuses } from './codes.js'
import {
  isFree as isPortFree,
  probeAsync as verdictsAsync,
  probe as verdictsOn,
} from './engine/questions.js'
import { Port4meError, quote } from './errors.js'
import { portsInOrder } from './settings/port-bits.js'
import { addPorts, checkCount, type PortIntervals } from './settings/port-spec.js'
import { type PortQuestion, readQuestion } from './settings/question.js'
import { checkNames, integer } from './settings/values.js'
import { nextTurn } from './timers.js'
import type { PortSpec, PortStatus, ProbeOptions } from './types.js'

type Protocol = 'tcp' | 'udp' | 'both'

const OPTIONS_OF_ONE_PROTOCOL = ['family', 'host', 'timeWait'] as const
const OPTIONS = ['protocol', ...OPTIONS_OF_ONE_PROTOCOL] as const

/**
 * Returns whether a port can be bound now: on TCP and UDP, in both families, on every address of this
 * machine. A port is free when a socket can be bound to it. This function binds sockets and closes them.
 *
 * @param port from 1 to 65535
 * @param options what to ask; `protocol` is `'both'` by default
 * @throws {Port4meError} `ERR_OUT_OF_RANGE` if `port` is not a port; `ERR_INVALID_ARG_TYPE` or
 *   `ERR_INVALID_ARG_VALUE` for a wrong option; `ERR_SYSTEM` when the system cannot tell, for example because
 *   no file descriptor is left, or because `host` is not an address of this machine
 *
 * @example
 * if (!isFree(8080)) console.error('something has 8080 already')
 * isFree(8080, { host: '127.0.0.1', protocol: 'tcp' })
 */
export function isFree(port: number, options?: ProbeOptions): boolean {
  return ask(port, options, 'both', OPTIONS)
}

/**
 * Returns whether a TCP server could listen on a port now. Like {@link isFree}, but only for TCP.
 *
 * A server that has just stopped leaves connections in TIME_WAIT. A port that only such connections hold
 * counts as free, because nearly every server sets SO_REUSEADDR and can listen there.
 *
 * @example
 * isFreeTcp(8080, { host: 'localhost' })
 */
export function isFreeTcp(port: number, options?: Omit<ProbeOptions, 'protocol'>): boolean {
  return ask(port, options, 'tcp', OPTIONS_OF_ONE_PROTOCOL)
}

/**
 * Returns whether a UDP socket could be bound to a port now. Like {@link isFree}, but only for UDP.
 *
 * @example
 * isFreeUdp(5353)
 */
export function isFreeUdp(port: number, options?: Omit<ProbeOptions, 'protocol'>): boolean {
  return ask(port, options, 'udp', OPTIONS_OF_ONE_PROTOCOL)
}

/**
 * Returns a verdict on each port: whether it can be bound, and if not, why, and which protocol and family
 * refuse. One call of the addon answers for all ports.
 *
 * @param ports a port, ports, or text such as `'8000-8010,9000'`
 * @param options what to ask; `protocol` is `'both'` by default
 * @returns a status for each port, in the order of `ports`
 * @throws {Port4meError} as {@link isFree} does
 *
 * @example
 * probe([80, 8080]) // [{ port: 80, free: false, reason: 'denied', protocol: 'both', family: 'both' },
 *                   //  { port: 8080, free: true }]
 */
export function probe(ports: PortSpec, options?: ProbeOptions): PortStatus[] {
  return probePorts(readPorts(ports), readPortQuestion(options, 'both'))
}

/**
 * Returns a promise of the same verdicts as {@link probe}. It does not block the event loop.
 *
 * @returns a promise of a status for each port; it rejects with the errors that probe() throws
 *
 * @example
 * const taken = (await probeAsync('8000-8999')).filter(({ free }) => !free)
 */
export async function probeAsync(ports: PortSpec, options?: ProbeOptions): Promise<PortStatus[]> {
  const portQuestion = readPortQuestion(options, 'both')
  const list = readPorts(ports)
  const verdicts = await verdictsAsync(list, portQuestion)
  const statuses: PortStatus[] = []
  while (statuses.length < list.length) {
    const from = statuses.length
    const to = from + STATUSES_A_TURN
    for (const status of statusesOf(list.subarray(from, to), verdicts.subarray(from, to))) {
      statuses.push(status)
    }
    if (statuses.length < list.length) await nextTurn()
  }
  return statuses
}

/** How many statuses are created before the event loop turns. That takes a few milliseconds. */
const STATUSES_A_TURN = 2048

function ask(
  port: number,
  options: ProbeOptions | undefined,
  protocol: Protocol,
  allowed: readonly (keyof ProbeOptions)[],
): boolean {
  integer(port, 'port', 1, 65535)
  return isPortFree(port, readPortQuestion(options, protocol, allowed))
}

/** @internal */
export function probePorts(ports: Uint16Array, portQuestion: PortQuestion): PortStatus[] {
  return statusesOf(ports, verdictsOn(ports, portQuestion))
}

/** @internal */
export function readPortQuestion(
  options: ProbeOptions | undefined,
  protocol: Protocol,
  allowed: readonly (keyof ProbeOptions)[] = OPTIONS,
): PortQuestion {
  if (options !== undefined) checkNames(options, allowed)
  return readQuestion((option) => {
    const value = options?.[option]
    return value === undefined ? undefined : { value, source: `options.${option}` }
  }, protocol)
}

/** @internal */
export function readPorts(ports: PortSpec, source = 'ports'): Uint16Array {
  if (typeof ports === 'string') {
    const intervals: PortIntervals = []
    addPorts(intervals, ports, source, () => undefined)
    return portsInOrder(intervals)
  }
  const list = typeof ports === 'number' ? [ports] : ports
  if (typeof list?.[Symbol.iterator] !== 'function') {
    throw new Port4meError(
      'ERR_INVALID_ARG_TYPE',
      `${source} must be a string, a number or an iterable of numbers, not ${quote(ports)}`,
    )
  }
  const checked: number[] = []
  for (const port of list) {
    checkCount(checked.length, source)
    checked.push(integer(port, `each of ${source}`, 1, 65535))
  }
  return new Uint16Array(checked)
}

const REASONS = {
  [Reason.TIME_WAIT]: 'time-wait',
  [Reason.DENIED]: 'denied',
  [Reason.IN_USE]: 'in-use',
  [Reason.LEASED]: 'leased',
} as const

/** @internal */
export function statusesOf(ports: Uint16Array, verdicts: Verdicts): PortStatus[] {
  const statuses = new Array<PortStatus>(ports.length)
  for (let i = 0; i < ports.length; i++) {
    statuses[i] = statusOf(ports[i] as number, verdicts[i] as number)
  }
  return statuses
}

function statusOf(port: number, verdict: number): PortStatus {
  if (verdict === 0) return { port, free: true }
  const either = <A, B>(a: A, aRefuses: number, b: B, bRefuses: number): A | B | 'both' =>
    (verdict & aRefuses) === 0 ? b : (verdict & bRefuses) === 0 ? a : 'both'
  return {
    port,
    free: false,
    reason: REASONS[(verdict & REASON_MASK) as keyof typeof REASONS],
    protocol: either('tcp', Refuses.TCP, 'udp', Refuses.UDP),
    family: either('ipv4', Refuses.IPV4, 'ipv6', Refuses.IPV6),
  }
}
