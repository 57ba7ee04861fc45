// Checks the binaries with LLVM's tools, without running them.

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ROOT } from '../support/paths.js'

const binary = (name: string): string => join(ROOT, 'prebuilds', name)
const tool = (command: string, ...args: readonly string[]): string =>
  execFileSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 26 })

/** The functions of each version of Node-API. */
const { symbols } = createRequire(import.meta.url)('node-api-headers') as {
  symbols: Record<string, { js_native_api_symbols: string[]; node_api_symbols: string[] }>
}
const version8 = symbols.v8
const NODE_API = new Set([
  ...(version8?.js_native_api_symbols ?? []),
  ...(version8?.node_api_symbols ?? []),
])

/** The entry points: Node.js looks up these two names when it loads an addon. */
const ENTRY = ['napi_register_module_v1', 'node_api_module_get_api_version_v1']

/** The Node-API functions among imported names. */
const ofNode = (names: readonly string[]): string[] =>
  names.filter((name) => /^(napi|node_api)_/.test(name))

function expectNodeApi8(imported: readonly string[]): void {
  const functions = ofNode(imported)
  expect(functions.length).toBeGreaterThan(40)
  expect(functions.filter((name) => !NODE_API.has(name))).toEqual([])
}

test('node-api-headers has the functions of Node-API 8', () => {
  expect(NODE_API.size).toBeGreaterThan(100)
  expect(NODE_API).toContain('napi_type_tag_object')
  expect(NODE_API).not.toContain('node_api_symbol_for') // of version 9
})

describe.each([
  ['linux-x64/port4me.glibc.node', 'x86_64', 'libc.so.6'],
  ['linux-x64/port4me.musl.node', 'x86_64', 'libc.so'],
  ['linux-arm64/port4me.glibc.node', 'aarch64', 'libc.so.6'],
  ['linux-arm64/port4me.musl.node', 'aarch64', 'libc.so'],
])('%s', (name, architecture, libc) => {
  test('is for its architecture and C library', () => {
    const header = tool('llvm-readobj', '--file-headers', '--needed-libs', binary(name))
    expect(header).toContain(`Arch: ${architecture}`)
    const needed = /NeededLibraries \[([^\]]*)\]/.exec(header)?.[1]?.trim().split(/\s+/) ?? []
    expect(needed).toContain(libc)
    const system = /^(libc\.so|(lib(c|m|dl|pthread|rt)|ld-linux.*)\.so\.\d)/
    expect(needed.filter((library) => !system.test(library))).toEqual([])
  })

  test('exports only the entry points, and imports only Node-API 8', () => {
    const names = (flag: string) =>
      tool('llvm-nm', '-D', flag, '--format=just-symbols', binary(name)).trim().split('\n')
    expect(names('--defined-only').sort()).toEqual(ENTRY)
    const imported = names('--undefined-only').map((symbol) => symbol.replace(/@.*/, ''))
    expectNodeApi8(imported)
    expect(imported).toContain('__stack_chk_fail')
  })
})

test.each(['linux-x64/port4me.glibc.node', 'linux-arm64/port4me.glibc.node'])(
  '%s needs no glibc newer than 2.17',
  (name) => {
    const versions =
      tool('llvm-readobj', '--version-info', binary(name)).match(/GLIBC_[\d.]+/g) ?? []
    expect(versions.length).toBeGreaterThan(0)
    const later = versions.filter((version) => Number(/GLIBC_2\.(\d+)/.exec(version)?.[1]) > 17)
    expect(later).toEqual([])
  },
)

describe.each([
  ['darwin-x64/port4me.node', 'X86_64'],
  ['darwin-arm64/port4me.node', 'ARM64'],
])('%s', (name, architecture) => {
  const headers = () => tool('llvm-objdump', '--macho', '--private-headers', binary(name))

  test('is for its architecture, macOS 11.0 and later', () => {
    expect(headers()).toMatch(new RegExp(`MH_MAGIC_64\\s+${architecture}`))
    const oldest =
      /LC_BUILD_VERSION[\s\S]*?platform macos[\s\S]*?minos ([\d.]+)|LC_VERSION_MIN_MACOSX[\s\S]*?version ([\d.]+)/.exec(
        headers(),
      )
    expect(oldest?.[1] ?? oldest?.[2]).toBe('11.0')
  })

  test('exports only the entry points, and imports only Node-API 8 and the system library', () => {
    const exported = tool('llvm-objdump', '--macho', '--exports-trie', binary(name))
    const entries = [...exported.matchAll(/^0x[\dA-F]+ +(.+)$/gm)].map(([, symbol]) => symbol)
    expect(entries.sort()).toEqual(ENTRY.map((entry) => `_${entry}`))
    const imported = tool('llvm-nm', '--undefined-only', '--format=just-symbols', binary(name))
      .trim()
      .split('\n')
      .map((symbol) => symbol.replace(/^_/, ''))
    expectNodeApi8(imported)
    expect(imported).toContain('__stack_chk_fail')
    // No other library can replace a symbol.
    expect(headers()).not.toMatch(/WEAK_DEFINES|BINDS_TO_WEAK/)
    const libraries = [...headers().matchAll(/LC_LOAD_DYLIB[\s\S]*?name (\S+)/g)].map(
      ([, library]) => library,
    )
    expect(libraries).toEqual(['/usr/lib/libSystem.B.dylib'])
  })
})

