// The option `worker`: which worker this is.

import { builtin } from '../builtin.js'
import { Port4meError, quote } from '../errors.js'
import { readVariable } from './environment.js'
import { integerText } from './texts.js'
import { integer } from './values.js'

export type Share = readonly [index: number, count: number]

/** The variables with which test runners number their workers, and the first number. */
const RUNNERS = {
  VITEST_POOL_ID: 1, // https://vitest.dev/guide/migration: 1 to maxWorkers
  JEST_WORKER_ID: 1, // https://jestjs.io/docs/environment-variables
  TEST_PARALLEL_INDEX: 0, // https://playwright.dev/docs/test-parallel: 0 to workers - 1
  MOCHA_WORKER_ID: 0, // https://mochajs.org/#parallel-mode
} as const

/** The smallest count for `'auto'`. Runners do not tell the number of workers, so the count must be large enough. */
const LEAST_COUNT = 64

export function readWorker(value: unknown, source: string): Share {
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
    const { availableParallelism } = builtin('node:os')
    const count = Math.max(LEAST_COUNT, 2 * availableParallelism())
    return [integerText(value, name, first, first + count - 1) - first, count]
  }
  return [0, 1]
}
