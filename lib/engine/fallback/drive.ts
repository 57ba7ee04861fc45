// Runs the steps of an answer: at once, or on the event loop.

import { nextTurn } from '../../timers.js'
import type { Bind, Binding, Step } from './bind.js'
import { LocksNow } from './lock.js'
import { sockets } from './sockets.js'
import type { Steps } from './steps.js'
import { wait, waitNow } from './wait.js'

/** Runs the steps and returns the answer. No step may need the event loop. */
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

/** How long the event loop may be kept from other work, in milliseconds. */
const SLICE_MS = 3

/**
 * Runs the steps on the event loop. Lets other work run after each SLICE_MS, because many steps do not wait for the
 * event loop and would block it.
 */
export async function answerLater<Answer>(running: Steps<Answer>): Promise<Answer> {
  const locks = new LocksNow()
  let step = running.next()
  let until = performance.now() // the caller may have used up the time of this turn
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
