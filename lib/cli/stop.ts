// port4me stop: ends the processes that listen on ports, or that serve services, and no others.

import { once } from 'node:events'
import { probe } from '../availability.js'
import { builtin } from '../builtin.js'
import { asSystemError, printable, quote } from '../errors.js'
import { listHolders, whoHas } from '../holders/holders.js'
import { ageOf, inBrief, placeOf, userOf } from '../holders/texts.js'
import { write } from '../output.js'
import { isOwn, look, readService, type Service, type Whereabouts } from '../services/services.js'
import { setTimeout } from '../timers.js'
import type { PortHolder } from '../types.js'
import { parseStopLine, type StopLine } from './commands.js'
import { flagOf, usage } from './flags.js'
import { printHelp } from './help.js'
import { isListener, isOfService } from './listeners.js'
import { fail } from './report.js'
import { startOf } from './start-time.js'
import { cutEnd } from './text-width.js'
import { paper } from './who.js'
import { shortCommand } from './who-table.js'

/** How long a process may take to end. */
const PATIENCE_MS = 5000
const POLL_MS = 50

/** A process that is to be ended. */
interface Target {
  readonly holder: PortHolder & { readonly pid: number }
  readonly ports: Set<number>
  /** When it started. With the process id, this names one process for all time. */
  readonly start: string | undefined
}

/** What to end. */
interface Aim {
  readonly ports: readonly number[]
  readonly services: readonly Service[]
  readonly protocol: StopLine['protocol']
  /** Whether the services are to start again, so that their leases must end too. */
  readonly areToRestart?: boolean
}

/** Answers `port4me stop`. Returns the exit status: 1 if a port has no listener, or one that is not ended. */
export async function stopCommand(args: readonly string[]): Promise<number> {
  const line = parseStopLine(args)
  if (line.help) return printHelp('stop')
  const { names, ports, protocol } = line
  const options = { ...line.options, ...(protocol !== undefined && { protocol }) }
  const services = names.map((name) => readService(name, options, flagOf))
  const { targets, refusals } = await choose({ ports, services, protocol })
  for (const refusal of refusals) fail(1, refusal)
  if (targets.length === 0) return 1
  write(1, targets.map(describe).join(''))
  if (!line.yes) {
    if (!process.stdin.isTTY || !process.stdout.isTTY) {
      throw usage('stop can ask only in a terminal; --yes ends without a question')
    }
    const what = targets.length === 1 ? 'this process' : `these ${targets.length} processes`
    if (!(await isConfirmed(`End ${what}? [y/N] `))) {
      write(1, 'nothing was ended\n')
      return 1
    }
  }
  const areEnded = await end(targets, { protocol, force: line.force, hint: '--force', say })
  if (areEnded) await untilGone(services, LEASE_MS)
  const successors = areEnded ? await successorsOf(ports, protocol) : []
  for (const holder of successors) {
    fail(1, `${inBrief(holder)} listens on port ${holder.port} now`)
  }
  return areEnded && refusals.length + successors.length === 0 ? 0 : 1
}

/** How long the children of a process that was ended may take to end too. */
const CHILDREN_MS = 500

/**
 * Who listens on the ports although the processes were ended: a supervisor started the server again, or another process
 * has the same socket.
 */
