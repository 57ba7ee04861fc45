// Holds ports: takes their locks, probes them, and binds them.

import type { Engine, Host, PackedPick, Question } from '../../../binding.js'
import { packFound } from '../../codes.js'
import { type Bind, closeAll, type Holding } from './bind.js'
import { byFamily, endpointsToHold, type Protocol, protocolsOf } from './endpoints.js'
import {
  KEEPS_NAMES,
  LocksNow,
  labelNames,
  lockNames,
  lockRefusal,
  withReadableName,
} from './lock.js'
import { sockets } from './sockets.js'
import { askedBy, candidatesOf, patientSteps, type Steps } from './steps.js'

/** A port that is held, with its locks and sockets. */
export interface Held {
  readonly port: number
  readonly question: Question
  readonly host: Host
  isExclusive: boolean
  readonly locks: Holding[]
  readonly sockets: Holding[]
}

/** The result of a search. `held` is missing if no port was found. */
export interface Found {
  readonly pick: PackedPick
  readonly held?: Held
}

/** The locks that this thread has, one byte for each port. So it need not ask the system about its own locks. */
const ownLocks = { tcp: new Uint8Array(65536), udp: new Uint8Array(65536) }

/** Holds the first candidate that can be held. */
export function* holdSteps(...args: Parameters<Engine['hold']>): Steps<Found> {
  const [, , , , maxTries, question, host, isExclusive, label = ''] = args
  const protocols = protocolsOf(question)
  const refusal = lockRefusal()
  if (refusal !== undefined) throw refusal
  const others = new LocksOfOthers(protocols)
  const asked = askedBy(question, host, []) // []: no probe looks at locks, because they are taken before it
  let tries = 0
  for (const port of candidatesOf(args)) {
    if (tries === maxTries) break
    tries++
    if (protocols.some((protocol) => ownLocks[protocol][port] === 1)) continue
    if (others.have(port)) continue
    const held: Held = { port, question, host, isExclusive, locks: [], sockets: [] }
    let isHeld = false
    try {
      const isLocked = yield* lockSteps(protocols, label, held)
      if (!isLocked) others.haveOne()
      isHeld =
        isLocked &&
        (yield* patientSteps(asked, port, true)) === 0 &&
        (yield* bindSteps(held, isExclusive))
    } finally {
      if (!isHeld) letGo(held)
    }
    if (isHeld) return { pick: packFound(tries, port), held }
  }
  if (asked.denial !== undefined) throw asked.denial
  return { pick: packFound(tries, 0) }
}

/**
 * Lets servers bind the port of an exclusive hold. Its locks still keep other holds out. If another program binds the
 * port before the server does, the server's bind fails.
 */
export function* admitSteps(held: Held): Steps<void> {
  if (!held.isExclusive) return
  held.isExclusive = false
  closeAll(held.sockets)
  let isHeld = false
  try {
    isHeld = yield* bindSteps(held, false)
  } catch {
    // The port is not held any more. The server finds it free, or taken by another program.
  }
  if (!isHeld) closeAll(held.sockets)
}

/** Releases the port before its locks, because a program that finds the locks free may bind the port. */
export function letGo({ locks, sockets }: Held): void {
  closeAll(sockets)
  closeAll(locks)
}

/**
 * How long new searches use the same copy of the system's list of locks, as a multiple of the time that it took to read
 * the list. If there are thousands of locks, reading the list takes milliseconds. A search that finds a lock of another
 * holder reads the list again.
 */
const LIST_SERVES = 20

let list: LocksNow | undefined
let listServesUntil = Number.NEGATIVE_INFINITY

/**
 * The locks that others have, for one search. Only trying to take a lock gives a certain answer. But reading the
 * system's list costs less than trying many locks, and the list also has the names that this Node.js cannot bind.
 */
class LocksOfOthers {
  readonly #protocols: readonly Protocol[]
  #isListNew = false

  constructor(protocols: readonly Protocol[]) {
    this.#protocols = protocols
    if (!KEEPS_NAMES && performance.now() > listServesUntil) this.#renewList()
  }

  /** Whether somebody has a lock of the port, according to the list. */
  have(port: number): boolean {
    if (!this.#isListed(port)) return false
    this.haveOne()
    return this.#isListed(port)
  }

  /** Notes that others have a lock. They may have more, so the list is read again, but only once in a search. */
  haveOne(): void {
    if (!this.#isListNew) this.#renewList()
  }

  #isListed(port: number): boolean {
    return this.#protocols.some((protocol) => list?.lists(protocol, port) ?? false)
  }

  #renewList(): void {
    const before = performance.now()
    list = new LocksNow()
    list.read()
    const after = performance.now()
    listServesUntil = after + LIST_SERVES * (after - before)
    this.#isListNew = true
  }
}

/** Takes the locks of a port. Returns false if somebody else has one of them. */
function* lockSteps(
  protocols: readonly Protocol[],
  label: string,
  { port, locks }: Held,
): Steps<boolean> {
  try {
    for (const protocol of protocols) {
      for (const name of lockNames(protocol, port)) {
        const bind = yield ['hold', () => sockets.holdName(name, locks)]
        if (bind.is === 'in-use') return false
        if (bind.is === 'denied' || bind.is === 'absent') throw bind.error
      }
      ownLocks[protocol][port] = 1
      locks.push({
        close() {
          ownLocks[protocol][port] = 0
        },
      })
    }
    for (const name of labelNames(label, port)) {
      const bind = yield ['hold', () => sockets.holdName(name, locks)]
      if (bind.is === 'in-use') return false
      if (bind.is === 'denied' || bind.is === 'absent') throw bind.error
    }
    return true
  } catch (error) {
    throw withReadableName(error as NodeJS.ErrnoException)
  }
}

/** Binds the sockets of a hold. Returns false if another program has taken the port since it was probed. */
function* bindSteps(held: Held, isExclusive: boolean): Steps<boolean> {
  const { port, question, host } = held
  const asked = endpointsToHold(question, host)
  let isHeld = false
  let absent: NodeJS.ErrnoException | undefined
  for (const endpoint of sockets.areImmediate ? asked : asked.flatMap(byFamily)) {
    const bind: Bind = yield ['hold', () => sockets.hold(endpoint, port, isExclusive, held.sockets)]
    if (bind.is === 'bound') isHeld = true
    else if (bind.is !== 'absent') return false
    else if (!endpoint.optional) throw bind.error
    else absent = bind.error
  }
  if (!isHeld) throw absent // every family is missing
  return true
}
