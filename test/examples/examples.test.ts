// Runs the examples as their README says, except for the installation.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ROOT } from '../support/paths.js'
import { npmTest } from './npm-test.js'
import { prepareExample } from './prepare.js'

/** How many tests each example has, and the text with which its runner reports how many passed. */
const EXAMPLES = {
  dotenv: [2, /^[#ℹ] pass (\d+)$/m],
  esbuild: [1, /^[#ℹ] pass (\d+)$/m],
  jest: [5, /^Tests: +(\d+) passed, \d+ total$/m],
  monorepo: [3, /^[#ℹ] pass (\d+)$/m],
  'node-test': [3, /^[#ℹ] pass (\d+)$/m],
  playwright: [8, /^ *(\d+) passed \(/m],
  python: [4, /^Ran (\d+) tests in .*\n\nOK$/m],
  shell: [3, /^1\.\.(\d+)$/m],
  vite: [3, /^[#ℹ] pass (\d+)$/m],
  vitest: [5, /^ *Tests +(\d+) passed \(\d+\)$/m],
} as const
/** Those that other tests run, and where their versions are. */
const OTHERS = { next: 'test/environments/next/package.json' } as const
const ALL = [...Object.keys(EXAMPLES), ...Object.keys(OTHERS)].sort()
const EXAMPLES_FOLDER = join(ROOT, 'examples')

const read = (file: string): string => readFileSync(file, 'utf8')

describe('the example', () => {
  for (const [name, [count, report]] of Object.entries(EXAMPLES)) {
    test(`${name} passes`, { timeout: 150_000 }, async () => {
      const { folder, cleanup } = prepareExample(name)
      try {
        const { status, output } = await npmTest(folder)
        expect(status, output).toBe(0)
        expect(Number(report.exec(output)?.[1]), output).toBe(count)
      } finally {
        cleanup()
      }
    })
  }
})

describe('the examples', () => {
  test('are all tested, and all in their README', () => {
    const folders = readdirSync(EXAMPLES_FOLDER, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
    expect(folders.sort()).toEqual(ALL)
    const readme = read(join(EXAMPLES_FOLDER, 'README.md'))
    const rows = [...readme.matchAll(/^\| \[([\w-]+)\]\(\1\) \|/gm)].map(([, name]) => name)
    expect(rows.sort()).toEqual(folders)
  })

  test.each(ALL)('%s depends on the same versions with which it is tested', (name) => {
    const root = JSON.parse(read(join(ROOT, 'package.json')))
    const others = Object.values(OTHERS).map(
      (file) => JSON.parse(read(join(ROOT, file))).dependencies,
    )
    const known = Object.assign({ port4me: `^${root.version}` }, root.devDependencies, ...others)
    const { dependencies, devDependencies } = JSON.parse(
      read(join(EXAMPLES_FOLDER, name, 'package.json')),
    )
    expect(known).toMatchObject({ ...dependencies, ...devDependencies })
  })
})
