// The drivers of steps.ts: one at once, one with the event loop.

import { nextTurn } from '../../timers.js'
import { bind, bindNow } from './bind.js'
import { LocksNow } from './lock.js'
import type { Steps } from './steps.js'

/** Answers before it returns, where bindsAtOnce() says that each bind can. */
export function answerNow<Answer>(running: Steps<Answer>): Answer {
  const locks = new LocksNow()
  let step = running.next()
  while (!step.done) step = running.next(bindNow(step.value, locks))
  return step.value
}

/** The longest that the event loop is kept from other work. */
const SLICE_MS = 3

/** Answers with the event loop, of which the binds alone would leave nothing to others. */
export async function answerLater<Answer>(running: Steps<Answer>): Promise<Answer> {
  const locks = new LocksNow()
  let step = running.next()
  let until = performance.now() // the caller has taken its share of this turn already
  while (!step.done) {
    step = running.next(await bind(step.value, locks))
    if (step.done || performance.now() < until) continue
    await nextTurn()
    until = performance.now() + SLICE_MS
    locks.forget()
  }
  return step.value
}
