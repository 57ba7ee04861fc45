// An example as its user has it: a folder of its own, with everything installed.

import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OPENPORT, PROGRAM, ROOT } from '../support/paths.js'

export interface Example {
  readonly folder: string
  readonly cleanup: () => void
}

/** Copies examples/NAME to a temporary folder, and links there what this repository has installed. */
export function prepareExample(name: string): Example {
  const folder = mkdtempSync(join(tmpdir(), `port4me-example-${name}-`))
  cpSync(join(ROOT, 'examples', name), folder, {
    recursive: true,
    filter: (source) => !source.includes('node_modules', ROOT.length),
  })

  const installed = join(ROOT, 'node_modules')
  const modules = join(folder, 'node_modules')
  mkdirSync(join(modules, '.bin'), { recursive: true })
  // No other hidden ones: they are caches.
  const names = readdirSync(installed).filter((entry) => !entry.startsWith('.'))
  const programs = readdirSync(join(installed, '.bin')).map((entry) => join('.bin', entry))
  for (const entry of [...names, ...programs]) {
    symlinkSync(join(installed, entry), join(modules, entry))
  }
  symlinkSync(ROOT, join(modules, 'port4me'))
  symlinkSync(PROGRAM, join(modules, '.bin', 'port4me'))
  symlinkSync(OPENPORT, join(modules, '.bin', 'openport'))
  return { folder, cleanup: () => rmSync(folder, { recursive: true, force: true }) }
}
