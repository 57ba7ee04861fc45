// 2000 real HTTP servers by 2 x 8 processes: how many find their port taken.

import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { environment } from '../support/run.js'

const RACE = fileURLToPath(new URL('race.mjs', import.meta.url))

test.each(['native', 'fallback'])('with leases of the %s engine, none does', (PORT4ME_ENGINE) => {
  const output = execFileSync(process.execPath, [RACE, '2000'], {
    encoding: 'utf8',
    env: environment({ PORT4ME_ENGINE }),
  })
  console.log(`${PORT4ME_ENGINE} engine:\n${output}`)
  const [picked, leased] = output
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  // What is merely picked may collide, or may not: it is counted and told.
  expect(picked).toEqual({ way: 'port4me()', starts: 2000, collisions: expect.any(Number) })
  expect(leased).toEqual({ way: 'leasePort()', starts: 2000, collisions: 0 })
})
