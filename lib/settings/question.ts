// What to ask of a port, from options and variables to the form that the engines take.

import type { Host, Question } from '../../binding.js'
import { Port4meError, quote } from '../errors.js'
import { Flag } from '../question.js'
import type { ProbeOptions } from '../types.js'
import { nonEmptyText, oneOf } from './values.js'

/** A value and where it was read; undefined: nowhere. */
export type Sourced = { readonly value: unknown; readonly source: string } | undefined

export interface Asked {
  readonly question: Question
  readonly host: Host
}

const PROTOCOLS = { tcp: Flag.TCP, udp: Flag.UDP, both: Flag.TCP | Flag.UDP }
const FAMILIES = { ipv4: Flag.IPV4, ipv6: Flag.IPV6, both: Flag.IPV4 | Flag.IPV6 }
const TIME_WAIT = { free: 0, busy: Flag.TIME_WAIT_IS_BUSY }

export function readQuestion(
  read: (option: keyof ProbeOptions) => Sourced,
  defaultProtocol: 'tcp' | 'udp' | 'both',
): Asked {
  const family = read('family')
  const families = choose(family, FAMILIES, 'both')
  const question =
    choose(read('protocol'), PROTOCOLS, defaultProtocol) +
    families +
    choose(read('timeWait'), TIME_WAIT, 'free')
  const host = read('host')
  return { question, host: host === undefined ? '' : readHost(host, families, family) }
}

function choose<Choice extends string>(
  sourced: Sourced,
  choices: Readonly<Record<Choice, number>>,
  byDefault: Choice,
): number {
  if (sourced === undefined) return choices[byDefault]
  return choices[oneOf(sourced.value, sourced.source, Object.keys(choices) as Choice[])]
}

function readHost(
  { value, source }: NonNullable<Sourced>,
  families: number,
  family: Sourced,
): Host {
  const host = nonEmptyText(value, source)
  if (host === 'localhost') return host
  // Not loaded before a host is given: it takes longer to load than all of this package.
  const { isIP } = require('node:net') as typeof import('node:net')
  const version = isIP(host)
  if (version === 0) {
    throw new Port4meError(
      'ERR_INVALID_ARG_VALUE',
      `${source} must be an IP literal or "localhost", not ${quote(host)}`,
    )
  }
  if ((families & (version === 6 ? Flag.IPV6 : Flag.IPV4)) === 0) {
    throw new Port4meError(
      'ERR_INVALID_ARG_VALUE',
      `${source} must be of the family that ${family?.source} names, ${quote(family?.value)}, not ${quote(host)}`,
    )
  }
  return host
}
