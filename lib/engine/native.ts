// Loads the C++ addon: a fresh build if there is one, otherwise the prebuilt binary for this system.

import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs'
import { normalize } from 'node:path'
import type { Engine } from '../../binding.js'
import { CONTRACT } from '../codes.js'
import { asSystemError } from '../errors.js'
import { addonPlaces, IS_BUNDLED } from './places.js'

/** The result of loading the addon. `file`: the binary for this system, if there is one. */
export type Loaded =
  | { readonly engine: Engine; readonly file: string; readonly failure?: never }
  | { readonly engine?: never; readonly file: string | undefined; readonly failure: string }

/** Loads the first file that is the addon. If there is none, `failure` says why the first file was refused. */
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

/** The path in prebuilds/ of the binary for this platform, architecture and C library, as prebuildify names it. */
function prebuilt(): string {
  const { platform, arch } = process
  // Alpine's C library is musl. (node-gyp-build looks for the same file.)
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
    if (process.platform === 'linux') checkLength(file, sizeOf(file))
    // `require` would load the file in the same way. But bundlers follow `require`, and they do not follow this call.
    process.dlopen(loaded, file)
  } catch (error) {
    return failed(file, error)
  }
  const { contract } = loaded.exports
  if (contract === CONTRACT) return { engine: loaded.exports as Engine, file }
  return { file, failure: `${file} is not the addon of this version of port4me` }
}

/**
 * Returns why a binary was not loaded. It may be for another system or another libc, or --no-addons or a policy may
 * forbid addons. Whatever the reason is, the TypeScript engine gives the same answers. If no descriptor is left, throws
 * an error, because this says nothing about the binary.
 */
function failed(file: string | undefined, error: unknown): Loaded {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EMFILE' || code === 'ENFILE') throw asSystemError(error)
  return { file, failure: error instanceof Error ? error.message.trim() : String(error) }
}

/** The sizes in bytes of the prebuilt binaries, by their paths in prebuilds/. scripts/bundle.mjs takes them from the manifest. */
declare const PREBUILT_SIZES: Readonly<Record<string, number>>

/** The size of a prebuilt binary or its copy. It is unknown for a binary that was built here. */
function sizeOf(file: string): number | undefined {
  return file.endsWith('port4me.node') ? undefined : PREBUILT_SIZES[prebuilt()]
}

/** The length of the header of an ELF file, in bytes (elf(5)). */
const HEADER = 64

/**
 * Throws an error if the end of an ELF file is missing. The dynamic linker of Linux would map such a file, and SIGBUS
 * would end the process. A file that has the expected size is complete. (To read its header would take as long as to
 * load it.) Otherwise the header says where the section table begins, and how long it is. This table is at the end of the
 * file (elf(5)).
 */
function checkLength(file: string, expected: number | undefined): void {
  const { size } = statSync(file)
  if (size === expected) return
  // The header is a Uint8Array, because a VM context has no Buffer, and a patched fs may not accept a DataView.
  const header = new Uint8Array(HEADER)
  const number = (at: number, bytes: number): number =>
    header.subarray(at, at + bytes).reduceRight((sum, byte) => sum * 256 + byte, 0)
  const descriptor = openSync(file, 'r')
  try {
    const length = readSync(descriptor, header, 0, HEADER, 0)
    const is64Bit = header[4] === 2
    const sections = is64Bit ? number(0x28, 8) : number(0x20, 4)
    const entry = number(is64Bit ? 0x3a : 0x2e, 2)
    const count = number(is64Bit ? 0x3c : 0x30, 2)
    if (length < HEADER || size < sections + entry * count) {
      throw new Error(`${file} is cut off`)
    }
  } finally {
    closeSync(descriptor)
  }
}
