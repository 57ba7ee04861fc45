// Explains a verdict on a port for people, with the processes that hold the port, if these can be found.

import { printable } from '../errors.js'
import type { PortStatus } from '../types.js'
import { type Holder, holdersOf } from './holders.js'

export interface Explanation {
  readonly text: string
  readonly json: PortStatus & { readonly holders?: readonly Holder[] }
}

export function explain(status: PortStatus): Explanation {
  const { port, free, reason, protocol, family } = status
  if (free) return { text: `port ${port} is free`, json: status }
  const where = `${{ tcp: 'TCP', udp: 'UDP', both: 'TCP and UDP' }[protocol ?? 'both']}, ${
    { ipv4: 'IPv4', ipv6: 'IPv6', both: 'IPv4 and IPv6' }[family ?? 'both']
  }`
  if (reason === 'denied') {
    const text = `port ${port} is not free: the system denies it, on ${where}; it needs privileges, or a policy reserves it`
    return { text, json: status }
  }
  if (reason === 'time-wait') {
    const text = `port ${port} is not free: connections in TIME_WAIT hold it, on ${where}`
    return { text, json: status }
  }
  const holders = holdersOf(port, protocol ?? 'both')
  const lines = holders.map(({ pid, command }) => `held by process ${pid}: ${printable(command)}`)
  return {
    text: [
      `port ${port} is not free: ${reason === 'leased' ? 'leased' : 'in use'}, on ${where}`,
      ...lines,
    ].join('\n'),
    json: { ...status, holders },
  }
}
