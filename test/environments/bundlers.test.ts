// Bundles of an app, each run in a folder where there is nothing but the bundle.

import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { ADDON, ALL_WORK, execute, install, newFolder, path, project, runApp } from './projects.js'
import { Table } from './table.js'

/** The headers of Node-API. */
const HEADERS: string = createRequire(import.meta.url)('node-api-headers').include_dir

/** The project that is bundled. */
let folder: string
/** The bundles, away from what they were made of. */
let out: string

const bin = (name: string): string => join(folder, 'node_modules', '.bin', name)
const installed = (): string => join(folder, 'node_modules', 'port4me')

beforeAll(async () => {
  folder = project('bundlers')
  await install(folder)
  out = newFolder()
  await Promise.all([esbuild(), rollup(), webpack(), ncc()])
  await executable()
  cpSync(installed(), join(out, 'external/node_modules/port4me'), { recursive: true })
  rmSync(join(folder, 'node_modules'), { recursive: true })
}, 300_000)

async function esbuild(): Promise<void> {
  const flags = ['--bundle', '--platform=node', '--log-level=warning']
  const build = async (args: string[], to: string): Promise<void> => {
    await execute(bin('esbuild'), [...args, ...flags, `--outdir=${join(out, to)}`], folder)
  }
  await build(['app.cjs', '--format=cjs'], 'esbuild-cjs')
  await build(['app.mjs', '--format=esm', '--out-extension:.js=.mjs'], 'esbuild-esm')
  await build(['app.cjs', '--format=cjs', '--external:port4me'], 'external')
  const addon = `port4me.glibc=./node_modules/port4me/${ADDON}`
  await build(['app=app.cjs', addon, '--loader:.node=copy'], 'esbuild-copy')
}

async function rollup(): Promise<void> {
  const args = ['-c', 'rollup.config.mjs', '--silent', '--dir', join(out, 'rollup')]
  await execute(bin('rollup'), args, folder)
}

async function webpack(): Promise<void> {
  const args = ['-c', 'webpack.config.cjs', '--output-path', join(out, 'webpack')]
  await execute(bin('webpack'), args, folder)
}

async function ncc(): Promise<void> {
  await execute(bin('ncc'), ['build', 'app.cjs', '-q', '-o', join(out, 'ncc')], folder)
}

/** https://nodejs.org/api/single-executable-applications.html */
async function executable(): Promise<void> {
  const main = join(out, 'esbuild-cjs', 'app.js')
  const config = { main, output: 'app.blob', disableExperimentalSEAWarning: true }
  writeFileSync(join(folder, 'sea.json'), JSON.stringify(config))
  await execute(process.execPath, ['--experimental-sea-config', 'sea.json'], folder)
  const program = join(out, 'executable', 'app')
  cpSync(process.execPath, program)
  const fuse = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2'
  const args = [program, 'NODE_SEA_BLOB', 'app.blob', '--sentinel-fuse', fuse]
  await execute(bin('postject'), args, folder)
  cpSync(join(out, 'executable'), join(out, 'executable-with-addon'), { recursive: true })
  cpSync(join(installed(), ADDON), join(out, 'executable-with-addon', basename(ADDON)))
}

const native = { engine: 'native', warnings: [] } as const
const fallback = { engine: 'fallback', warnings: ['PORT4ME_BUNDLED'] } as const
const COPIES = 'copies the addon by itself'

/** The result of each environment, and the file that is run. */
const BUNDLES = {
  'esbuild, CommonJS': [fallback, 'esbuild-cjs/app.js'],
  'esbuild, ESM': [fallback, 'esbuild-esm/app.mjs'],
  'esbuild, the addon copied': [native, 'esbuild-copy/app.js'],
  'esbuild, `port4me` external': [native, 'external/app.js'],
  'rollup, CommonJS': [fallback, 'rollup/app.cjs'],
  'rollup, ESM': [fallback, 'rollup/app.mjs'],
  'webpack, CommonJS': [native, 'webpack/cjs/app.cjs', COPIES],
  'webpack, ESM': [native, 'webpack/esm/app.mjs', COPIES],
  ncc: [native, 'ncc/index.cjs', COPIES],
} as const
const EXECUTABLES = {
  'Node.js single executable': [fallback, 'executable/app'],
  'Node.js single executable, the addon beside it': [native, 'executable-with-addon/app'],
} as const

const table = new Table('bundlers', [...Object.keys(BUNDLES), ...Object.keys(EXECUTABLES)])

test.each(Object.entries(BUNDLES))('%s', async (name, [expected, file, remark]) => {
  const result = await runApp(process.execPath, [join(out, file)], out)
  expect(result).toEqual({ ...expected, ...ALL_WORK })
  table.add(name, result, remark)
})

test.each(Object.entries(EXECUTABLES))('%s', async (name, [expected, file]) => {
  const result = await runApp(join(out, file), [], out)
  expect(result).toEqual({ ...expected, ...ALL_WORK })
  table.add(name, result)
})

test('an addon of the project that has the bundle is not loaded', async () => {
  const foreign = join(out, 'foreign.node')
  execFileSync('gcc', ['-shared', '-fPIC', '-o', foreign, path('foreign.c')])
  const mark = join(out, 'mark')
  await expect(loadAddon(foreign, mark)).rejects.toThrow('did not self-register')
  expect(existsSync(mark)).toBe(true) // so it would tell
  rmSync(mark)

  for (const [expected, file] of Object.values(BUNDLES)) {
    const owner = newFolder()
    const [top = '', ...rest] = file.split('/')
    const dist = join(owner, 'dist')
    cpSync(join(out, top), dist, { recursive: true })
    const bundle = join(dist, ...rest)
    for (const folder of [owner, dist, dirname(bundle)]) {
      for (const place of ['build/Release', 'prebuilds/linux-x64', '.']) {
        cpSync(foreign, join(folder, place, 'x.node'))
      }
    }
    const result = await runApp(process.execPath, [bundle], owner, { FOREIGN_MARK: mark })
    expect(result).toEqual({ ...expected, ...ALL_WORK })
    expect(existsSync(mark), file).toBe(false)
  }
})

function loadAddon(file: string, mark: string): Promise<string> {
  const code = `process.dlopen({ exports: {} }, ${JSON.stringify(file)})`
  return execute(process.execPath, ['-e', code], out, { FOREIGN_MARK: mark })
}

test('a file with the name of the addon that is not this version of it is refused', async () => {
  const dist = newFolder()
  cpSync(join(out, 'esbuild-copy'), dist, { recursive: true })
  // It loads, but it is not ours.
  const other = join(dist, basename(ADDON))
  const source = ['#include <node_api.h>', 'NAPI_MODULE_INIT() { return exports; }'].join('\n')
  writeFileSync(join(dist, 'other.c'), source)
  execFileSync('gcc', ['-shared', '-fPIC', `-I${HEADERS}`, '-o', other, join(dist, 'other.c')])
  const result = await runApp(process.execPath, [join(dist, 'app.js')], dist)
  expect(result).toEqual({ ...fallback, ...ALL_WORK })
})

table.testFile()