test('darwin-arm64/port4me.node has an ad-hoc signature that fits its content', () => {
  const file = readFileSync(binary('darwin-arm64/port4me.node'))
  expect(brokenPages(file)).toEqual([])
  file[5000] = (file[5000] ?? 0) ^ 1
  expect(brokenPages(file)).toEqual([1])
})

/** The pages that do not have the hash in the signature (cs_blobs.h of Apple's xnu). */
function brokenPages(file: Buffer): number[] {
  const CODE_SIGNATURE = 0x1d
  let command = 32
  for (let left = file.readUInt32LE(16); left > 0; left--) {
    if (file.readUInt32LE(command) === CODE_SIGNATURE) break
    command += file.readUInt32LE(command + 4)
  }
  expect(file.readUInt32LE(command)).toBe(CODE_SIGNATURE)
  const blobs = file.subarray(file.readUInt32LE(command + 8))
  expect(blobs.readUInt32BE(0)).toBe(0xfade0cc0) // CSMAGIC_EMBEDDED_SIGNATURE
  const directory = blobs.subarray(blobs.readUInt32BE(16))
  expect(directory.readUInt32BE(0)).toBe(0xfade0c02) // CSMAGIC_CODEDIRECTORY
  const flags = directory.readUInt32BE(12)
  expect(flags & 2).toBe(2) // CS_ADHOC
  const hashes = directory.readUInt32BE(16)
  const count = directory.readUInt32BE(28)
  const limit = directory.readUInt32BE(32)
  const page = 2 ** directory.readUInt8(39)
  expect({ hashSize: directory.readUInt8(36), hashType: directory.readUInt8(37) }).toEqual({
    hashSize: 32,
    hashType: 2, // SHA-256
  })
  const broken: number[] = []
  for (let i = 0; i < count; i++) {
    const bytes = file.subarray(i * page, Math.min((i + 1) * page, limit))
    const hash = createHash('sha256').update(bytes).digest()
    if (!hash.equals(directory.subarray(hashes + i * 32, hashes + (i + 1) * 32))) broken.push(i)
  }
  return broken
}

describe.each([
  ['win32-x64/port4me.node', 'IMAGE_FILE_MACHINE_AMD64', /\bint\s+\$41\b/],
  ['win32-arm64/port4me.node', 'IMAGE_FILE_MACHINE_ARM64', /\bbrk\s+#0xf003\b/],
])('%s', (name, machine, fastFail) => {
  const text = () =>
    tool('llvm-readobj', '--file-headers', '--coff-exports', '--coff-imports', binary(name))

  test('is for its architecture', () => {
    expect(text()).toContain(`Machine: ${machine}`)
  })

  test('exports only the entry points, and imports only system libraries', () => {
    const exported = [...text().matchAll(/Export \{[^}]*Name: (\S+)/g)].map(([, symbol]) => symbol)
    expect(exported.sort()).toEqual(ENTRY)
    const libraries = [...text().matchAll(/(?:Import|DelayImport) \{\s*Name: (\S+)/g)]
    expect(libraries.length).toBeGreaterThan(5)
    // libuv needs IPHLPAPI, so every program with Node.js has loaded it already.
    const system = /^(WS2_32|KERNEL32|ADVAPI32|IPHLPAPI|ntdll|api-ms-win-crt-[\w-]+)\.dll$/i
    const others = libraries
      .map(([, library = '']) => library)
      .filter((library) => !system.test(library))
    expect(others).toEqual([])
  })

  test('has the instruction of __fastfail, which ends a process after a stack overrun', () => {
    expect(tool('llvm-objdump', '--disassemble', '--no-show-raw-insn', binary(name))).toMatch(
      fastFail,
    )
  })

  test('looks up only Node-API 8 in the running program', () => {
    const names = readFileSync(binary(name), 'latin1').match(/\b(napi|node_api)_\w+(?=\0)/g) ?? []
    expectNodeApi8(names.filter((symbol) => !ENTRY.includes(symbol)))
  })
})
