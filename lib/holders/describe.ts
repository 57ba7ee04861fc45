// Turns what an engine found out about holders into the objects of the public functions.

import type { HoldersReport, ProcessReport, SocketReport } from '../../binding.js'
import { Ask, State } from '../codes.js'
import { probe } from '../engine/questions.js'
import { markedFolder, nameOfFolder } from '../project.js'
import type { HolderState, PortHolder, ProcessName } from '../types.js'
import { containerOf } from './container.js'

const STATE_NAMES: Readonly<Record<number, HolderState>> = {
  [State.LISTENING]: 'listening',
  [State.BOUND]: 'bound',
  [State.CONNECTED]: 'connected',
  [State.TIME_WAIT]: 'time-wait',
}

/** The states in which a socket keeps others from its address. */
const KEEPS: ReadonlySet<number> = new Set([State.LISTENING, State.BOUND])

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] }

/** The holders of a report whose sockets belong to one of the families: Ask.IPV4, Ask.IPV6 or their sum. */
export function describeHolders(report: HoldersReport, families: number): PortHolder[] {
  const processes = new Map(report.processes.map((process) => [process.pid, process]))
  const described = new Map<number, Partial<PortHolder>>()
  const detailsOf = (pid: number): Partial<PortHolder> => {
    let details = described.get(pid)
    if (details === undefined) {
      details = describeProcess(pid, processes)
      described.set(pid, details)
    }
    return details
  }
  const familyOf = familiesOf(report.sockets)
  return report.sockets
    .flatMap((socket, i): PortHolder[] => {
      const family = familyOf[i]
      if (!isAsked(family, families)) return []
      const common = describeSocket(socket, family)
      if (socket.pids.length === 0) return [{ ...common, ...userOf(socket) }]
      return socket.pids.map((pid) => {
        const details = detailsOf(pid)
        const { uid, user } = details
        // The process may have changed its user since it opened the socket.
        const isKnown = uid !== undefined || user !== undefined
        return { ...common, ...(!isKnown && userOf(socket)), ...details }
      })
    })
    .sort(inOrder)
}

function describeSocket(socket: SocketReport, family: PortHolder['family']): PortHolder {
  const { port, protocol, address, state, leased } = socket
  const holder: Mutable<PortHolder> = {
    port,
    protocol,
    state: STATE_NAMES[state] as HolderState,
  }
  if (family !== undefined) holder.family = family
  if (address !== undefined) holder.address = address
  if (leased !== undefined) holder.lease = leased
  return holder
}

function userOf({ uid, user }: SocketReport | ProcessReport): Partial<PortHolder> {
  return { ...(user !== undefined && { user }), ...(uid !== undefined && { uid }) }
}

function describeProcess(
  pid: number,
  processes: ReadonlyMap<number, ProcessReport>,
): Partial<PortHolder> {
  const process = processes.get(pid)
  if (process === undefined) return { pid }
  const { name, command, cwd, startedAt, cgroup } = process
  const details: Mutable<Partial<PortHolder>> = { pid, ...userOf(process) }
  if (name !== undefined) details.name = name
  if (command !== undefined) details.command = command
  if (cwd !== undefined) details.cwd = cwd
  if (startedAt !== undefined) details.startedAt = new Date(startedAt)
  details.parents = parentsOf(process, processes)
  const container = cgroup === undefined ? undefined : containerOf(cgroup)
  if (container !== undefined) details.container = container
  // The path in a container is not a path here.
  const project = cwd === undefined || container !== undefined ? undefined : markedFolder(cwd)
  if (project !== undefined) details.project = nameOfFolder(project)
  return details
}

function parentsOf(
  { pid, parent }: ProcessReport,
  processes: ReadonlyMap<number, ProcessReport>,
): ProcessName[] {
  const parents: ProcessName[] = []
  const seen = new Set([pid]) // process ids may be used again while they are read
  let next = parent === undefined ? undefined : processes.get(parent)
  while (next !== undefined && !seen.has(next.pid)) {
    const { pid, name, parent } = next
    seen.add(pid)
    parents.push(name === undefined ? { pid } : { pid, name })
    next = parent === undefined ? undefined : processes.get(parent)
  }
  return parents
}

/**
 * The family of each socket. The text tables of Linux do not tell whether the socket of `::` takes IPv4 too. If it does,
 * nobody else can bind the port on IPv4.
 */
function familiesOf(sockets: readonly SocketReport[]): PortHolder['family'][] {
  const unknown = sockets.filter(
    ({ address, v6Only, state }) =>
      address === '::' && v6Only === undefined && state !== State.TIME_WAIT,
  )
  const nameOf = ({ protocol, port }: SocketReport) => `${protocol}/${port}`
  const heldOnIpv4 = new Set(
    sockets
      // The connections of a server that takes IPv4 have IPv4 addresses.
      .filter(({ address, state }) => !address?.includes(':') && KEEPS.has(state))
      .map((socket) => nameOf(socket)),
  )
  const takesIpv4 = new Set<SocketReport>()
  for (const protocol of ['tcp', 'udp'] as const) {
    const asked = unknown.filter((socket) => socket.protocol === protocol)
    if (asked.length === 0) continue
    const question = Ask.IPV4 | (protocol === 'tcp' ? Ask.TCP : Ask.UDP)
    const verdicts = probe(
      Uint16Array.from(asked, ({ port }) => port),
      { question, host: '' },
    )
    for (const [i, socket] of asked.entries()) {
      if (verdicts[i] !== 0 && !heldOnIpv4.has(nameOf(socket))) takesIpv4.add(socket)
    }
  }
  return sockets.map((socket) => {
    const { address, v6Only } = socket
    if (address === undefined) return undefined
    if (!address.includes(':')) return 'ipv4'
    const isBoth = address === '::' && (v6Only === false || takesIpv4.has(socket))
    return isBoth ? 'both' : 'ipv6'
  })
}

function isAsked(family: PortHolder['family'], families: number): boolean {
  switch (family) {
    case 'ipv4':
      return (families & Ask.IPV4) !== 0
    case 'ipv6':
      return (families & Ask.IPV6) !== 0
    default:
      return true
  }
}

function inOrder(a: PortHolder, b: PortHolder): number {
  return (
    a.port - b.port ||
    compare(a.protocol, b.protocol) ||
    compare(a.address ?? '', b.address ?? '') ||
    (a.pid ?? 0) - (b.pid ?? 0)
  )
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
