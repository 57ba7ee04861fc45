// Prepares an example as a user has it: in its own git repository, with everything installed.

import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from '../support/paths.js'
import { git } from './git.js'

export interface Example {
  readonly folder: string
  readonly cleanup: () => void
}

/** Copies examples/NAME to a new git repository, with everything installed. */
export function prepareExample(name: string): Example {
  const folder = mkdtempSync(join(tmpdir(), `port4me-example-${name}-`))
  const source = join(ROOT, 'examples', name)
  cpSync(source, folder, {
    recursive: true,
    filter: (path) => !path.startsWith(join(source, 'node_modules')),
  })
  git(folder, 'init', '--quiet')

  installInto(folder)
  return { folder, cleanup: () => rmSync(folder, { recursive: true, force: true }) }
}

/** Makes node_modules in a folder: a copy of this package, and links to its dependencies. */
export function installInto(folder: string): void {
  const modules = join(folder, 'node_modules')
  mkdirSync(join(modules, '.bin'), { recursive: true })
  const installed = join(ROOT, 'node_modules')
  // Hidden folders are caches and .bin, which is linked below.
  const packages = readdirSync(installed).filter((entry) => !entry.startsWith('.'))
  const programs = readdirSync(join(installed, '.bin')).map((entry) => join('.bin', entry))
  for (const entry of [...packages, ...programs]) {
    symlinkSync(join(installed, entry), join(modules, entry))
  }

  // The package is copied, because runners treat a linked package as source code and transform each file.
  const port4me = join(modules, 'port4me')
  for (const entry of ['package.json', 'dist', 'build/Release/port4me.node']) {
    cpSync(join(ROOT, entry), join(port4me, entry), { recursive: true })
  }
  for (const program of ['port4me', 'openport']) {
    symlinkSync(`../port4me/dist/${program}-cli.js`, join(modules, '.bin', program))
  }
}
