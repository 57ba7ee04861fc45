// The products of the build, their sources, and whether they are up to date. Content is compared, because git and npm
// change the times of files.

import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const windows = process.platform === 'win32'

/** The sources and results (files and folders) of each product. */
export const PRODUCTS = {
  js: {
    sources: [
      'lib',
      'scripts/bundle.mjs',
      'prebuilds/manifest.json',
      'tsconfig.json',
      'tsconfig.types.json',
      'package.json',
    ],
    results: ['dist'],
    command: 'npm run build:js',
  },
  addon: {
    sources: ['native', 'CMakeLists.txt', 'package-lock.json'],
    results: ['build/Release/port4me.node'],
    command: 'npm run build:native',
  },
  // Programs that the tests run.
  test_programs: {
    sources: ['native', 'test/native', 'CMakeLists.txt'],
    results: ['build/native_tests', 'build/bind_oracle'].map((file) =>
      windows ? `${file}.exe` : file,
    ),
    command: 'npm run build:native',
  },
}

/** Whether neither the results nor the sources of a product have changed since its last build. */
export function isUpToDate(name) {
  return contentOf(recordOf(name)) === stateOf(name)
}

/** To be called after a build, with the value that sourcesOf() returned before it. */
export function recordBuild(name, sources) {
  mkdirSync(dirname(recordOf(name)), { recursive: true })
  writeFileSync(recordOf(name), `${sources} ${digest(PRODUCTS[name].results)}`)
}

/** A digest of the sources of a product. */
export function sourcesOf(name) {
  return digest([...PRODUCTS[name].sources, 'scripts/products.mjs'])
}

const recordOf = (name) => join(ROOT, 'build', 'built', name)
const stateOf = (name) => `${sourcesOf(name)} ${digest(PRODUCTS[name].results)}`

function contentOf(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** A digest of the names and contents of files, and of all files in folders. Missing files are ignored. */
function digest(paths) {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}\0`)
  for (const file of paths.flatMap(filesOf)) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(ROOT, file)))
      .update('\0')
  }
  return hash.digest('hex')
}

function filesOf(path) {
  const stats = statSync(join(ROOT, path), { throwIfNoEntry: false })
  if (stats === undefined) return []
  if (!stats.isDirectory()) return [path]
  const entries = readdirSync(join(ROOT, path)).sort()
  return entries.flatMap((entry) => filesOf(`${path}/${entry}`))
}
