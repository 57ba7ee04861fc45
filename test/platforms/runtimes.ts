// Runtimes from the npm registry, each put into build/runtimes/ when it is first asked for.

import { execFileSync } from 'node:child_process'
import { existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../support/paths.js'

/** The path of a file of a package, `name@version`. */
export function runtime(spec: string, file: string): string {
  const name = spec.slice(0, spec.lastIndexOf('@'))
  const folder = join(ROOT, 'build', 'runtimes', spec.replace('/', '-'))
  const path = join(folder, 'node_modules', name, file)
  if (!existsSync(path)) {
    // Another test file may install the same one at the same time.
    const ours = `${folder}.${process.pid}`
    // Forced: it is for another system, or another C library.
    const flags = ['--silent', '--no-save', '--force', '--ignore-scripts', '--prefix', ours]
    execFileSync('npm', ['install', ...flags, spec], { stdio: 'ignore' })
    try {
      renameSync(ours, folder)
    } catch {
      rmSync(ours, { recursive: true }) // the other one was first
    }
  }
  return path
}
