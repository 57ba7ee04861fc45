// Makes a million random calls of the addon itself, or FUZZ_CALLS calls, with the seed FUZZ_SEED.

import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { ADDON } from '../support/paths.js'
import { environment, OWN_NETWORK } from '../support/run.js'

const FUZZER = fileURLToPath(new URL('fuzz-boundary.mjs', import.meta.url))
const { FUZZ_CALLS: calls = '1000000', FUZZ_SEED: seed = String(Date.now() % 2 ** 32) } =
  process.env

test(`${calls} random calls neither crash the addon nor leak`, () => {
  const limits = 'ip link set lo up && ulimit -n 128 && exec "$@"'
  const [command = '', ...args] = [
    ...[...OWN_NETWORK, 'sh', '-c', limits, 'sh'],
    ...[process.execPath, '--expose-gc', FUZZER, ADDON, calls, seed],
  ]
  const { status, signal, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    env: environment(),
  })
  console.log(`seed ${seed}: ${stdout}`)
  expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: `seed ${seed}\n` })
  const counts = JSON.parse(stdout)
  for (const kind of ['answers', 'errors', 'rejections']) {
    expect(counts[kind], kind).toBeGreaterThan(0)
  }
  const [soon, atLast] = counts.kilobytes
  expect(atLast).toBeLessThan(soon + 100_000)
}, 3_600_000)
