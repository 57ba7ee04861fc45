// The C++ addon: a fresh build if there is one, else the prebuilt binary for this system.

import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import type { Engine } from '../../binding.js'
import { asSystemError } from '../errors.js'
import { steersBinaryLookup } from '../settings/environment.js'

/** What became of loading it. `file`: the binary for this system, if there is one. */
export type Loaded =
  | { readonly engine: Engine; readonly file: string; readonly failure?: never }
  | { readonly engine?: never; readonly file: string | undefined; readonly failure: string }

/** Every bundle stands in dist/, one folder below the package. */
const PACKAGE_ROOT = join(__dirname, '..')

/** Loads the binary that stands where it is expected, and asks node-gyp-build only when none does. */
export function loadNative(): Loaded {
  const expected = steersBinaryLookup() ? undefined : expectedFile()
  const loaded = expected === undefined ? undefined : load(expected)
  if (loaded?.engine !== undefined) return loaded
  let found: string
  try {
    const { path } = require('node-gyp-build') as { path: (directory: string) => string }
    found = path(PACKAGE_ROOT)
  } catch (error) {
    return loaded ?? failed(undefined, error)
  }
  return loaded?.file === found ? loaded : load(found)
}

/**
 * The binary that node-gyp-build would choose among those that this package ships: a fresh build, or
 * the one for this platform, architecture and C library. To look here first takes a third of the time.
 */
function expectedFile(): string | undefined {
  const { platform, arch } = process
  // As node-gyp-build tells musl: it is the C library of Alpine.
  const libc = platform !== 'linux' ? '' : existsSync('/etc/alpine-release') ? '.musl' : '.glibc'
  return [
    join(PACKAGE_ROOT, 'build/Release/port4me.node'),
    join(PACKAGE_ROOT, `prebuilds/${platform}-${arch}/port4me${libc}.node`),
  ].find((file) => existsSync(file))
}

function load(file: string): Loaded {
  try {
    if (process.platform === 'linux') checkLength(file)
    return { engine: require(file) as Engine, file }
  } catch (error) {
    return failed(file, error)
  }
}

/**
 * No binary for this system, one for another libc, --no-addons, a policy: whatever it is, the TypeScript
 * engine gives the same answers. Throws for want of descriptors, which says nothing of the binary.
 */
function failed(file: string | undefined, error: unknown): Loaded {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EMFILE' || code === 'ENFILE') throw asSystemError(error)
  return { file, failure: error instanceof Error ? error.message.trim() : String(error) }
}

/** The length of an ELF file's header: elf(5). */
const HEADER = 64

/**
 * The dynamic linker of Linux maps a file that was cut off, and the process dies of it (SIGBUS). The
 * table of sections ends an ELF file: its header says where it begins, and how long it is (elf(5)).
 */
function checkLength(file: string): void {
  // No Buffer, which a VM context does not have, and no DataView, which a patched fs may not take.
  const header = new Uint8Array(HEADER)
  const number = (at: number, bytes: number): number =>
    header.subarray(at, at + bytes).reduceRight((sum, byte) => sum * 256 + byte, 0)
  const descriptor = openSync(file, 'r')
  try {
    const length = readSync(descriptor, header, 0, HEADER, 0)
    const is64Bit = header[4] === 2
    const sections = is64Bit ? number(0x28, 8) : number(0x20, 4)
    const size = number(is64Bit ? 0x3a : 0x2e, 2)
    const count = number(is64Bit ? 0x3c : 0x30, 2)
    if (length < HEADER || fstatSync(descriptor).size < sections + size * count) {
      throw new Error(`${file} is cut off`)
    }
  } finally {
    closeSync(descriptor)
  }
}
