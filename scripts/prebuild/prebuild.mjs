// Builds binaries into prebuilds/ and describes them in its manifest.
//
//   node scripts/prebuild/prebuild.mjs          for this machine, with its compiler
//   node scripts/prebuild/prebuild.mjs --all    for every target, with zig; needs Linux x64 and llvm-strip
//   node scripts/prebuild/prebuild.mjs NAME...  for some targets, such as linux-x64/port4me.musl.node, with zig

import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import prebuildify from 'prebuildify'
import {
  describeBinary,
  partsOf,
  ROOT,
  readManifest,
  TARGETS,
  useZig,
  writeManifest,
  ZIG_TOOLCHAIN,
} from './targets.mjs'

const build = promisify(prebuildify)
const chosen = process.argv.slice(2)
const names = chosen.includes('--all') ? Object.keys(TARGETS) : chosen
for (const name of names) {
  if (!Object.hasOwn(TARGETS, name)) {
    console.error(`${name} is not a target; the targets are ${Object.keys(TARGETS).join(', ')}`)
    process.exit(2)
  }
}

if (names.length === 0) await prebuildHere()
else {
  useZig()
  for (const name of names) {
    process.env.PORT4ME_ZIG_TARGET = TARGETS[name]
    await prebuild(name, ZIG_TOOLCHAIN, process.env.PREBUILD_STRIP_BIN ?? 'llvm-strip')
  }
}

/** Builds for this system, with the compiler that CMake finds. */
async function prebuildHere() {
  const { glibcVersionRuntime } = process.report.getReport().header
  const libc = process.platform === 'linux' ? (glibcVersionRuntime ? '.glibc' : '.musl') : ''
  const name = `${process.platform}-${process.arch}/port4me${libc}.node`
  const compiler =
    process.platform === 'win32' ? 'MSVC' : execFileSync('c++', ['--version'], { encoding: 'utf8' })
  await prebuild(name, compiler.split('\n')[0], 'strip')
}

async function prebuild(name, toolchain, stripBin) {
  const { platform, arch, libc } = partsOf(name)
  // Each binary has a folder of its own, because prebuildify moves it away.
  const folder = join(ROOT, 'build', 'prebuild', name.replace('/', '-').replace('.node', ''))
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  await build({
    cwd: folder,
    out: ROOT,
    name: 'port4me',
    targets: [process.versions.node],
    napi: true,
    platform,
    arch,
    libc,
    tagLibc: libc !== undefined,
    strip: true,
    stripBin,
    nodeGyp: join(ROOT, 'scripts', 'prebuild', 'node-gyp.mjs'),
  })
  const binary = describeBinary(name, toolchain)
  writeManifest({ ...readManifest(), [name]: binary })
  console.log(`${name}: ${binary.size} bytes, SHA-256 ${binary.sha256}`)
}
