// Finds holders on Linux: the sockets in /proc/net, and their processes in /proc/PID/fd. The addon does the same in
// native/system/holders_linux.cc, which says in which order it looks, and why.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename } from 'node:path'
import type { HoldersArguments, ProcessReport, SocketReport } from '../../../../binding.js'
import { State } from '../../../codes.js'
import {
  type InetSocket,
  type LeaseLabel,
  type LeaseLock,
  listInetSockets,
  listLeaseLabels,
  listLeaseLocks,
} from './inet-tables.js'
import type { HolderSteps } from './steps.js'
import { userNames } from './user-names.js'

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] }

export function* procSteps(...args: HoldersArguments): HolderSteps {
  const [, , states, folder] = args
  const sockets = listInetSockets(args)
  const locks = listLeaseLocks(args)
  const labels = listLeaseLabels(args[0])
  const sought = new Set<number>()
  for (const { report, inode } of sockets) {
    if (inode !== 0 && ((report.state & states) !== 0 || locks.length > 0)) sought.add(inode)
  }
  for (const { inode } of [...locks, ...labels]) sought.add(inode)
  const search = new SocketSearch(sought)
  yield* search.run(folder)

  const processes = new Map<number, ProcessReport | undefined>()
  const isRunning = (pid: number): boolean => describe(pid, processes) !== undefined
  const pidsOf = (inode: number): number[] => search.holdersOf(inode).filter(isRunning)
  const reports = withLeases(sockets, locks, labels, pidsOf).filter(
    ({ state }) => (state & states) !== 0,
  )
  for (const pid of new Set(reports.flatMap(({ pids }) => pids))) {
    describeMore(pid, processes)
    describeAncestors(pid, processes)
    yield
  }
  const described = [...processes.values()].filter((process) => process !== undefined)
  const uids = new Set([...reports, ...described].flatMap(({ uid }) => uid ?? []))
  const names = yield* userNames(uids)
  const withUser = <Report extends SocketReport | ProcessReport>(report: Report): Report => {
    const user = report.uid === undefined ? undefined : names.get(report.uid)
    return user === undefined ? report : { ...report, user }
  }
  return { sockets: reports.map(withUser), processes: described.map(withUser) }
}

/** Marks the sockets of leases. A lease whose sockets are in no table gets a socket without an address. */
function withLeases(
  sockets: readonly InetSocket[],
  locks: readonly LeaseLock[],
  labels: readonly LeaseLabel[],
  pidsOf: (inode: number) => number[],
): SocketReport[] {
  const reports: Mutable<SocketReport>[] = sockets.map(({ report, inode }) => ({
    ...report,
    leased: false,
    pids: inode === 0 ? [] : pidsOf(inode),
  }))
  const byPort = new Map<string, Mutable<SocketReport>[]>()
  for (const report of reports) {
    const name = `${report.protocol}/${report.port}`
    const here = byPort.get(name)
    if (here === undefined) byPort.set(name, [report])
    else here.push(report)
  }
  const done = new Set<string>() // a lock may have two names
  for (const { protocol, port, inode } of locks) {
    const name = `${protocol}/${port}`
    if (done.has(name)) continue
    done.add(name)
    const pids = pidsOf(inode)
    // Another user's process cannot be seen. Then the socket that only holds the port is its.
    const isOfLease = (report: SocketReport): boolean =>
      pids.length === 0 && report.pids.length === 0
        ? report.state === State.BOUND
        : report.pids.some((pid) => pids.includes(pid))
    const here = (byPort.get(name) ?? []).filter(isOfLease)
    // A lease that has a bound socket does not listen. The process may serve the port with another socket.
    const bound = here.filter(({ state }) => state === State.BOUND)
    const ofLease = bound.length > 0 ? bound : here.filter(({ state }) => state === State.LISTENING)
    for (const report of ofLease) report.leased = true
    if (ofLease.length === 0)
      reports.push({ port, protocol, state: State.BOUND, leased: true, pids })
  }
  for (const { label, port, inode } of labels) {
    const pids = pidsOf(inode)
    for (const report of reports) {
      const isIts = report.leased && report.pids.some((pid) => pids.includes(pid))
      if (report.port === port && isIts) report.label = label
    }
  }
  return reports
}

