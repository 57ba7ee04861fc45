// Finds the files of the addon when this package is part of somebody's bundle.

import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const IS_BUNDLED = true

/** The file that runs. A CommonJS bundle has `__filename`, an ESM bundle has `import.meta.url`. */
function thisFile(): string {
  try {
    return __filename // not with `typeof`: webpack would evaluate it, and its answer for ESM is wrong
  } catch {
    return fileURLToPath(import.meta.url)
  }
}

/** Bundlers that follow `new URL()`, such as webpack, copy these files and insert the addresses of the copies here. */
const COPIES: Readonly<Record<string, () => URL>> = {
  'linux-x64/port4me.glibc.node': () =>
    new URL('../prebuilds/linux-x64/port4me.glibc.node', import.meta.url),
  'linux-x64/port4me.musl.node': () =>
    new URL('../prebuilds/linux-x64/port4me.musl.node', import.meta.url),
  'linux-arm64/port4me.glibc.node': () =>
    new URL('../prebuilds/linux-arm64/port4me.glibc.node', import.meta.url),
  'linux-arm64/port4me.musl.node': () =>
    new URL('../prebuilds/linux-arm64/port4me.musl.node', import.meta.url),
  'darwin-x64/port4me.node': () => new URL('../prebuilds/darwin-x64/port4me.node', import.meta.url),
  'darwin-arm64/port4me.node': () =>
    new URL('../prebuilds/darwin-arm64/port4me.node', import.meta.url),
  'win32-x64/port4me.node': () => new URL('../prebuilds/win32-x64/port4me.node', import.meta.url),
  'win32-arm64/port4me.node': () =>
    new URL('../prebuilds/win32-arm64/port4me.node', import.meta.url),
}

/**
 * The files that may be the addon, the best one first: a copy that the bundler made, a file beside the bundle, and the
 * file of an installed package.
 *
 * @param prebuilt the binary for this system, by its path in prebuilds/
 */
export function addonPlaces(prebuilt: string): string[] {
  const folder = dirname(thisFile())
  const [, name = ''] = prebuilt.split('/')
  return [
    ...copyOf(prebuilt),
    join(folder, 'prebuilds', prebuilt),
    join(folder, name),
    ...installed(prebuilt),
  ]
}

function copyOf(prebuilt: string): string[] {
  try {
    const url = COPIES[prebuilt]?.()
    return url === undefined ? [] : [fileURLToPath(url)]
  } catch {
    return [] // a bundle in CommonJS has no import.meta.url
  }
}

function installed(prebuilt: string): string[] {
  try {
    return [
      join(
        dirname(createRequire(thisFile()).resolve('port4me/package.json')),
        'prebuilds',
        prebuilt,
      ),
    ]
  } catch {
    return []
  }
}
