// Drives steps: at once, or with the event loop.

import { nextTurn } from '../../timers.js'
import type { Bind, Binding, Step } from './bind.js'
import { LocksNow } from './lock.js'
import { sockets } from './sockets.js'
import type { Steps } from './steps.js'
import { wait, waitNow } from './wait.js'

/** Returns the answer. Every step must be possible at once. */
export function answerNow<Answer>(running: Steps<Answer>): Answer {
  const locks = new LocksNow()
  let step = running.next()
  while (!step.done) {
    let bind: Binding
    try {
      bind = doStep(step.value, locks, (milliseconds) => {
        waitNow(milliseconds)
        return WAITED
      })
    } catch (error) {
      step = running.throw(error)
      continue
    }
    if (bind instanceof Promise) throw new TypeError('a bind that needs the event loop')
    step = running.next(bind)
  }
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
    let bind: Bind
    try {
      bind = await doStep(step.value, locks, async (milliseconds) => {
        await wait(milliseconds)
        return WAITED
      })
    } catch (error) {
      step = running.throw(error)
      continue
    }
    step = running.next(bind)
    if (step.done || performance.now() < until) continue
    await nextTurn()
    until = performance.now() + SLICE_MS
    locks.forget()
  }
  return step.value
}

const WAITED: Bind = { is: 'waited' }

function doStep(step: Step, locks: LocksNow, waitFor: (milliseconds: number) => Binding): Binding {
  if (step[0] === 'hold') return step[1]()
  if (step[0] === 'wait') {
    locks.forget()
    return waitFor(step[1])
  }
  const [what, port] = step
  return typeof what === 'string' ? { is: locks.look(what, port) } : sockets.bind(what, port)
}
