// The engine without a binary: binding.d.ts in TypeScript, over public Node.js API.

import type { Engine, Hold, PackedPick } from '../../../binding.js'
import { allCodes, CONTRACT, portOf } from '../../codes.js'
import { bindsAtOnce } from './bind.js'
import { type AnsweringThread, type BlockingCall, callBlocking, currentThread } from './blocking.js'
import { answerLater, answerNow } from './drive.js'
import { endpointsOf, IS_LINUX } from './endpoints.js'
import { hashcode } from './hashcode.js'
import { admitServers, hold, release } from './hold.js'
import { fillSequence } from './sequence.js'
import { ephemeralPortSteps, isFreeSteps, pickSteps, probeSteps, type Steps } from './steps.js'

export const fallback: Engine = {
  name: 'fallback',
  contract: CONTRACT,
  codes: allCodes,
  hashcode,
  sequence: fillSequence,
  pick: (...args) => now(args[5], args[6], { name: 'pick', args }, () => pickSteps(...args)),
  pickAsync: (...args) => answerLater(pickSteps(...args)),
  hold: (...args) => new HoldInThread(args),
  isFree: (...args) => now(args[1], args[2], { name: 'isFree', args }, () => isFreeSteps(...args)),
  probe: (...args) => now(args[1], args[2], { name: 'probe', args }, () => probeSteps(...args)),
  probeAsync: (...args) => answerLater(probeSteps(...args)),
  ephemeralPort: (...args) =>
    now(args[0], args[1], { name: 'ephemeralPort', args }, () => ephemeralPortSteps(...args)),
  environmentGeneration: () => undefined,
}

/** Answers before it returns: here where Node.js can, else in a thread that has an event loop. */
function now<Answer>(
  question: number,
  host: string,
  call: BlockingCall,
  steps: () => Steps<Answer>,
): Answer {
  // Explaining what a dual-stack TCP socket is refused asks single families, which listen() without a
  // host cannot.
  const atOnce = endpointsOf(question, host).every(
    (endpoint) => bindsAtOnce(endpoint) && !(call.name === 'probe' && endpoint.everywhere),
  )
  return atOnce ? answerNow(steps()) : (callBlocking(call) as Answer)
}

/** A hold of the thread, which has an event loop to hold it with: hold.ts. */
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
    if (!this.#isReleased) abandoned.register(this, [this.#thread, this.#id], this)
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
    return -1 // Node.js gives none away
  }

  #tell(name: 'release' | 'admitServers'): void {
    try {
      this.#thread.call({ name, args: [this.#id] })
    } catch (error) {
      if (!this.#thread.isGone) throw error // else nothing is held
    }
  }
}

let lastId = 0

/** Holds that nobody has any more. Nobody waits for the thread to release them. */
const abandoned = new FinalizationRegistry(([thread, id]: [AnsweringThread, number]) => {
  thread.abandon(id)
})

/** Answers a call of callBlocking(), in its thread. */
export async function answer({ name, args }: BlockingCall): Promise<unknown> {
  switch (name) {
    case 'hold':
      return hold(...args)
    case 'release':
      return release(...args)
    case 'admitServers':
      return admitServers(...args)
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
