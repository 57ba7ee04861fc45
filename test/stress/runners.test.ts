// Runs real test runners, two of each at the same time, again and again.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { npmTest } from '../examples/npm-test.js'
import { type Example, prepareExample } from '../examples/prepare.js'

const REPEATS = 20
const RUNNERS = ['vitest', 'vitest', 'jest', 'jest'] as const

let examples: Example[]
beforeAll(() => {
  examples = RUNNERS.map(prepareExample)
})
afterAll(() => {
  for (const { cleanup } of examples) cleanup()
})

test('two runs of Vitest and two of Jest at the same time, each with 4 workers that serve, all pass', async () => {
  for (let repeat = 1; repeat <= REPEATS; repeat++) {
    const runs = await Promise.all(examples.map(({ folder }) => npmTest(folder)))
    for (const { status, output } of runs) {
      expect(output).not.toContain('EADDRINUSE')
      expect(status, `repeat ${repeat}: ${output}`).toBe(0)
      expect(output).toMatch(/\b5 passed/)
    }
  }
}, 900_000)
