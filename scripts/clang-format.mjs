// Formats the C++ sources; with --check, fails on those that are not formatted.

import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))
const sources = ['native', 'scripts', 'test', 'bench'].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(cc|h)$/.test(file))
    .map((file) => join(folder, file)),
)
const flags = process.argv.includes('--check') ? ['--dry-run', '--Werror'] : ['-i']
execFileSync('clang-format', [...flags, ...sources], { stdio: 'inherit' })
