// Checks the binaries of prebuilds/ and prints their sizes. Fails if a binary is missing, differs from the manifest,
// was built from other sources, for another target or by another compiler, or is too large. Also fails if the package
// is too large.

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { digestOfSources, ROOT, readManifest, TARGETS, ZIG_TOOLCHAIN } from './targets.mjs'

const MOST_BYTES = 250_000
const MOST_BYTES_OF_PACKAGE = 2_500_000

const manifest = readManifest()
let failures = 0
let total = 0
for (const name of Object.keys(TARGETS)) {
  const problem = problemOf(name)
  if (problem === undefined) continue
  console.error(`prebuilds/${name} ${problem}; build it: npm run prebuild -- ${name}`)
  failures++
}
for (const name of Object.keys(manifest)) {
  if (Object.hasOwn(TARGETS, name)) continue
  console.error(`prebuilds/manifest.json has ${name}, which is not a target`)
  failures++
}
console.log(`${String(total).padStart(7)} bytes  together`)

const pack = ['pack', '--dry-run', '--json', '--ignore-scripts']
const packed = execFileSync('npm', pack, {
  cwd: ROOT,
  encoding: 'utf8',
  shell: process.platform === 'win32',
})
const [{ unpackedSize }] = JSON.parse(packed)
console.log(`${String(unpackedSize).padStart(7)} bytes  the package, unpacked`)
if (unpackedSize > MOST_BYTES_OF_PACKAGE) {
  console.error(`the package is larger than ${MOST_BYTES_OF_PACKAGE} bytes`)
  failures++
}
process.exitCode = failures === 0 ? 0 : 1

function problemOf(name) {
  const entry = manifest[name]
  const file = join(ROOT, 'prebuilds', name)
  if (entry === undefined || !existsSync(file)) return 'is missing'
  const bytes = readFileSync(file)
  total += bytes.length
  console.log(`${String(bytes.length).padStart(7)} bytes  ${name}`)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  if (bytes.length !== entry.size || sha256 !== entry.sha256) return 'differs from the manifest'
  if (entry.toolchain !== ZIG_TOOLCHAIN) return `was built by ${entry.toolchain}`
  if (entry.sources !== digestOfSources(name)) return 'was built from other sources'
  if (bytes.length > MOST_BYTES) return `is larger than ${MOST_BYTES} bytes`
  return undefined
}
