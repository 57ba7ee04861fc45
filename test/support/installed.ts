import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './paths.js'
import { environment } from './run.js'

export interface Packed {
  readonly filename: string
  readonly unpackedSize: number
}

/** Packs this package and installs it into a folder. Uses no registry. */
export function installPackage(folder: string): Packed {
  const npm = (args: readonly string[], cwd: string): string =>
    execFileSync('npm', args, { cwd, encoding: 'utf8', env: environment() })
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]
  const [packed] = JSON.parse(npm(pack, ROOT)) as [Packed]
  writeFileSync(join(folder, 'package.json'), '{ "name": "user", "private": true }')
  const flags = ['--ignore-scripts', '--omit=dev', '--install-links', '--offline']
  npm(['install', ...flags, join(folder, packed.filename)], folder)
  return packed
}
