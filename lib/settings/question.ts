// Converts options and variables to a question about ports, in the form that engines take.

import type { Host, Question } from '../../binding.js'
import { builtin } from '../builtin.js'
import { Ask } from '../codes.js'
import { Port4meError, quote } from '../errors.js'
import type { ProbeOptions } from '../types.js'
import type { Sourced } from './reading.js'
import { nonEmptyText, oneOf } from './values.js'

/** What to ask about ports: the two arguments that each question of an engine has. */
export interface PortQuestion {
  readonly question: Question
  readonly host: Host
}

const PROTOCOLS = { tcp: Ask.TCP, udp: Ask.UDP, both: Ask.TCP | Ask.UDP }
const FAMILIES = { ipv4: Ask.IPV4, ipv6: Ask.IPV6, both: Ask.IPV4 | Ask.IPV6 }
const TIME_WAIT = { free: 0, busy: Ask.STRICT_TIME_WAIT }

export function readQuestion(
  read: (option: keyof ProbeOptions) => Sourced,
  defaultProtocol: 'tcp' | 'udp' | 'both',
): PortQuestion {
  const family = read('family')
  const families = choose(family, FAMILIES, 'both')
  const rest =
    choose(read('protocol'), PROTOCOLS, defaultProtocol) +
    choose(read('timeWait'), TIME_WAIT, 'free')
  const sourced = read('host')
  if (sourced === undefined) return { question: rest + families, host: '' }
  const host = readHost(sourced)
  if (host === 'localhost') return { question: rest + families, host }
  const ofHost = host.includes(':') ? Ask.IPV6 : Ask.IPV4
  if ((families & ofHost) === 0) {
    throw new Port4meError(
      'ERR_INVALID_ARG_VALUE',
      `${sourced.source} must be an address of the family ${quote(family?.value)} (${family?.source}), not ${quote(sourced.value)}`,
    )
  }
  // A wildcard is passed as its families. `::` means both, unless the family is IPv6, as with listen() of a server.
  if (host === '::') return { question: rest + families, host: '' }
  if (host === '0.0.0.0') return { question: rest + Ask.IPV4, host: '' }
  return { question: rest + families, host }
}

function choose<Choice extends string>(
  sourced: Sourced,
  choices: Readonly<Record<Choice, number>>,
  byDefault: Choice,
): number {
  if (sourced === undefined) return choices[byDefault]
  return choices[oneOf(sourced.value, sourced.source, Object.keys(choices) as Choice[])]
}

/** Reads `localhost` or an IP literal. Returns the shortest form, and IPv4 for an IPv4-mapped literal (RFC 4291). */
function readHost({ value, source }: NonNullable<Sourced>): Host {
  const host = nonEmptyText(value, source)
  if (host === 'localhost') return host
  // node:net is loaded only when there is a host, because it takes longer to load than all of this package.
  const { isIP, SocketAddress } = builtin('node:net')
  switch (isIP(host)) {
    case 4:
      return host
    case 6: {
      const [literal = '', zone] = host.split('%')
      const { address } = new SocketAddress({ address: literal, family: 'ipv6' })
      const mapped = /^::ffff:([\d.]+)$/.exec(address)?.[1]
      return mapped ?? (zone === undefined ? address : `${address}%${zone}`)
    }
    default:
      throw new Port4meError(
        'ERR_INVALID_ARG_VALUE',
        `${source} must be an IP literal or "localhost", not ${quote(host)}`,
      )
  }
}