/** Finds the processes that have certain sockets. It is done when each socket was found. */
class SocketSearch {
  readonly #sought: ReadonlySet<number>
  readonly #found = new Map<number, Set<number>>()
  readonly #holders = new Set<number>()
  readonly #seen = new Set<number>()
  /** The numbers of the descriptors that were found. */
  readonly #numbers = new Set<string>()

  constructor(sought: ReadonlySet<number>) {
    this.#sought = sought
  }

  holdersOf(inode: number): number[] {
    return [...(this.#found.get(inode) ?? [])].sort((a, b) => a - b)
  }

  get #isDone(): boolean {
    return this.#found.size === this.#sought.size
  }

  *run(folder: string): Generator<undefined, void> {
    // A /proc that was mounted in another pid namespace tells other numbers than kill(2) takes: pid_namespaces(7),
    // "/proc and PID namespaces".
    if (this.#isDone || linkAt('/proc/self') !== String(process.pid)) return
    yield* this.#lookAt(process.pid)
    if (!this.#isDone) yield* this.#lookAtDescendants(process.pid)
    const processes = namesIn('/proc').map(Number).reverse() // the youngest first
    if (!this.#isDone && folder !== '') {
      for (const pid of processes) {
        if (this.#isDone) break
        if (this.#seen.has(pid) || !isIn(folder, linkAt(`/proc/${pid}/cwd`) ?? '')) continue
        yield* this.#lookAt(pid)
        yield
      }
    }
    for (const pid of processes) {
      if (this.#isDone) break
      yield* this.#lookAt(pid)
      yield
    }
    yield* this.#lookAtRelatives(processes)
  }

  *#lookAt(pid: number): Generator<undefined, void> {
    if (this.#seen.has(pid)) return
    this.#seen.add(pid)
    for (const [i, number] of namesIn(`/proc/${pid}/fd`).entries()) {
      this.#lookAtDescriptor(pid, number)
      if (i % 256 === 255) yield
    }
  }

  #lookAtDescriptor(pid: number, number: string): void {
    const link = linkAt(`/proc/${pid}/fd/${number}`)
    if (!link?.startsWith('socket:[')) return
    const inode = Number.parseInt(link.slice('socket:['.length), 10)
    if (!this.#sought.has(inode)) return
    const pids = this.#found.get(inode) ?? new Set()
    this.#found.set(inode, pids.add(pid))
    this.#numbers.add(number)
    this.#holders.add(pid)
  }

  *#lookAtDescendants(pid: number): Generator<undefined, void> {
    for (const child of childrenOf(pid) ?? []) {
      yield* this.#lookAt(child)
      yield
      yield* this.#lookAtDescendants(child)
    }
  }

  *#lookAtRelatives(processes: readonly number[]): Generator<undefined, void> {
    // The loop also reaches the holders that it adds.
    for (const holder of this.#holders) {
      const parent = readStat(holder)?.parent ?? []
      for (const pid of [parent, childrenOf(holder) ?? processes].flat()) {
        yield* this.#lookAt(pid)
        yield
      }
    }
    const numbers = [...this.#numbers]
    const areFew = numbers.length <= 8
    for (const pid of processes) {
      if (this.#seen.has(pid)) continue
      if (areFew) for (const number of numbers) this.#lookAtDescriptor(pid, number)
      else yield* this.#lookAt(pid)
      yield
    }
  }
}

function isIn(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`)
}

/** Undefined if the kernel does not tell the children of processes. */
function childrenOf(pid: number): number[] | undefined {
  const children: number[] = []
  for (const thread of namesIn(`/proc/${pid}/task`)) {
    const text = textOf(`/proc/${pid}/task/${thread}/children`)
    if (text === undefined && namesIn(`/proc/${pid}/task/${thread}`, /^stat$/).length > 0) {
      return undefined
    }
    for (const child of text?.match(/\d+/g) ?? []) children.push(Number(child))
  }
  return children
}

interface Stat {
  readonly name: string
  readonly parent?: number
  readonly startedAt: number
}

/** In milliseconds since 1970. It is read once, so that a process always has the same start time. */
let bootTime: number | undefined

/** The clock ticks of a second in /proc: always 100 for user space (USER_HZ in include/asm-generic/param.h). */
const TICKS = 100

/** Undefined if the process has ended. The fields are those of proc_pid_stat(5): "PID (NAME) STATE PARENT ...". */
function readStat(pid: number): Stat | undefined {
  const [, name = '', rest = ''] =
    /^\d+ \((.*)\) (.*)$/s.exec(textOf(`/proc/${pid}/stat`) ?? '') ?? []
  const fields = rest.split(' ')
  const [state, parent] = fields
  const ticks = Number(fields[19])
  if (state === 'Z' || state === 'X' || !(ticks >= 0)) return undefined
  bootTime ??= Date.now() - Number(textOf('/proc/uptime')?.split(' ')[0]) * 1000
  const startedAt = Math.floor(bootTime + (ticks * 1000) / TICKS)
  return { name, startedAt, ...(parent !== '0' && { parent: Number(parent) }) }
}

function describe(
  pid: number,
  processes: Map<number, ProcessReport | undefined>,
): ProcessReport | undefined {
  if (processes.has(pid)) return processes.get(pid)
  const stat = readStat(pid)
  let report: Mutable<ProcessReport> | undefined
  if (stat !== undefined) {
    report = { pid, ...stat }
    // The kernel cuts the name after 15 bytes. Since version 26, Node.js calls its main thread "node-MainThread".
    const program = stat.name.length < 15 ? undefined : linkAt(`/proc/${pid}/exe`)
    if (program !== undefined) report.name = basename(program).replace(/ \(deleted\)$/, '')
  }
  processes.set(pid, report)
  return report
}

function describeAncestors(pid: number, processes: Map<number, ProcessReport | undefined>): void {
  const seen = new Set([pid])
  let parent = describe(pid, processes)?.parent
  while (parent !== undefined && !seen.has(parent)) {
    seen.add(parent)
    parent = describe(parent, processes)?.parent
  }
}

/** Adds what is told only about holders. */
function describeMore(pid: number, processes: Map<number, ProcessReport | undefined>): void {
  const process = describe(pid, processes)
  if (process === undefined) return
  const cwd = linkAt(`/proc/${pid}/cwd`)
  const cgroup = textOf(`/proc/${pid}/cgroup`)
  const uid = /^Uid:\s+\d+\s+(\d+)/m.exec(textOf(`/proc/${pid}/status`) ?? '')?.[1]
  // Each word ends with a zero byte. A program that changes its title may leave several at the end.
  const words = textOf(`/proc/${pid}/cmdline`)?.replace(/\0+$/, '').replaceAll('\0', ' ')
  processes.set(pid, {
    ...process,
    ...(cwd !== undefined && { cwd }),
    ...(cgroup !== undefined && { cgroup }),
    ...(uid !== undefined && { uid: Number(uid) }),
    command: words || (process.name as string),
  })
}

/** The names in a folder. None if it cannot be read: the process has ended, or belongs to another user. */
function namesIn(path: string, wanted = /^\d+$/): string[] {
  return attempt(() => readdirSync(path).filter((name) => wanted.test(name))) ?? []
}

function linkAt(path: string): string | undefined {
  return attempt(() => readlinkSync(path))
}

function textOf(path: string): string | undefined {
  return attempt(() => readFileSync(path, 'utf8'))
}

/** Undefined if a file cannot be read. Throws if descriptors or memory are used up: then an answer would be wrong. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (['EMFILE', 'ENFILE', 'ENOMEM'].includes((error as NodeJS.ErrnoException).code ?? '')) {
      throw error
    }
    return undefined
  }
}
