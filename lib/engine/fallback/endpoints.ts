// The endpoints to bind for a question: those of native/probe/prober.cc, as far as Node.js supports them.

import { networkInterfaces } from 'node:os'
import type { Host, Question } from '../../../binding.js'
import { Ask } from '../../codes.js'

/** Whether ports have locks (native/hold/port_lock.h), and whether a server can bind a port that is held. */
export const IS_LINUX = process.platform === 'linux' || process.platform === 'android'

export type Protocol = 'tcp' | 'udp'

/** The protocols that a question asks about. */
export function protocolsOf(question: Question): Protocol[] {
  return (['tcp', 'udp'] as const).filter(
    (protocol) => (question & (protocol === 'tcp' ? Ask.TCP : Ask.UDP)) !== 0,
  )
}

/** One address to bind. The port is an argument of each bind. */
export interface Endpoint {
  readonly protocol: Protocol
  /** An IP literal. */
  readonly address: string
  readonly ipv4: boolean
  readonly ipv6: boolean
  /**
   * Whether one dual-stack socket covers every address of both families. Only for TCP: whether a UDP socket of Node.js
   * is dual-stack depends on net.ipv6.bindv6only.
   */
  readonly everywhere: boolean
  /** Whether the endpoint is skipped if the system does not have the family or the address. */
  readonly optional: boolean
}

/**
 * On Linux a dual-stack bind collides with every other socket on the port. On other systems the wildcard bind of
 * Node.js succeeds even if a program listens on a specific address: on macOS and the BSDs because Node.js sets
 * SO_REUSEADDR, on Windows because it does not set SO_EXCLUSIVEADDRUSE. So each address of the machine is probed there.
 */
const DUAL_STACK_SEES_ALL = IS_LINUX

export function endpointsOf(question: Question, host: Host): Endpoint[] {
  const ipv4 = (question & Ask.IPV4) !== 0
  const ipv6 = (question & Ask.IPV6) !== 0
  const endpoints: Endpoint[] = []
  for (const protocol of protocolsOf(question)) {
    if (host === 'localhost') {
      if (ipv6) endpoints.push(specific(protocol, '::1', ipv4))
      if (ipv4) endpoints.push(specific(protocol, '127.0.0.1', ipv6))
    } else if (host !== '') {
      endpoints.push(specific(protocol, host, false))
    } else if (protocol === 'tcp' && ipv4 && ipv6 && DUAL_STACK_SEES_ALL) {
      endpoints.push({
        protocol,
        address: '::',
        ipv4,
        ipv6,
        everywhere: true,
        optional: false,
      })
    } else {
      endpoints.push(...wildcards(protocol, ipv4, ipv6))
      if (!DUAL_STACK_SEES_ALL) endpoints.push(...eachAddress(protocol, ipv4, ipv6))
    }
  }
  return endpoints
}

/**
 * The endpoints to hold for a question. Systems other than Linux need no socket on each address, because the wildcards
 * keep other holders out.
 */
export function endpointsToHold(question: Question, host: Host): Endpoint[] {
  if (host !== '' || DUAL_STACK_SEES_ALL) return endpointsOf(question, host)
  const [ipv4, ipv6] = [(question & Ask.IPV4) !== 0, (question & Ask.IPV6) !== 0]
  return protocolsOf(question).flatMap((protocol) => wildcards(protocol, ipv4, ipv6))
}

/** Splits an endpoint of both families into one endpoint for each family. Returns any other endpoint unchanged. */
export function byFamily(endpoint: Endpoint): Endpoint[] {
  return endpoint.everywhere ? wildcards(endpoint.protocol, true, true) : [endpoint]
}

/** The IPv6-only wildcard, the IPv4 wildcard, or both. */
function wildcards(protocol: Protocol, ipv4: boolean, ipv6: boolean): Endpoint[] {
  const optional = ipv4 && ipv6
  const endpoints: Endpoint[] = []
  if (ipv6) endpoints.push(specific(protocol, '::', optional))
  if (ipv4) endpoints.push(specific(protocol, '0.0.0.0', optional))
  return endpoints
}

function specific(protocol: Protocol, address: string, optional: boolean): Endpoint {
  const ipv6 = address.includes(':')
  return { protocol, address, ipv4: !ipv6, ipv6, everywhere: false, optional }
}

function eachAddress(protocol: Protocol, ipv4: boolean, ipv6: boolean): Endpoint[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family }) => (family === 'IPv6' ? ipv6 : ipv4))
    .map(({ address, scopeid }) =>
      specific(protocol, scopeid ? `${address}%${scopeid}` : address, true),
    )
}
