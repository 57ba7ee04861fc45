// Callers that ask for the same port at the same moment all get it. None of them takes the probe of another for a server.

import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { environment, OWN_NETWORK } from '../support/run.js'

const SCRIPT = fileURLToPath(new URL('simultaneous.mjs', import.meta.url))

/** Runs the calls in their own network, and returns how many got another port. */
function others(engine: string, way: string, count: number): number {
  const [command = '', ...args] = [...OWN_NETWORK, process.execPath, SCRIPT, way, String(count)]
  const output = execFileSync(command, args, {
    encoding: 'utf8',
    env: environment({ PORT4ME_ENGINE: engine, PORT4ME_USER: 'simultaneous' }),
  })
  console.log(`${engine}: ${output}`)
  return (JSON.parse(output) as { others: number }).others
}

test.each([
  ['native', 5],
  ['fallback', 48],
] as const)(
  '16 processes that start at the same time, 300 times: %s, at most %i of 4,800 do not',
  (engine, most) => {
    expect(others(engine, 'processes', 300)).toBeLessThanOrEqual(most)
  },
  120_000,
)

test.each(['threads', 'turns'])(
  'two copies of the addon, %s: at most 60 of 60,000 do not',
  (way) => {
    expect(others('native', way, 60_000)).toBeLessThanOrEqual(60)
  },
  120_000,
)
