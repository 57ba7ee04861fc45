// Compiles the files of native/ and scripts/ for each target, one by one, with all warnings as errors and the
// flags of the binaries. So code for other systems, which cannot run here, at least compiles. Nothing is linked.

import { execSync, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, TARGETS, useZig } from './prebuild/targets.mjs'

useZig()
for (const target of Object.values(TARGETS)) {
  const folder = join(ROOT, 'build', 'cross', target)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  process.env.PORT4ME_ZIG_TARGET = target
  const { status, output } = spawnSync(
    'cmake-js',
    [
      'configure',
      '--log-level=error',
      `--directory=${ROOT}`,
      `--out=${folder}`,
      `--CDCMAKE_TOOLCHAIN_FILE=${join(ROOT, 'scripts', 'prebuild', 'zig.cmake')}`,
      '--CDCMAKE_EXPORT_COMPILE_COMMANDS=ON',
      '--CDCMAKE_UNITY_BUILD=OFF',
      '--CDPORT4ME_WARNINGS_AS_ERRORS=ON',
    ],
    { cwd: ROOT, encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(`CMake failed for ${target}:\n${output?.join('')}`)
  const commands = JSON.parse(readFileSync(join(folder, 'compile_commands.json'), 'utf8'))
  const [native, scripts] = ['native', 'scripts'].map((folder) =>
    // Only the files of the addon. The programs of the tests are built only for this system.
    commands.filter(
      ({ file, command }) =>
        file.startsWith(join(ROOT, folder)) && command.includes('CMakeFiles/port4me.dir'),
    ),
  )
  if (native.length === 0) throw new Error(`CMake compiles nothing of native/ for ${target}`)
  for (const { command, directory } of [...native, ...scripts]) {
    execSync(command, { cwd: directory, stdio: 'inherit' })
  }
  console.log(`compiles for ${target}: ${native.length + scripts.length} files`)
}
