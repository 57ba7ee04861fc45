// The engine without a binary: binding.d.ts in TypeScript, over public Node.js API.

import type { Engine, Hold, Pick } from '../../../binding.js'
import { nextTurn } from '../../next-turn.js'
import { bind, bindNow, bindsAtOnce } from './bind.js'
import { type BlockingCall, callBlocking } from './blocking.js'
import { endpointsOf, IS_LINUX } from './endpoints.js'
import { hashcode } from './hashcode.js'
import { hold, release } from './hold.js'
import { LocksNow } from './lock.js'
import { fillSequence } from './sequence.js'
import { ephemeralPortSteps, isFreeSteps, pickSteps, probeSteps, type Steps } from './steps.js'

export const fallback: Engine = {
  name: 'fallback',
  hashcode,
  sequence: fillSequence,
  pick: (...args) => now(args[5], args[6], { name: 'pick', args }, () => pickSteps(...args)),
  pickAsync: (...args) => later(pickSteps(...args)),
  hold: (...args) => new HoldInThread(args),
  isFree: (...args) => now(args[1], args[2], { name: 'isFree', args }, () => isFreeSteps(...args)),
  probe: (...args) => now(args[1], args[2], { name: 'probe', args }, () => probeSteps(...args)),
  probeAsync: (...args) => later(probeSteps(...args)),
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
  if (!atOnce) return callBlocking(call) as Answer
  const running = steps()
  let step = running.next()
  const locks = new LocksNow()
  while (!step.done) step = running.next(bindNow(step.value, locks))
  return step.value
}

/** The longest that the event loop is kept from other work. */
const SLICE_MS = 3

/** Answers with the event loop, of which the binds alone would leave nothing to others. */
async function later<Answer>(running: Steps<Answer>): Promise<Answer> {
  let step = running.next()
  let until = performance.now() // the caller has taken its share of this turn already
  let locks = new LocksNow()
  while (!step.done) {
    step = running.next(await bind(step.value, locks))
    if (step.done || performance.now() < until) continue
    await nextTurn()
    until = performance.now() + SLICE_MS
    locks = new LocksNow()
  }
  return step.value
}

/** A hold of the thread, which has an event loop to hold it with: hold.ts. */
class HoldInThread implements Hold {
  readonly pick: Pick
  readonly #id = ++lastId
  isOver = false

  constructor(args: Parameters<Engine['hold']>) {
    this.pick = callBlocking({ name: 'hold', args: [this.#id, ...args] }) as Pick
    abandoned.register(this, this.#id, this)
  }

  release(): void {
    if (this.isOver) return
    this.isOver = true
    abandoned.unregister(this)
    releaseNow(this.#id)
  }

  admitServers(): void {
    if (!IS_LINUX) this.release()
  }

  takeListeningDescriptor(): number {
    return -1 // Node.js gives none away
  }
}

let lastId = 0

const abandoned = new FinalizationRegistry(releaseNow)

function releaseNow(id: number): void {
  callBlocking({ name: 'release', args: [id] })
}

/** Answers a call of callBlocking(), in its thread. */
export async function answer({ name, args }: BlockingCall): Promise<unknown> {
  switch (name) {
    case 'hold':
      return hold(...args)
    case 'release':
      return release(...args)
    case 'pick':
      return later(pickSteps(...args))
    case 'isFree':
      return later(isFreeSteps(...args))
    case 'probe':
      return later(probeSteps(...args))
    case 'ephemeralPort':
      return later(ephemeralPortSteps(...args))
  }
}
