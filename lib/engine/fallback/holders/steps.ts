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

/** Each step asks for the output of a program, or (undefined) allows other work to be done. */
export type HolderSteps = Generator<Command | undefined, HoldersReport, Printed | undefined>

const MOST_BYTES = 2 ** 26

export function findNow(steps: HolderSteps): HoldersReport {
  let step = steps.next()
  while (!step.done) {
    step = step.value === undefined ? steps.next() : steps.next(printedNow(step.value))
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
      step = steps.next(await printedLater(step.value))
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

function printedNow({ file, args }: Command): Printed {
  const { stdout, status, error } = spawnSync(file, args, {
    encoding: 'utf8',
    maxBuffer: MOST_BYTES,
    stdio: ['ignore', 'pipe', 'ignore'],
    windowsHide: true,
  })
  if (error !== undefined) throw error
  return { stdout, status }
}

function printedLater({ file, args }: Command): Promise<Printed> {
  return new Promise((resolve, reject) => {
    const options = { encoding: 'utf8', maxBuffer: MOST_BYTES, windowsHide: true } as const
    execFile(file, args, options, (error, stdout) => {
      if (error === null) resolve({ stdout, status: 0 })
      else if (typeof error.code === 'number') resolve({ stdout, status: error.code })
      else if (error.code === undefined) resolve({ stdout, status: null })
      else reject(error) // the program cannot be run, or prints too much
    })
  })
}
