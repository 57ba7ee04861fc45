// Runs the tests of the addon and of leases with an addon that is built with AddressSanitizer and
// UndefinedBehaviorSanitizer, which end a process at the first finding. Arguments go to vitest.

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
process.chdir(root)

const TESTS = ['test/contract', 'test/processes', 'lease', 'concurrency', 'faults']

const folder = join(root, 'build-asan')
const run = (command, args, env = {}) =>
  execFileSync(command, args, { stdio: 'inherit', env: { ...process.env, ...env } })

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
