// Builds the named products that are not up to date: js (dist/), addon, test_programs, or any other target of
// CMakeLists.txt. Several builds can run at the same time, and while tests run: a native build waits for
// another one, and each file of dist/ is replaced as a whole.
//
//   node scripts/build.mjs js addon

import { spawnSync } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isUpToDate, PRODUCTS, recordBuild, sourcesOf } from './products.mjs'

process.chdir(fileURLToPath(new URL('..', import.meta.url)))

const [first, ...rest] = process.argv.slice(2)
if (first === '--locked') buildNative(rest)
else buildAll([first, ...rest])

function buildAll(names) {
  mkdirSync('build', { recursive: true })
  if (names.includes('js') && !isUpToDate('js')) buildJs()
  const native = names.filter((name) => name !== 'js' && !isDone(name))
  if (native.length === 0) return
  // CMake uses a lock of the system, which ends with the process that has it.
  const node = process.execPath.replaceAll('\\', '/') // as CMake writes paths
  run('cmake', ['-P', 'scripts/locked.cmake', node, ...native])
}

/** Whether a product is up to date. False for any other target, because only CMake knows. */
function isDone(name) {
  return Object.hasOwn(PRODUCTS, name) && isUpToDate(name)
}

/** Runs in the lock. Builds the targets that no other build has built in the meantime. */
function buildNative(names) {
  const left = names.filter((name) => !isDone(name))
  if (left.length === 0) return
  const sources = left.map((name) => Object.hasOwn(PRODUCTS, name) && sourcesOf(name))
  left.forEach((name, i) => {
    const target = name === 'addon' ? 'port4me' : name
    run('cmake-js', ['compile', `--target=${target}`, '--log-level=error'])
    if (sources[i]) recordBuild(name, sources[i])
  })
}

function buildJs() {
  const sources = sourcesOf('js')
  const folder = mkdtempSync(join('build', 'dist-'))
  try {
    run(process.execPath, ['scripts/bundle.mjs', folder])
    run('tsc', ['-p', 'tsconfig.types.json', '--outDir', join(folder, 'types')])
    replaceFiles('dist', folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  recordBuild('js', sources)
}

/** Gives a folder the content of another one. Each changed file is replaced as a whole; equal files stay. */
function replaceFiles(folder, by) {
  const files = filesOf(by)
  for (const file of files) {
    const [from, to] = [join(by, file), join(folder, file)]
    mkdirSync(dirname(to), { recursive: true })
    const isSame =
      statSync(to, { throwIfNoEntry: false })?.isFile() &&
      readFileSync(from).equals(readFileSync(to))
    if (!isSame) renameSync(from, to)
  }
  for (const file of filesOf(folder)) if (!files.includes(file)) rmSync(join(folder, file))
}

function filesOf(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(folder.length + 1))
}

/** Runs a program that the PATH of npm's scripts has. If it fails, this process ends with its status. */
function run(command, args) {
  // On Windows npm's programs are scripts, which need a shell. A shell splits arguments at spaces, so others have none.
  const shell = process.platform === 'win32' && ['cmake-js', 'tsc'].includes(command)
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', shell })
  if (error !== undefined) console.error(`${command}: ${error.message}`)
  if (status !== 0) process.exit(status ?? 1)
}
