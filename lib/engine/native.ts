// The C++ addon: a fresh build if there is one, else the prebuilt binary for this system.

import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs'
import { normalize } from 'node:path'
import type { Engine } from '../../binding.js'
import { CONTRACT } from '../codes.js'
import { asSystemError } from '../errors.js'
import { addonPlaces, IS_BUNDLED } from './places.js'

/** What became of loading it. `file`: the binary for this system, if there is one. */
export type Loaded =
  | { readonly engine: Engine; readonly file: string; readonly failure?: never }
  | { readonly engine?: never; readonly file: string | undefined; readonly failure: string }

/** Loads the first file that is the addon. When there is none, the answer tells why the first one was refused. */
export function loadNative(): Loaded {
  let refused: Loaded | undefined
  for (const place of addonPlaces(prebuilt())) {
    const file = normalize(place)
    if (!exists(file)) continue
    const loaded = load(file)
    if (loaded.engine !== undefined) return loaded
    refused ??= loaded
  }
  return refused ?? { file: undefined, failure: `there is no addon${IN_BUNDLE}` }
}

const IN_BUNDLE = IS_BUNDLED
  ? ': the bundle that port4me is part of has none beside it. Mark port4me as external to keep the addon'
  : ` for ${process.platform} on ${process.arch}`

/** The binary for this platform, architecture and C library, by its path in prebuilds/: as prebuildify names it. */
function prebuilt(): string {
  const { platform, arch } = process
  // Alpine's C library is musl. (node-gyp-build tells it by the same file.)
  const libc = platform !== 'linux' ? '' : exists('/etc/alpine-release') ? '.musl' : '.glibc'
  return `${platform}-${arch}/port4me${libc}.node`
}

/** Whether there is a file. Without --allow-fs-read for it, Node.js throws an error, and then it counts as missing. */
function exists(file: string): boolean {
  try {
    return existsSync(file)
  } catch {
    return false
  }
}

function load(file: string): Loaded {
  const loaded: { exports: Partial<Engine> } = { exports: {} }
  try {
    if (process.platform === 'linux') checkLength(file)
    // What `require` does for a file whose path is known, and bundlers do not follow.
    process.dlopen(loaded, file)
  } catch (error) {
    return failed(file, error)
  }
  const { contract } = loaded.exports
  if (contract === CONTRACT) return { engine: loaded.exports as Engine, file }
  return { file, failure: `${file} is not the addon of this version of port4me` }
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
