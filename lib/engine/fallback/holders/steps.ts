// Finds holders step by step, so that the same code can block the event loop or not.

import type { HoldersReport } from '../../../../binding.js'
import { type Command, type Printed, printedLater, printedNow } from '../../../system-program.js'
import { nextTurn } from '../../../timers.js'

/**
 * Each step asks for the output of a program, or (undefined) allows other work to be done. If the program cannot be run,
 * the step throws.
 */
export type HolderSteps = Generator<Command | undefined, HoldersReport, Printed | undefined>

export function findNow(steps: HolderSteps): HoldersReport {
  let step = steps.next()
  while (!step.done) {
    step = step.value === undefined ? steps.next() : resume(steps, printedNow(step.value))
  }
  return step.value
}

/** How long the steps may use the event loop before it turns. */
const TURN_MS = 4

export async function findLater(steps: HolderSteps): Promise<HoldersReport> {
  let turn = performance.now()
  let step = steps.next()
  while (!step.done) {
    if (step.value !== undefined) {
      step = resume(steps, await printedLater(step.value))
      continue
    }
    if (performance.now() - turn > TURN_MS) {
      await nextTurn()
      turn = performance.now()
    }
    step = steps.next()
  }
  return step.value
}

function resume(steps: HolderSteps, printed: Printed | Error) {
  return printed instanceof Error ? steps.throw(printed) : steps.next(printed)
}

/**
 * Yields a program that tells details, and returns its output. Returns an empty text if it cannot be run, because
 * holders without details are better than none.
 */
export function* outputOf(command: Command): Generator<Command, string, Printed | undefined> {
  try {
    return (yield command)?.stdout ?? ''
  } catch {
    return ''
  }
}
