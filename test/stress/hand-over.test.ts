// Hands leased ports over to servers while other programs listen on them for an instant, again and again.
// PORT4ME_STRESS is the number of leases for each pair. The default takes 4 minutes on two idle processors.

import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { environment, OWN_NETWORK } from '../support/run.js'

const HAND_OVER = fileURLToPath(new URL('hand-over.mjs', import.meta.url))

describe.each([
  ['native', 100_000],
  ['fallback', 40_000],
])('%s engine', (PORT4ME_ENGINE, byDefault) => {
  const leases = Number(process.env.PORT4ME_STRESS ?? byDefault)

  test.each(['get-port', 'portfinder', 'native', 'fallback'])(
    'each server gets its leased port while %s looks for free ports',
    (prober) => {
      const [command = '', ...args] = OWN_NETWORK
      const run = [process.execPath, HAND_OVER, prober, String(leases)]
      const output = execFileSync(
        command,
        [...args, 'sh', '-c', 'ip link set lo up; exec "$@"', 'sh', ...run],
        { encoding: 'utf8', env: environment({ PORT4ME_ENGINE }) },
      )
      console.log(output)
      const { engine, failures, probes } = JSON.parse(output)
      expect({ engine, failures }).toEqual({ engine: PORT4ME_ENGINE, failures: {} })
      expect(probes).toBeGreaterThan(leases / 100)
    },
    3_600_000,
  )
})
