// Runs Vitest with its arguments. If the system allows it (Linux, network_namespaces(7)), Vitest runs in a network of
// its own, where the tests and other programs cannot take each other's ports. Otherwise, and with --shared-network, the
// tests run on the network of the machine.
//
//   node scripts/test.mjs --project=unit
//   node scripts/test.mjs --one FILE        only one engine: that of PORT4ME_ENGINE, or native

import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const OWN = ['--shared-network', '--one']
const given = process.argv.slice(2)
const args = given.filter((arg) => !OWN.includes(arg))
if (given.includes('--one')) {
  const engine = process.env.PORT4ME_ENGINE || 'native'
  args.unshift(...['unit', engine, 'platforms', 'stress'].map((name) => `--project=${name}`))
}

const prefix = given.includes('--shared-network') ? [] : ownNetwork()
if (prefix.length === 0) {
  console.error("These tests run on the machine's own network.")
  process.env.TESTS_SHARE_NETWORK = '1' // some tests are more patient then
}
const vitest = join(
  dirname(createRequire(import.meta.url).resolve('vitest/package.json')),
  'vitest.mjs',
)
// Without "runner" the configuration would be bundled into node_modules/, which may belong to another user.
const command = [process.execPath, vitest, 'run', '--configLoader=runner', ...args]
const [program, ...words] = [...prefix, ...command]
const { status, error } = spawnSync(program, words, { stdio: 'inherit' })
if (error !== undefined) throw error
process.exitCode = status ?? 1

/** The words that run a command in its own network with a loopback. Empty if that is not possible. */
function ownNetwork() {
  if (process.platform !== 'linux') return []
  const up = ['sh', '-c', 'ip link set lo up && exec "$@"', 'sh']
  // unshare(1), setpriv(1): the user stays the same and has no new capabilities outside the network.
  const own =
    process.getuid() === 0
      ? ['unshare', '--net', ...up]
      : [
          ...['unshare', '--user', '--map-current-user', '--keep-caps', '--net', ...up],
          ...['setpriv', '--inh-caps=-all', '--ambient-caps=-all'],
        ]
  const [file, ...words] = own
  return spawnSync(file, [...words, 'true']).status === 0 ? own : []
}
