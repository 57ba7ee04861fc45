// Who has the port that could not be picked, or on which a server could not listen? For the messages of errors.

import { Ask } from '../codes.js'
import { holdersEngine } from '../engine/engine.js'
import type { PortQuestion } from '../settings/question.js'
import type { HolderState, ListHoldersOptions, PortHolder } from '../types.js'
import { listHolders, listHoldersAsync, whoHasAsync } from './holders.js'
import { inBrief } from './texts.js'

/** A taken port, and in a few words who has it. */
export interface Taken {
  readonly port: number
  readonly by: string
}

/** The states in which a socket keeps others from the port. The first ones matter most. */
const STATES: readonly HolderState[] = ['listening', 'bound', 'connected']

/**
 * Returns the first of these ports that somebody is known to have. Undefined if nobody is, or if that cannot be found
 * out: the error whose message needs the answer is thrown in any case, so a failure here must not replace it.
 */
export function firstTaken(ports: readonly number[], question: PortQuestion): Taken | undefined {
  try {
    if (!isQuick()) return undefined
    return describe(ports, question, listHolders(optionsFor(ports, question)))
  } catch {
    return undefined
  }
}

/** Like firstTaken(), but does not block the event loop. */
export async function firstTakenAsync(
  ports: readonly number[],
  question: PortQuestion,
): Promise<Taken | undefined> {
  try {
    if (!isQuick()) return undefined
    return describe(ports, question, await listHoldersAsync(optionsFor(ports, question)))
  } catch {
    return undefined
  }
}

/** Who listens on a TCP port, in a few words. Undefined if that is not known. Does not block the event loop. */
export async function listenerOf(port: number): Promise<string | undefined> {
  try {
    if (!isQuick()) return undefined
    const [first] = await whoHasAsync(port, { protocol: 'tcp', states: ['listening'] })
    return first === undefined ? undefined : inBrief(first)
  } catch {
    return undefined
  }
}

/**
 * Whether to look at all. Outside Linux the TypeScript engine starts another program, which takes too long. In Deno the
 * look may need permissions, for which it asks the user.
 */
function isQuick(): boolean {
  const isDirect = process.platform === 'linux' || holdersEngine().name === 'native'
  return isDirect && process.versions.deno === undefined
}

function optionsFor(ports: readonly number[], { question }: PortQuestion): ListHoldersOptions {
  const has = (part: number) => (question & part) !== 0
  return {
    ports,
    protocol: has(Ask.TCP) ? (has(Ask.UDP) ? 'both' : 'tcp') : 'udp',
    family: has(Ask.IPV4) ? (has(Ask.IPV6) ? 'both' : 'ipv4') : 'ipv6',
    states: STATES,
  }
}

function describe(
  ports: readonly number[],
  { host }: PortQuestion,
  holders: readonly PortHolder[],
): Taken | undefined {
  for (const port of ports) {
    const [first] = holders
      .filter((holder) => holder.port === port && isOn(holder, host))
      .sort((a, b) => STATES.indexOf(a.state) - STATES.indexOf(b.state))
    const name = first === undefined ? undefined : inBrief(first)
    if (first === undefined || name === undefined) continue
    if (first.lease) return { port, by: `a lease of ${name}` }
    return { port, by: first.state === 'connected' ? `a connection of ${name}` : name }
  }
  return undefined
}

/** Whether a socket keeps others from the host of a question. `''` and wildcards are all addresses. */
function isOn({ address }: PortHolder, host: string): boolean {
  if (host === '' || address === undefined || address === '0.0.0.0' || address === '::') return true
  if (host === 'localhost') return address === '::1' || address.startsWith('127.')
  return address === host
}
