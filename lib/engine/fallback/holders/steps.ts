// Finds holders step by step, so that the same code can block the event loop or not.

import { execFile, spawnSync } from 'node:child_process'
import type { HoldersReport } from '../../../../binding.js'
import { nextTurn } from '../../../timers.js'

/** A program of the system that is to be run. */
export interface Command {
  readonly file: string
  readonly args: readonly string[]
}

/** What the program printed, and its exit status: null if a signal ended it. */
export interface Printed {
  readonly stdout: string
  readonly status: number | null
}

/**
 * Each step asks for the output of a program, or (undefined) allows other work to be done. If the program cannot be
 * run, the error is thrown at the step.
 */
export type HolderSteps = Generator<Command | undefined, HoldersReport, Printed | undefined>

const MOST_BYTES = 2 ** 26

export function findNow(steps: HolderSteps): HoldersReport {
  let step = steps.next()
  while (!step.done) {
    if (step.value === undefined) {
      step = steps.next()
      continue
    }
    const { printed, error } = runNow(step.value)
    step = printed === undefined ? steps.throw(error) : steps.next(printed)
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
      const { printed, error } = await runLater(step.value)
      step = printed === undefined ? steps.throw(error) : steps.next(printed)
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

/** What a program printed, or the error if it cannot be run or prints too much. */
interface Ran {
  readonly printed?: Printed
  readonly error?: Error
}

function runNow({ file, args }: Command): Ran {
  const { stdout, status, error } = spawnSync(file, args, {
    encoding: 'utf8',
    maxBuffer: MOST_BYTES,
    stdio: ['ignore', 'pipe', 'ignore'],
    windowsHide: true,
  })
  return error === undefined ? { printed: { stdout, status } } : { error }
}

function runLater({ file, args }: Command): Promise<Ran> {
  return new Promise((resolve) => {
    const options = { encoding: 'utf8', maxBuffer: MOST_BYTES, windowsHide: true } as const
    execFile(file, args, options, (error, stdout) => {
      if (error === null) resolve({ printed: { stdout, status: 0 } })
      else if (typeof error.code === 'string')
        resolve({ error }) // such as 'ENOENT'
      else resolve({ printed: { stdout, status: error.code ?? null } })
    })
  })
}
