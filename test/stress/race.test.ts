// Real HTTP servers, started and stopped by 2 x 8 processes at once: how many find their port taken.
// PORT4ME_STRESS is the number of leased starts for each case; the default takes 2 minutes on two
// idle processors.

import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { environment } from '../support/run.js'

const RACE = fileURLToPath(new URL('race.mjs', import.meta.url))
const PROCESSES = 16

const leased = Number(process.env.PORT4ME_STRESS ?? 16_000)

test.each(['native', 'fallback', 'native,fallback'])(
  'with leases (%s), none does, and no descriptor stays open',
  (engines) => {
    const output = execFileSync(process.execPath, [RACE, String(leased), engines], {
      encoding: 'utf8',
      env: environment(),
    })
    console.log(`${engines}:\n${output}`)
    const [picked, ofLeases] = output
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    // What is merely picked may collide, or may not: it is counted and told.
    expect(picked).toMatchObject({ way: 'port4me()', collisions: expect.any(Number) })
    expect(ofLeases).toMatchObject({ way: 'leasePort()', collisions: 0, descriptors: 0 })
    expect(ofLeases.starts).toBeGreaterThanOrEqual(leased)
    expect(ofLeases.starts).toBeLessThan(leased + PROCESSES)
  },
  7_200_000,
)
