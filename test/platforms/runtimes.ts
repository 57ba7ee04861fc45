// Runtimes from the npm registry, each put into build/runtimes/ when it is first asked for.

import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../support/paths.js'

/** The path of a file of a package, `name@version`. */
export function runtime(spec: string, file: string): string {
  const name = spec.slice(0, spec.lastIndexOf('@'))
  const folder = join(ROOT, 'build', 'runtimes', spec.replace('/', '-'))
  const path = join(folder, 'node_modules', name, file)
  if (!existsSync(path)) {
    // Forced: it is for another system, or another C library.
    const flags = ['--silent', '--no-save', '--force', '--ignore-scripts', '--prefix', folder]
    execFileSync('npm', ['install', ...flags, spec], { stdio: 'ignore' })
  }
  return path
}
