// The C++ addon: a fresh build if there is one, else the prebuilt binary for this system.

import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import type { Engine } from '../../binding.js'
import { asSystemError } from '../errors.js'

/** What became of loading it. `file`: the binary for this system, if there is one. */
export type Loaded =
  | { readonly engine: Engine; readonly file: string; readonly failure?: never }
  | { readonly engine?: never; readonly file: string | undefined; readonly failure: string }

/** Every bundle stands in dist/, one folder below the package. */
const PACKAGE_ROOT = join(__dirname, '..')

export function loadNative(): Loaded {
  let file: string | undefined
  try {
    const { path } = require('node-gyp-build') as { path: (directory: string) => string }
    file = path(PACKAGE_ROOT)
    if (process.platform === 'linux') checkLength(file)
    return { engine: require(file) as Engine, file }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EMFILE' || code === 'ENFILE') throw asSystemError(error)
    // No binary for this system, one for another libc, --no-addons, a policy: whatever it is, the
    // TypeScript engine gives the same answers.
    return { file, failure: error instanceof Error ? error.message.trim() : String(error) }
  }
}

/**
 * The dynamic linker of Linux maps a file that was cut off, and the process dies of it (SIGBUS). The
 * table of sections ends an ELF file: its header says where (elf(5)).
 */
function checkLength(file: string): void {
  const header = new DataView(new ArrayBuffer(64))
  const descriptor = openSync(file, 'r')
  try {
    const length = readSync(descriptor, header)
    const is64Bit = header.getUint8(4) === 2
    const sections = is64Bit
      ? Number(header.getBigUint64(0x28, true))
      : header.getUint32(0x20, true)
    const size = header.getUint16(is64Bit ? 0x3a : 0x2e, true)
    const count = header.getUint16(is64Bit ? 0x3c : 0x30, true)
    if (length < header.byteLength || fstatSync(descriptor).size < sections + size * count) {
      throw new Error(`${file} is cut off`)
    }
  } finally {
    closeSync(descriptor)
  }
}
