// The example for Next.js, as its README says. It is here and not in test/examples, because Next.js must be installed.

import { cpSync, renameSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { git } from '../examples/git.js'
import { npmTest } from '../examples/npm-test.js'
import { ROOT } from '../support/paths.js'
import { install, newFolder, project } from './projects.js'

test('the example next passes', { timeout: 300_000 }, async () => {
  const installed = project('next')
  await install(installed)
  const folder = newFolder()
  cpSync(join(ROOT, 'examples', 'next'), folder, { recursive: true })
  renameSync(join(installed, 'node_modules'), join(folder, 'node_modules'))
  symlinkSync('../port4me/dist/port4me-cli.js', join(folder, 'node_modules', '.bin', 'port4me'))
  git(folder, 'init', '--quiet')

  const { status, output } = await npmTest(folder)
  expect(status, output).toBe(0)
  expect(output).toMatch(/^[#ℹ] pass 2$/m)
})
