// Installs runtimes from the npm registry into build/runtimes/, each one when a test first needs it.

import { execFileSync } from 'node:child_process'
import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../support/paths.js'

/** Returns the path of a file in a package. `spec` is the package as `name@version`. */
export function runtime(spec: string, file: string): string {
  const name = spec.slice(0, spec.lastIndexOf('@'))
  const folder = join(ROOT, 'build', 'runtimes', spec.replace('/', '-'))
  const path = join(folder, 'node_modules', name, file)
  if (!existsSync(path)) {
    // Another test file may install the same package at the same time.
    const ours = `${folder}.${process.pid}`
    // --force, because the package may be for another system or another C library.
    const flags = ['--silent', '--no-save', '--force', '--ignore-scripts', '--prefix', ours]
    execFileSync('npm', ['install', ...flags, spec], { stdio: 'ignore' })
    try {
      renameSync(ours, folder)
    } catch {
      rmSync(ours, { recursive: true }) // the other test file was faster
    }
  }
  return path
}
