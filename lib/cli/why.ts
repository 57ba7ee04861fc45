// Explains a verdict on a port for people, with the processes that hold the port, if these can be found.

import { probePorts } from '../availability.js'
import { currentEngine } from '../engine/engine.js'
import { printable } from '../errors.js'
import { type ExcludedRange, excludedRange } from '../holders/excluded.js'
import { whoHas } from '../holders/holders.js'
import { ageOf, placeOf, userOf } from '../holders/texts.js'
import { readEnvironment } from '../settings/environment.js'
import { readQuestionFrom } from '../settings/settings.js'
import type { PortHolder, PortStatus } from '../types.js'
import { answer, debug } from './answer.js'
import { type CommandLine, flagOf } from './flags.js'

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
  readonly json: PortStatus & {
    readonly holders?: readonly PortHolder[]
    readonly excluded?: ExcludedRange
  }
}

function explain(status: PortStatus): Explanation {
  const { port, free, reason, protocol, family } = status
  if (free) return { text: `port ${port} is free`, json: status }
  const where = `${{ tcp: 'TCP', udp: 'UDP', both: 'TCP and UDP' }[protocol ?? 'both']}, ${
    { ipv4: 'IPv4', ipv6: 'IPv6', both: 'IPv4 and IPv6' }[family ?? 'both']
  }`
  if (reason === 'denied') {
    const excluded = excludedRange(port, protocol === 'udp' ? 'udp' : 'tcp')
    return {
      text: `port ${port} is not free: the system denies it, on ${where}; ${reasonOf(excluded)}`,
      json: { ...status, ...(excluded && { excluded }) },
    }
  }
  if (reason === 'time-wait') {
    const text = `port ${port} is not free: connections in TIME_WAIT hold it, on ${where}`
    return { text, json: status }
  }
  const holders = holdersOf(status)
  return {
    text: [
      `port ${port} is not free: ${reason === 'leased' ? 'leased' : 'in use'}, on ${where}`,
      ...new Set(holders.map(lineOn)),
    ].join('\n'),
    json: { ...status, holders },
  }
}

/** Why the system denies a port. */
function reasonOf(excluded: ExcludedRange | undefined): string {
  if (excluded === undefined) return 'it needs privileges, or a policy reserves it'
  return `Windows excludes the ports from ${excluded.first} to ${excluded.last}`
}

/** Who keeps others from the port: a listener, or who has bound it. If there is none, a connection can be the reason. */
function holdersOf({ port, protocol, family }: PortStatus): readonly PortHolder[] {
  const holders = whoHas(port, { protocol, family, states: ['listening', 'bound', 'connected'] })
  const kept = holders.filter(({ state }) => state !== 'connected')
  return kept.length > 0 ? kept : holders
}

function lineOn(holder: PortHolder): string {
  const { pid, command, name, state, lease, port } = holder
  const user = userOf(holder)
  const how = lease ? 'leased by' : state === 'connected' ? 'connection of' : 'held by'
  if (pid === undefined) {
    const own = process.geteuid?.()
    if (user === undefined || own === 0 || holder.uid === own) {
      return `${how} the system itself, or a process that cannot be seen from here`
    }
    return `${how} a process of user ${printable(user)}; to see it: sudo port4me --why=${port}`
  }
  const age = ageOf(holder)
  const facts = [user && `user ${user}`, placeOf(holder), age && `started ${age} ago`]
    .filter(Boolean)
    .join(', ')
  const what = command ?? name
  return printable(
    `${how} process ${pid}${facts && ` (${facts})`}${what === undefined ? '' : `: ${what}`}`,
  )
}
