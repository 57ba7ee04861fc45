// Explains a verdict on a port for people, with the processes that hold the port, if these can be found.

import { probePorts } from '../availability.js'
import { currentEngine } from '../engine/engine.js'
import { printable } from '../errors.js'
import { readEnvironment } from '../settings/environment.js'
import { readQuestionFrom } from '../settings/settings.js'
import type { PortStatus } from '../types.js'
import { answer, debug } from './answer.js'
import { type CommandLine, flagOf } from './flags.js'
import { type Holder, holdersOf } from './holders.js'

/** Answers --why. Returns the exit status. */
export function why(port: number, command: CommandLine): number {
  const environment = readEnvironment(currentEngine())
  const question = readQuestionFrom(command.options, currentEngine(), 'both', flagOf)
  const [status] = probePorts(Uint16Array.of(port), question)
  if (status === undefined) throw new Error('a verdict is missing')
  debug(`tested ${port}: ${status.reason ?? 'free'}`, environment, command)
  const { text, json } = explain(status)
  answer(text, json, command)
  return status.free ? 0 : 1
}

interface Explanation {
  readonly text: string
  readonly json: PortStatus & { readonly holders?: readonly Holder[] }
}

function explain(status: PortStatus): Explanation {
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