async function successorsOf(
  ports: readonly number[],
  protocol: StopLine['protocol'],
): Promise<PortHolder[]> {
  const until = performance.now() + CHILDREN_MS
  for (;;) {
    const found = listHolders({ ports, protocol: protocol ?? 'tcp' }).filter(isListener)
    if (found.length === 0 || performance.now() > until) return found
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

function say(line: string): void {
  write(1, `${line}\n`)
}

/**
 * Ends the services that run, for `port4me run --restart`, and says so on stderr. Returns false if that is not allowed,
 * and then nothing is ended, or if a process does not end.
 */
export async function endServices(services: readonly Service[]): Promise<boolean> {
  const running = services.filter((service) => look(service).running !== undefined)
  if (running.length === 0) return true
  const { targets, refusals } = await choose({
    ports: [],
    services: running,
    protocol: undefined,
    areToRestart: true,
  })
  for (const refusal of refusals) fail(1, refusal)
  if (refusals.length > 0) return false
  const names = running.map(({ name }) => name).join(' ')
  const areEnded = await end(targets, {
    protocol: undefined,
    force: false,
    hint: `port4me stop --force ${names}`,
    say: (line) => write(2, `port4me: ${line}\n`),
  })
  if (areEnded) await untilGone(running, PATIENCE_MS)
  return areEnded
}

/** How long to wait for `port4me run`, which leases the port of a service and ends after its command. */
const LEASE_MS = 1000

/** Waits until nobody has the services any more, so that they can be started again. */
async function untilGone(services: readonly Service[], patience: number): Promise<void> {
  const until = performance.now() + patience
  while (services.some((service) => look(service).running) && performance.now() < until) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

/** A port where somebody is to be ended. */
interface Goal {
  readonly port: number
  /** Whether a holder of the port is meant. */
  readonly isMeant: (holder: PortHolder) => boolean
}

/** The processes to end, and for each port or service without one the reason. */
async function choose(aim: Aim): Promise<{ targets: Target[]; refusals: string[] }> {
  const { protocol } = aim
  const refusals: string[] = []
  // A UDP socket may be that of a client. So it is meant only if UDP is named.
  const isMeant = (holder: PortHolder) => protocol !== undefined || holder.protocol === 'tcp'
  const goals: Goal[] = aim.ports.map((port) => ({ port, isMeant }))
  for (const service of aim.services) {
    const { running } = look(service)
    if (running === undefined) refusals.push(doesNotRun(service))
    else goals.push(goalOf(service, running))
  }
  const ports = goals.map(({ port }) => port)
  const holders = listHolders({ ports, protocol, states: ['listening', 'bound', 'connected'] })
  const ancestors = await ownAncestors()
  const targets = new Map<number, Target>()
  for (const { port, isMeant } of goals) {
    const here = holders.filter((holder) => holder.port === port)
    const listeners = here.filter((holder) => isListener(holder) && isMeant(holder))
    const leases = aim.areToRestart ? here.filter(({ lease }) => lease) : []
    const refusal =
      listeners.length === 0
        ? withoutListener(port, here, protocol)
        : [...listeners, ...leases].map((holder) => refusalOf(holder, ancestors)).find(Boolean)
    if (refusal !== undefined) {
      refusals.push(refusal)
      continue
    }
    for (const holder of listeners) {
      const { pid } = holder
      if (pid === undefined) continue // refused above
      const target = targets.get(pid) ?? {
        holder: { ...holder, pid },
        ports: new Set(),
        start: startOf(holder),
      }
      targets.set(pid, target)
      target.ports.add(port)
    }
  }
  return { targets: parentsFirst([...targets.values()]), refusals }
}

function goalOf(service: Service, running: NonNullable<Whereabouts['running']>): Goal {
  return { port: running.port, isMeant: (holder) => isOfService(service, running, holder) }
}

function doesNotRun({ name, project }: Service): string {
  return `service ${quote(name)} of ${printable(project.name)} does not run`
}

function withoutListener(
  port: number,
  holders: readonly PortHolder[],
  protocol: StopLine['protocol'],
): string {
  const nobody = `nobody listens on port ${port}`
  const bound = holders.find(({ state }) => state === 'bound')
  if (bound?.protocol === 'udp' && protocol === undefined && !bound.lease) {
    return `${nobody}, but ${inBrief(bound) ?? 'a process'} has it on UDP; --protocol=udp ends that`
  }
  if (bound !== undefined) {
    const verb = bound.lease ? 'leases' : 'has bound'
    return `${nobody}; ${inBrief(bound) ?? 'a process'} ${verb} it, but does not listen`
  }
  if (holders.length > 0) return `${nobody}; only connections use it`
  const [status] = probe(port, { protocol })
  return status?.reason === 'in-use'
    ? `nobody that can be seen listens on port ${port}, but it is not free`
    : nobody
}

/** Why a process must not be ended. */
function refusalOf(holder: PortHolder, ancestors: ReadonlySet<number>): string | undefined {
  const { pid, port, user } = holder
  const rule = (why: string) => {
    const who = pid === undefined ? undefined : inBrief(holder)
    return `port ${port} is not stopped: ${who ?? 'the process that has it'} ${why}`
  }
  if (pid === process.pid) return rule('is this very command')
  if (pid === 1) return rule('is the first process of the system')
  if (pid !== undefined && ancestors.has(pid)) return rule('has started this command')
  if (!isOwn(holder)) {
    const whose = userOf(holder)
    if (whose === undefined) return rule('may belong to another user')
    const hasSudo = user !== undefined && process.platform !== 'win32'
    const how = !hasSudo ? '' : `: sudo -u ${printable(user)} port4me stop ${port}`
    return rule(`belongs to user ${printable(whose)}, who alone can stop it${how}`)
  }
  return pid === undefined ? rule('cannot be seen from here') : undefined
}

/**
 * The processes that have started this one, directly or indirectly. The engine tells the ancestors of a holder, so this
 * process becomes one for a moment.
 */
async function ownAncestors(): Promise<ReadonlySet<number>> {
  const ancestors = new Set([process.ppid])
  const socket = builtin('node:dgram').createSocket('udp4')
  try {
    socket.bind({ port: 0, address: '127.0.0.1', exclusive: true })
    await once(socket, 'listening')
    const holders = whoHas(socket.address().port, { protocol: 'udp' })
    const self = holders.find(({ pid }) => pid === process.pid)
    for (const { pid } of self?.parents ?? []) ancestors.add(pid)
  } catch {
    // There is no IPv4. The parent is known in any case.
  } finally {
    socket.close()
  }
  return ancestors
}

/** A process comes after its ancestors, so that a primary process does not replace the workers that were ended first. */
function parentsFirst(targets: readonly Target[]): Target[] {
  const depth = ({ holder }: Target) => holder.parents?.length ?? 0
  return [...targets].sort((a, b) => depth(a) - depth(b))
}

/** The longest line where there is no terminal. */
const LONGEST = 200

/** Two lines about a process, each at most as wide as the terminal. */
function describe({ holder, ports }: Target): string {
  const { pid, command, name = '' } = holder
  const { width } = paper()
  const user = userOf(holder)
  const age = ageOf(holder)
  const facts = [
    user && `user ${user}`,
    placeOf(holder),
    age && `started ${age} ago`,
    `${ports.size === 1 ? 'port' : 'ports'} ${[...ports].join(', ')}`,
  ]
  const what = width === undefined ? command : shortCommand(holder)
  const lines = [`process ${pid}: ${what ?? name}`, `  ${facts.filter(Boolean).join(', ')}`]
  return lines.map((line) => `${cutEnd(printable(line), width ?? LONGEST)}\n`).join('')
}

async function isConfirmed(question: string): Promise<boolean> {
  write(1, question)
  // Without `terminal` the system itself handles Ctrl-C.
  const lines = builtin('node:readline').createInterface({ input: process.stdin, terminal: false })
  try {
    for await (const line of lines) return /^\s*y(es)?\s*$/i.test(line)
    write(1, '\n') // Ctrl-D
    return false
  } finally {
    lines.close()
    process.stdin.destroy()
  }
}

/** How to end processes. */
interface Way {
  readonly protocol: StopLine['protocol']
  /** Whether to kill what does not end. */
  readonly force: boolean
  /** What the user can type to kill it. */
  readonly hint: string
  readonly say: (line: string) => void
}

/** Ends the processes, and says so. Returns false if one of them still runs, or was not ended for another reason. */
async function end(targets: readonly Target[], way: Way): Promise<boolean> {
  const signalled: Target[] = []
  let areAll = true
  for (const target of targets) {
    const { pid } = target.holder
    if (stillListens(target, way)) {
      signal(target, 'SIGTERM')
    } else if (!signalled.some((parent) => isChild(target, parent))) {
      if (isRunning(target)) {
        fail(1, `process ${pid} was not ended, because it does not listen any more`)
        areAll = false
      } else {
        way.say(`process ${pid} had ended already`)
      }
      continue
    }
    // A child of a process that was ended may end by itself. If it does not, it has at least this long.
    signalled.push(target)
  }
  const left = await untilEnded(signalled)
  report(signalled, left, 'ended', way)
  if (left.length === 0) return areAll
  if (!way.force) {
    for (const { holder } of left) {
      fail(1, `${inBrief(holder)} still runs after 5 seconds; ${way.hint} ends it with SIGKILL`)
    }
    return false
  }
  for (const target of left) if (isRunning(target)) signal(target, 'SIGKILL')
  const stuck = await untilEnded(left)
  report(left, stuck, 'killed', way)
  for (const { holder } of stuck) fail(1, `${inBrief(holder)} still runs after SIGKILL`)
  return areAll && stuck.length === 0
}

/** Whether the same process listens on one of the ports still. Its number may have been used again. */
function stillListens(target: Target, { protocol }: Way): boolean {
  const { pid } = target.holder
  return listHolders({ ports: target.ports, protocol }).some(
    (holder) => holder.pid === pid && isListener(holder) && startOf(holder) === target.start,
  )
}

function isChild({ holder }: Target, parent: Target): boolean {
  return holder.parents?.some(({ pid }) => pid === parent.holder.pid) ?? false
}

/** Sends a signal. (On Windows each signal ends the process at once.) */
function signal({ holder: { pid } }: Target, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw asSystemError(error)
  }
}

function isRunning({ holder, start }: Target): boolean {
  try {
    process.kill(holder.pid, 0)
  } catch {
    return false // it has ended; at most another user's process has its number now
  }
  return startOf(holder) === start
}

/** Waits until the processes have ended. Returns those that have not. */
async function untilEnded(targets: readonly Target[]): Promise<Target[]> {
  const until = performance.now() + PATIENCE_MS
  for (;;) {
    const left = targets.filter(isRunning)
    if (left.length === 0 || performance.now() > until) return left
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

function report(
  targets: readonly Target[],
  left: readonly Target[],
  verb: string,
  { say }: Way,
): void {
  for (const target of targets) {
    if (left.includes(target)) continue
    say(`${verb} ${inBrief(target.holder)}`)
  }
}
