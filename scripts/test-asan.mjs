// First runs test/native/stress.cc, which probes and holds in threads without Node.js, under ThreadSanitizer and under
// AddressSanitizer with leak detection. Then runs the tests of the addon and of leases with an addon that is built with
// AddressSanitizer. UndefinedBehaviorSanitizer is always used together with AddressSanitizer. A sanitizer ends the
// process at its first finding. Arguments are passed to vitest; with --stress-only vitest does not run.

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
  // In a network of its own no other program has the ports. Address randomization is off, because older versions of
  // ThreadSanitizer do not support that of newer kernels.
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
// Node.js itself is not built with the sanitizers, so their library must be loaded before all others.
const library = execFileSync('g++', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim()
run('vitest', ['run', '--project=unit', '--project=native', ...TESTS, ...process.argv.slice(2)], {
  PORT4ME_PREBUILD: folder,
  LD_PRELOAD: library,
  // Node.js and other programs of the tests do not free all their memory at the end.
  ASAN_OPTIONS: 'detect_leaks=0',
  UBSAN_OPTIONS: 'print_stacktrace=1',
})
