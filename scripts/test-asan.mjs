// Runs threads that probe and hold without Node.js (test/native/stress.cc) under ThreadSanitizer, and
// under AddressSanitizer with its search for leaks; then the tests of the addon and of leases with an
// addon that is built with AddressSanitizer. UndefinedBehaviorSanitizer goes with the latter. Each
// ends a process at the first finding. Arguments go to vitest; with --stress-only there is no vitest.

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
process.chdir(root)

const TESTS = ['test/contract', 'test/processes', 'lease', 'concurrency', 'faults']

const folder = join(root, 'build-asan')
const run = (command, args, env = {}) =>
  execFileSync(command, args, { stdio: 'inherit', env: { ...process.env, ...env } })

const SECONDS = 20

run('cmake-js', ['build', '--log-level=error', '--target=stress_programs'])
for (const name of ['stress_thread', 'stress_address_undefined']) {
  console.log(`${name}, for ${SECONDS} s:`)
  // In a network of their own nobody else has the ports. Without random addresses: those of newer
  // kernels are not all known to older ThreadSanitizers.
  const network = process.getuid() === 0 ? '-n' : '-rn'
  const command = [
    'unshare',
    network,
    'sh',
    '-c',
    'ip link set lo up && exec setarch -R "$@"',
    'sh',
  ]
  const program = [join(root, 'build', name), String(SECONDS)]
  const [first, ...rest] = [...command, ...program]
  run(first, rest, { ASAN_OPTIONS: 'detect_leaks=1', UBSAN_OPTIONS: 'print_stacktrace=1' })
}
if (process.argv.includes('--stress-only')) process.exit()

run('cmake-js', [
  'compile',
  '--log-level=error',
  `--out=${join(folder, 'build')}`,
  '--CDPORT4ME_SANITIZE=ON',
])
// Node.js itself is not built with them: their library must be loaded before all others.
const library = execFileSync('g++', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim()
run('vitest', ['run', '--project=unit', '--project=native', ...TESTS, ...process.argv.slice(2)], {
  PORT4ME_PREBUILD: folder,
  LD_PRELOAD: library,
  // What Node.js and the tests' other programs leave to the end of their process is not ours.
  ASAN_OPTIONS: 'detect_leaks=0',
  UBSAN_OPTIONS: 'print_stacktrace=1',
})
