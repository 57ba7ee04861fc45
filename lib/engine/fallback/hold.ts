// Holds ports: takes their locks, asks, and binds.

import type { Engine, Host, PackedPick, Question } from '../../../binding.js'
import { packFound } from '../../codes.js'
import { type Bind, closeAll, type Holding } from './bind.js'
import { byFamily, endpointsToHold, type Protocol, protocolsOf } from './endpoints.js'
import { KEEPS_NAMES, LocksNow, lockNames, lockRefusal, withReadableName } from './lock.js'
import { sockets } from './sockets.js'
import { askedBy, candidatesOf, patientSteps, type Steps } from './steps.js'

/** What holds a port. */
export interface Held {
  readonly port: number
  readonly question: Question
  readonly host: Host
  isExclusive: boolean
  readonly locks: Holding[]
  readonly sockets: Holding[]
}

/** The result of a search. Without `held` no port was found. */
export interface Found {
  readonly pick: PackedPick
  readonly held?: Held
}

/** The locks that this thread has, a byte for each port: it need not ask the system about its own. */
const ownLocks = { tcp: new Uint8Array(65536), udp: new Uint8Array(65536) }

/** Holds the first candidate that can be held. */
export function* holdSteps(...args: Parameters<Engine['hold']>): Steps<Found> {
  const [, , , , maxTries, question, host, isExclusive] = args
  const protocols = protocolsOf(question)
  const refusal = lockRefusal()
  if (refusal !== undefined) throw refusal
  const others = new LocksOfOthers(protocols)
  const asked = askedBy(question, host, []) // whoever holds a port has its locks
  let tries = 0
  for (const port of candidatesOf(args)) {
    if (tries === maxTries) break
    tries++
    if (protocols.some((protocol) => ownLocks[protocol][port] === 1)) continue
    if (others.have(port)) continue
    const held: Held = { port, question, host, isExclusive, locks: [], sockets: [] }
    let isHeld = false
    try {
      const isLocked = yield* lockSteps(protocols, held)
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
 * Lets servers bind the port of an exclusive hold, whose locks keep other holds out. Whoever is quicker
 * than the server has the port; that is the server's to find out.
 */
export function* admitSteps(held: Held): Steps<void> {
  if (!held.isExclusive) return
  held.isExclusive = false
  closeAll(held.sockets)
  let isHeld = false
  try {
    isHeld = yield* bindSteps(held, false)
  } catch {
    // Then the server finds the port free, or taken.
  }
  if (!isHeld) closeAll(held.sockets)
}

/** The port before its locks: who finds a lock free may bind the port. */
export function letGo({ locks, sockets }: Held): void {
  closeAll(sockets)
  closeAll(locks)
}

/**
 * The system's list of locks serves searches that have no reason to doubt it for so many times as long
 * as it took to read: with thousands of locks that is milliseconds.
 */
const LIST_SERVES = 20

let list: LocksNow | undefined
let listServesUntil = Number.NEGATIVE_INFINITY

/**
 * The locks that others have, for one search. Trying to take a lock tells for sure; but to read the
 * system's list is cheaper than to try many, and it has the names too that this Node.js cannot bind.
 */
class LocksOfOthers {
  readonly #protocols: readonly Protocol[]
  #isListNew = false

  constructor(protocols: readonly Protocol[]) {
    this.#protocols = protocols
    if (!KEEPS_NAMES && performance.now() > listServesUntil) this.#renewList()
  }

  /** Whether somebody has a lock of the port, as far as the list tells. */
  have(port: number): boolean {
    if (!this.#isListed(port)) return false
    this.haveOne()
    return this.#isListed(port)
  }

  /** Others have a lock, and may have more. */
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

/** Takes the locks of a port. Returns false when somebody has one of them. */
function* lockSteps(protocols: readonly Protocol[], { port, locks }: Held): Steps<boolean> {
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
    return true
  } catch (error) {
    throw withReadableName(error as NodeJS.ErrnoException)
  }
}

/** Binds the sockets of a hold. Returns false when the port was taken since it was asked about. */
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
