#!/usr/bin/env node
// prebuildify runs this instead of node-gyp. It builds with cmake-js into build/ of the working directory.

import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './targets.mjs'

const target = process.env.PORT4ME_ZIG_TARGET
const folder = join(process.cwd(), 'build')
const args = ['compile', '--log-level=error', `--directory=${ROOT}`, `--out=${folder}`]
if (target !== undefined) {
  args.push(`--CDCMAKE_TOOLCHAIN_FILE=${join(ROOT, 'scripts', 'prebuild', 'zig.cmake')}`)
}
const shell = process.platform === 'win32'
const { status } = spawnSync('cmake-js', args, { stdio: 'inherit', cwd: ROOT, shell })
process.exitCode = status ?? 1
if (status === 0 && target?.includes('macos')) finishMachO(join(folder, 'Release', 'port4me.node'))

/**
 * Changes the file in two ways for which zig's linker has no option. First, the file exports only the two names
 * that Node.js looks up, and no names that the linker adds. Second, its UUID is derived from its content, because
 * the linker gives it another one each time and a build must be reproducible. The symbols are removed before,
 * because they contain times. prebuildify strips the file again afterwards, and then llvm-strip signs it again.
 */
function finishMachO(path) {
  execFileSync(process.env.PREBUILD_STRIP_BIN, [path, '--strip-all'])
  const LC_UUID = 0x1b
  const LC_CODE_SIGNATURE = 0x1d
  const LC_DYLD_INFO_ONLY = 0x80000022
  const file = readFileSync(path)
  const offsets = new Map()
  let command = 32
  for (let left = file.readUInt32LE(16); left > 0; left--) {
    offsets.set(file.readUInt32LE(command), command)
    command += file.readUInt32LE(command + 4)
  }
  const dyldInfo = offsets.get(LC_DYLD_INFO_ONLY)
  const trie = file.subarray(file.readUInt32LE(dyldInfo + 40))
  exportOnly(trie.subarray(0, file.readUInt32LE(dyldInfo + 44)))
  const uuid = file.subarray(offsets.get(LC_UUID) + 8).subarray(0, 16)
  uuid.fill(0)
  const signature = offsets.get(LC_CODE_SIGNATURE)
  const end = signature === undefined ? file.length : file.readUInt32LE(signature + 8)
  createHash('sha256').update(file.subarray(0, end)).digest().copy(uuid, 0, 0, 16)
  uuid[6] = (uuid[6] & 0x0f) | 0x50 // version 5 and the variant of RFC 9562: from a hash
  uuid[8] = (uuid[8] & 0x3f) | 0x80
  writeFileSync(path, file)
}

/**
 * Overwrites a trie of exported names with one that has only the entry points. A node consists of: the length of
 * the data about the name that ends here, these data, the number of edges, and for each edge its text, a 0 and the
 * offset of its target node (mach-o/loader.h of Apple's xnu). Every number here is below 128 and takes one byte.
 */
function exportOnly(trie) {
  const prefix = '_n'
  const edges = ['api_register_module_v1', 'ode_api_module_get_api_version_v1']
  const ends = edges.map((edge) => endOf(trie, prefix + edge))
  const fork = prefix.length + 4
  const bytes = [0, 1, ...Buffer.from(prefix), 0, fork, 0, edges.length]
  let node = bytes.length + edges.join('').length + 2 * edges.length
  for (const [i, edge] of edges.entries()) {
    bytes.push(...Buffer.from(edge), 0, node)
    node += ends[i].length + 2
  }
  for (const end of ends) bytes.push(end.length, ...end, 0)
  if (bytes.length > Math.min(trie.length, 127)) throw new Error('the trie of exports has no room')
  trie.fill(0)
  trie.set(bytes)
}

/** The data of a trie about a name: flags and address, in their encoded form. */
function endOf(trie, name, node = 0) {
  const length = trie[node]
  let at = node + 1
  if (name === '') return trie.subarray(at, at + length)
  at += length
  for (let left = trie[at++]; left > 0; left--) {
    const edgeEnd = trie.indexOf(0, at)
    const edge = trie.toString('latin1', at, edgeEnd)
    let target = 0
    at = edgeEnd + 1
    for (let shift = 0; ; shift += 7) {
      const byte = trie[at++]
      target |= (byte & 0x7f) << shift
      if (byte < 0x80) break
    }
    if (name.startsWith(edge)) return endOf(trie, name.slice(edge.length), target)
  }
  throw new Error(`nothing is exported as ${name}`)
}
