// Which worker this is, and its share of the candidates.

import type { Engine } from '../../binding.js'
import { type Candidates, onePeriod, prependedAfterSkip } from '../candidates.js'
import { Port4meError, quote } from '../errors.js'
import { readVariable } from './environment.js'
import { integer, integerText } from './values.js'

export type Share = readonly [index: number, count: number]

/** The variables by which test runners number their workers, and the first number. */
const RUNNERS = {
  VITEST_POOL_ID: 1, // https://vitest.dev/guide/migration: 1 to maxWorkers
  JEST_WORKER_ID: 1, // https://jestjs.io/docs/environment-variables
  TEST_PARALLEL_INDEX: 0, // https://playwright.dev/docs/test-parallel: 0 to workers - 1
  MOCHA_WORKER_ID: 0, // https://mochajs.org/#parallel-mode
} as const

/** Runners do not say how many workers there are; a count for all that is large enough will do. */
const LEAST_COUNT = 64

export function readWorker(value: unknown, source: string): Share | undefined {
  if (value === undefined) return undefined
  if (value === 'auto') return shareOfRunner()
  if (typeof value !== 'object' || value === null) {
    throw new Port4meError(
      'ERR_INVALID_ARG_TYPE',
      `${source} must be { index, count } or 'auto', not ${quote(value)}`,
    )
  }
  const given = value as { index?: unknown; count?: unknown }
  const count = integer(given.count, `${source}.count`, 1, 65535)
  return [integer(given.index, `${source}.index`, 0, count - 1), count]
}

function shareOfRunner(): Share {
  for (const [name, first] of Object.entries(RUNNERS)) {
    const value = readVariable(name)
    if (value === undefined) continue
    const { availableParallelism } = require('node:os') as typeof import('node:os')
    const count = Math.max(LEAST_COUNT, 2 * availableParallelism())
    return [integerText(value, name, first, first + count - 1) - first, count]
  }
  return [0, 1]
}

/**
 * Every count-th of the candidates. A port that comes several times counts where it comes first, so
 * that no two workers ever have one in common.
 */
export function shareOf(all: Candidates, share: Share, engine: Engine): Candidates {
  const [index, count] = share
  const prepended = prependedAfterSkip(all)
  const first = new Set(prepended)
  const sequence = onePeriod(all, engine).filter((port) => !first.has(port))
  const allowed = new Uint8Array(all.allowed.length)
  for (const [rank, port] of sequence.entries()) {
    if ((prepended.length + rank) % count !== index) continue
    allowed[port >> 3] = (allowed[port >> 3] as number) | (1 << (port & 7))
  }
  return {
    // The generator's state is the port it gave: after the last of a period comes the first.
    seed: sequence.at(-1) ?? all.seed,
    allowed,
    prepended: prepended.filter((_, rank) => rank % count === index),
    skip: 0,
    share,
  }
}
