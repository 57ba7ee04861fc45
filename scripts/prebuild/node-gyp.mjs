#!/usr/bin/env node
// What prebuildify runs for node-gyp: builds with cmake-js into build/ of the working directory.

import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './targets.mjs'

const target = process.env.PORT4ME_ZIG_TARGET
const folder = join(process.cwd(), 'build')
const args = ['compile', '--log-level=error', `--directory=${ROOT}`, `--out=${folder}`]
if (target !== undefined) {
  args.push(`--CDCMAKE_TOOLCHAIN_FILE=${join(ROOT, 'scripts', 'prebuild', 'zig.cmake')}`)
}
const shell = process.platform === 'win32'
const { status } = spawnSync('cmake-js', args, { stdio: 'inherit', cwd: ROOT, shell })
process.exitCode = status ?? 1
if (status === 0 && target?.includes('macos')) fixUuid(join(folder, 'Release', 'port4me.node'))

/**
 * The linker gives each Mach-O file another UUID. A build that is to be repeated needs one that
 * follows from the file, without the symbols, which tell times. prebuildify strips it once more,
 * and so llvm-strip signs it anew.
 */
function fixUuid(path) {
  execFileSync(process.env.PREBUILD_STRIP_BIN, [path, '--strip-all'])
  const LC_UUID = 0x1b
  const LC_CODE_SIGNATURE = 0x1d
  const file = readFileSync(path)
  const offsets = new Map()
  let command = 32
  for (let left = file.readUInt32LE(16); left > 0; left--) {
    offsets.set(file.readUInt32LE(command), command)
    command += file.readUInt32LE(command + 4)
  }
  const uuid = file.subarray(offsets.get(LC_UUID) + 8).subarray(0, 16)
  uuid.fill(0)
  const signature = offsets.get(LC_CODE_SIGNATURE)
  const end = signature === undefined ? file.length : file.readUInt32LE(signature + 8)
  createHash('sha256').update(file.subarray(0, end)).digest().copy(uuid, 0, 0, 16)
  uuid[6] = (uuid[6] & 0x0f) | 0x50 // version 5 and the variant of RFC 9562: from a hash
  uuid[8] = (uuid[8] & 0x3f) | 0x80
  writeFileSync(path, file)
}
