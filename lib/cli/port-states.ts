// What each of the 65,536 ports of this machine is: free, in use, leased ...

import { dirname } from 'node:path'
import { readPortQuestion } from '../availability.js'
import { REASON_MASK, Reason } from '../codes.js'
import { currentEngine } from '../engine/engine.js'
import { probe } from '../engine/questions.js'
import { asSystemError, Port4meError } from '../errors.js'
import { listHolders } from '../holders/holders.js'
import { nameOfFolder, projectFolder, workingFolder } from '../project.js'
import { isOf, isOwn } from '../services/services.js'
import { ephemeralPorts } from '../settings/ephemeral-ports.js'
import { readSettings } from '../settings/settings.js'
import type { PortHolder } from '../types.js'
import { flagOf } from './flags.js'
import { isListener } from './listeners.js'

/** How many ports there are, with port 0. */
export const PORTS = 65536

/**
 * The states, from the least to the most notable. Each port has exactly one. Port 0 is `denied`, because a program that
 * binds it gets another port.
 */
export const PORT_STATES = [
  'free',
  'ephemeral',
  'excluded',
  'denied',
  'in-use',
  'leased',
  'mine',
  'project',
] as const

export type PortState = (typeof PORT_STATES)[number]

/** The number of a state, as PortMap has it. */
export const STATE_NUMBER = Object.fromEntries(
  PORT_STATES.map((state, number) => [state, number]),
) as Readonly<Record<PortState, number>>

/** What a map says about the ports. */
export interface PortMap {
  /** The number of the state of each port. */
  readonly states: Uint8Array
  /** The ports that the system gives to programs that ask for any port. Undefined if it does not tell them. */
  readonly ephemeral: Range | undefined
}

export interface Range {
  readonly first: number
  readonly last: number
}

export interface MapOptions {
  readonly protocol?: 'tcp' | 'udp' | 'both' | undefined
  readonly family?: 'ipv4' | 'ipv6' | 'both' | undefined
  readonly include?: string | undefined
  readonly exclude?: string | undefined
}

/** Looks at all ports. One call of the engine probes them, and another one finds who has those that are busy. */
export function readPortMap({ protocol, family, include, exclude }: MapOptions): PortMap {
  const { allowed } = readSettings({ include, exclude }, currentEngine(), 'pick', flagOf).candidates
  const ephemeral = ephemeralRange()
  const ports = Uint16Array.from({ length: PORTS - 1 }, (_, i) => i + 1)
  const verdicts = probe(ports, readPortQuestion({ protocol, family }, 'both'))
  const states = new Uint8Array(PORTS)
  states[0] = STATE_NUMBER.denied
  for (let port = 1; port < PORTS; port++) {
    states[port] = STATE_NUMBER[stateOf(port, verdicts[port - 1] as number, allowed, ephemeral)]
  }
  addHolders(states, { protocol, family })
  return { states, ephemeral }
}

function stateOf(
  port: number,
  verdict: number,
  allowed: Uint8Array,
  ephemeral: Range | undefined,
): PortState {
  switch (verdict & REASON_MASK) {
    case 0:
      break
    case Reason.LEASED:
      return 'leased'
    case Reason.DENIED:
      return 'denied'
    default:
      return 'in-use'
  }
  if (((allowed[port >> 3] as number) & (1 << (port & 7))) === 0) return 'excluded'
  return ephemeral !== undefined && ephemeral.first <= port && port <= ephemeral.last
    ? 'ephemeral'
    : 'free'
}

/** Finds who has the busy ports. A leased port on which a server listens is in use. */
function addHolders(states: Uint8Array, question: Pick<MapOptions, 'protocol' | 'family'>): void {
  const folder = projectFolder(workingFolder())
  const project = { name: nameOfFolder(folder), folder }
  const isInProject = ({ cwd, container }: PortHolder): boolean =>
    container === undefined && dirname(folder) !== folder && isOf(project, cwd)
  const serving = new Uint8Array(PORTS)
  const others = new Uint8Array(PORTS)
  for (const holder of listHolders({ ...question, states: ['listening', 'bound', 'connected'] })) {
    const { port } = holder
    const state = !isOwn(holder) ? 'in-use' : isInProject(holder) ? 'project' : 'mine'
    const found = isListener(holder) ? serving : others
    found[port] = Math.max(found[port] as number, STATE_NUMBER[state])
  }
  for (let port = 1; port < PORTS; port++) {
    const isBusy = (states[port] as number) >= STATE_NUMBER.denied
    if (!isBusy) continue
    const isLeased = states[port] === STATE_NUMBER.leased
    const other = isLeased ? 0 : (others[port] as number)
    states[port] = (serving[port] || other || states[port]) as number
  }
}

/** Undefined if the system does not tell. */
function ephemeralRange(): Range | undefined {
  let text: string
  try {
    text = ephemeralPorts()
  } catch (thrown) {
    const error = asSystemError(thrown)
    if (error instanceof Port4meError && error.code === 'ERR_SYSTEM') return undefined
    throw error
  }
  const [first = 0, last = first] = text.split('-').map(Number)
  return { first, last }
}

/** How many ports have each state. */
export function countsOf(states: Uint8Array): Record<PortState, number> {
  const counts = Object.fromEntries(PORT_STATES.map((state) => [state, 0])) as Record<
    PortState,
    number
  >
  for (const number of states) counts[PORT_STATES[number] as PortState]++
  return counts
}

/** Ports in a row that have one state. */
export interface StateRange extends Range {
  readonly state: PortState
}

/** The ranges of ports from `first` to `last`, in order. */
export function rangesOf(states: Uint8Array, first = 0, last = PORTS - 1): StateRange[] {
  const ranges: StateRange[] = []
  for (let from = first, port = first; port <= last; port++) {
    if (port < last && states[port + 1] === states[from]) continue
    ranges.push({
      first: from,
      last: port,
      state: PORT_STATES[states[from] as number] as PortState,
    })
    from = port + 1
  }
  return ranges
}
