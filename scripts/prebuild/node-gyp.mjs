#!/usr/bin/env node
// What prebuildify runs for node-gyp: builds with cmake-js into build/ of the working directory.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { ROOT } from './targets.mjs'

const args = [
  'compile',
  '--log-level=error',
  `--directory=${ROOT}`,
  `--out=${join(process.cwd(), 'build')}`,
]
if (process.env.PORT4ME_ZIG_TARGET !== undefined) {
  args.push(`--CDCMAKE_TOOLCHAIN_FILE=${join(ROOT, 'scripts', 'prebuild', 'zig.cmake')}`)
}
const { status } = spawnSync('cmake-js', args, {
  stdio: 'inherit',
  cwd: ROOT,
  shell: process.platform === 'win32',
})
process.exitCode = status ?? 1
