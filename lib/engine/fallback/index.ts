// The engine that needs no binary. It implements binding.d.ts in TypeScript, with the public API of Node.js.

import type { Server } from 'node:net'
import type { Engine, Hold, PackedPick } from '../../../binding.js'
import { allCodes, CONTRACT, portOf } from '../../codes.js'
import { type BlockingCall, callBlocking, currentThread } from './blocking.js'
import { HeldTcp } from './bound.js'
import { answerLater, answerNow } from './drive.js'
import { endpointsOf, IS_LINUX } from './endpoints.js'
import { hashcode } from './hashcode.js'
import { admitSteps, type Held, holdSteps, letGo } from './hold.js'
import { holderSteps } from './holders/index.js'
import { findLater, findNow } from './holders/steps.js'
import { bindsAtOnce } from './listening.js'
import { fillSequence } from './sequence.js'
import { sockets } from './sockets.js'
import { ephemeralPortSteps, isFreeSteps, pickSteps, probeSteps, type Steps } from './steps.js'

export const fallback: Engine = {
  name: 'fallback',
  contract: CONTRACT,
  codes: allCodes,
  hashcode,
  sequence: fillSequence,
  pick: (...args) => now(args[5], args[6], { name: 'pick', args }, () => pickSteps(...args)),
  pickAsync: (...args) => answerLater(pickSteps(...args)),
  hold: (...args) => (sockets.areImmediate ? new HoldHere(args) : new HoldInThread(args)),
  isFree: (...args) => now(args[1], args[2], { name: 'isFree', args }, () => isFreeSteps(...args)),
  probe: (...args) => now(args[1], args[2], { name: 'probe', args }, () => probeSteps(...args)),
  probeAsync: (...args) => answerLater(probeSteps(...args)),
  ephemeralPort: (...args) =>
    now(args[0], args[1], { name: 'ephemeralPort', args }, () => ephemeralPortSteps(...args)),
  environmentGeneration: () => undefined,
  holders: (...args) => findNow(holderSteps(...args)),
  holdersAsync: async (...args) => findLater(holderSteps(...args)),
}

/** Returns the answer. It is found in this thread if Node.js can do that, otherwise in a thread with an event loop. */
function now<Answer>(
  question: number,
  host: string,
  call: BlockingCall,
  steps: () => Steps<Answer>,
): Answer {
  // If a dual-stack TCP socket is refused, probe() binds each family alone to find out which one refuses. listen()
  // without a host cannot do that.
  const atOnce =
    sockets.areImmediate ||
    endpointsOf(question, host).every(
      (endpoint) => bindsAtOnce(endpoint) && !(call.name === 'probe' && endpoint.everywhere),
    )
  return atOnce ? answerNow(steps()) : (callBlocking(call) as Answer)
}

/** A hold by this thread. */
class HoldHere implements Hold {
  readonly pick: PackedPick
  #held: Held | undefined

  constructor(args: Parameters<Engine['hold']>) {
    const { pick, held } = answerNow(holdSteps(...args))
    this.pick = pick
    this.#held = held
    if (held !== undefined) abandoned.register(this, () => letGo(held), this)
  }

  get isOver(): boolean {
    return this.#held === undefined
  }

  release(): void {
    if (this.#held === undefined) return
    abandoned.unregister(this)
    letGo(this.#held)
    this.#held = undefined
  }

  admitServers(): void {
    if (!IS_LINUX) this.release()
    else if (this.#held !== undefined) answerNow(admitSteps(this.#held))
  }

  takeListeningDescriptor(): number {
    return -1 // no public API of Node.js gives the descriptor
  }

  takeServer(backlog: number): Server | undefined {
    const tcp = this.#held?.sockets.filter((socket) => socket instanceof HeldTcp) ?? []
    return tcp.length === 1 ? tcp[0]?.giveServer(backlog) : undefined
  }
}

/** A hold by another thread, because here an event loop is needed to hold a port. */
class HoldInThread implements Hold {
  readonly pick: PackedPick
  readonly #id = ++lastId
  readonly #thread = currentThread()
  readonly #isExclusive: boolean
  #isReleased: boolean

  constructor(args: Parameters<Engine['hold']>) {
    this.pick = this.#thread.call({ name: 'hold', args: [this.#id, ...args] }) as PackedPick
    this.#isExclusive = args[7]
    this.#isReleased = portOf(this.pick) === 0
    if (!this.#isReleased) {
      const [thread, id] = [this.#thread, this.#id]
      abandoned.register(this, () => thread.abandon(id), this)
    }
  }

  get isOver(): boolean {
    return this.#isReleased || this.#thread.isGone
  }

  release(): void {
    if (this.isOver) return
    this.#isReleased = true
    abandoned.unregister(this)
    this.#tell('release')
  }

  admitServers(): void {
    if (!IS_LINUX) this.release()
    else if (this.#isExclusive && !this.isOver) this.#tell('admitServers')
  }

  takeListeningDescriptor(): number {
    return -1 // no public API of Node.js gives the descriptor
  }

  #tell(name: 'release' | 'admitServers'): void {
    try {
      this.#thread.call({ name, args: [this.#id] })
    } catch (error) {
      if (!this.#thread.isGone) throw error // if the thread is gone, nothing is held
    }
  }
}

let lastId = 0

/** Releases holds that were garbage collected. Nothing waits until the thread has released its hold. */
const abandoned = new FinalizationRegistry((release: () => void) => release())

/** In the thread: its holds, by the `id` that the calls contain. */
const holds = new Map<number, Held>()

/** In the thread: answers a call of AnsweringThread. */
export async function answer({ name, args }: BlockingCall): Promise<unknown> {
  switch (name) {
    case 'hold': {
      const [id, ...search] = args
      const { pick, held } = await answerLater(holdSteps(...search))
      if (held !== undefined) holds.set(id, held)
      return pick
    }
    case 'release':
      return release(...args)
    case 'admitServers': {
      const held = holds.get(...args)
      return held && answerLater(admitSteps(held))
    }
    case 'pick':
      return answerLater(pickSteps(...args))
    case 'isFree':
      return answerLater(isFreeSteps(...args))
    case 'probe':
      return answerLater(probeSteps(...args))
    case 'ephemeralPort':
      return answerLater(ephemeralPortSteps(...args))
  }
}

/** In the thread: releases a hold. A second call does nothing. */
export function release(id: number): void {
  const held = holds.get(id)
  if (held !== undefined) letGo(held)
  holds.delete(id)
}
