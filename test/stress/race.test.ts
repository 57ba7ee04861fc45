// Starts and stops real HTTP servers in 2 x 8 processes at the same time, and counts those that find their port taken.
// PORT4ME_STRESS is the number of leased starts for each case. The default takes 2 minutes on two idle processors.

import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { environment } from '../support/run.js'

const RACE = fileURLToPath(new URL('race.mjs', import.meta.url))
const PROCESSES = 16

const leased = Number(process.env.PORT4ME_STRESS ?? 16_000)

test.each(['native', 'fallback', 'native,fallback'])(
  'with leases (%s) no port is taken, and no descriptor stays open',
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
    // Without leases starts may collide. They are only counted and printed.
    expect(picked).toMatchObject({ way: 'port4me()', collisions: expect.any(Number) })
    expect(ofLeases).toMatchObject({ way: 'leasePort()', collisions: 0, descriptors: 0 })
    expect(ofLeases.starts).toBeGreaterThanOrEqual(leased)
    expect(ofLeases.starts).toBeLessThan(leased + PROCESSES)
  },
  7_200_000,
)
