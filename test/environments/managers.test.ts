// The package as Yarn and pnpm install it.

import { cpSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { ALL_WORK, emptyProject, execute, install, packed, project, runApp } from './projects.js'
import { Table } from './table.js'

const [UNPLUGGED, PLUGGED, PNPM] = ['Yarn 4, PnP', 'Yarn 4, PnP, `unplugged: false`', 'pnpm 10']
const table = new Table('managers', [UNPLUGGED, PLUGGED, PNPM])

let managers: string
beforeAll(async () => {
  managers = project('managers')
  await install(managers)
}, 120_000)

/** A project that depends on the package's tarball. */
async function dependent(more: object): Promise<string> {
  const folder = emptyProject()
  cpSync(await packed(), join(folder, 'port4me.tgz'))
  const dependencies = { port4me: 'file:./port4me.tgz' }
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ dependencies, ...more }))
  return folder
}

test.each([
  [UNPLUGGED, true, 'native'],
  [PLUGGED, false, 'fallback'],
])('%s', async (name, unplugged, engine) => {
  const folder = await dependent(unplugged ? {} : { dependenciesMeta: { port4me: { unplugged } } })
  const settings = [
    'enableTelemetry',
    'enableGlobalCache',
    'enableImmutableInstalls',
    'enableNetwork',
  ]
  writeFileSync(
    join(folder, '.yarnrc.yml'),
    settings.map((setting) => `${setting}: false\n`).join(''),
  )
  writeFileSync(join(folder, 'yarn.lock'), '')
  const yarn = join(managers, 'node_modules', '@yarnpkg', 'cli-dist', 'bin', 'yarn.js')
  await execute(process.execPath, [yarn, 'install'], folder)
  expect(existsSync(join(folder, '.pnp.cjs'))).toBe(true)
  expect(existsSync(join(folder, '.yarn/unplugged'))).toBe(unplugged)
  const result = await runApp(process.execPath, [yarn, 'node', 'app.cjs'], folder)
  expect(result).toEqual({ engine, ...ALL_WORK, warnings: [] })
  table.add(name, result)
})

test(PNPM, async () => {
  const folder = await dependent({})
  const pnpm = join(managers, 'node_modules', 'pnpm', 'bin', 'pnpm.cjs')
  const flags = ['--offline', '--no-frozen-lockfile', '--store-dir', join(folder, 'store')]
  await execute(process.execPath, [pnpm, 'install', ...flags], folder)
  for (const file of ['app.cjs', 'app.mjs']) {
    const result = await runApp(process.execPath, [file], folder)
    expect(result).toEqual({ engine: 'native', ...ALL_WORK, warnings: [] })
    table.add(PNPM, result)
  }
})

table.testFile()
