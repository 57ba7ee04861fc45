// Jest, with all modules reset and all timers faked before the package is loaded.

import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { ALL_WORK, checked, execute, install, project, type Result, readJson } from './projects.js'
import { Table } from './table.js'

const NAMES = {
  native: 'Jest 30, `resetModules()`, `useFakeTimers()`',
  fallback: 'Jest 30, the same, `PORT4ME_ENGINE=fallback`',
} as const
const table = new Table('jest', Object.values(NAMES))

let folder: string
beforeAll(async () => {
  folder = project('jest')
  await install(folder)
}, 120_000)

test.each(['native', 'fallback'] as const)('%s', async (engine) => {
  const jest = join(folder, 'node_modules', '.bin', 'jest')
  const flags = ['--no-cache', '--runInBand', '--testMatch', '**/*.test.cjs']
  await execute(jest, flags, folder, { PORT4ME_ENGINE: engine })
  const result = checked(readJson(join(folder, 'result.json')) as Result)
  expect(result).toEqual({ engine, ...ALL_WORK, warnings: [] })
  table.add(NAMES[engine], result)
})

table.testFile()
