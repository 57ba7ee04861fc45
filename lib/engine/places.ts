// Where the files of the addon are: this package's own, found from dist/.

import { dirname } from 'node:path'
import { readVariable } from '../settings/environment.js'

/** In a bundle places-in-bundle.mts takes the place of this file. */
export const IS_BUNDLED = false

/**
 * The files that may be the addon, the best one first.
 *
 * @param prebuilt the binary for this system, by its path in prebuilds/
 */
export function addonPlaces(prebuilt: string): string[] {
  const root = readVariable('PORT4ME_PREBUILD') // tests name another folder that has build/ or prebuilds/
  const places =
    root === undefined
      ? [`${folder()}/../build/Release/port4me.node`, shipped(prebuilt)]
      : [`${root}/build/Release/port4me.node`, `${root}/prebuilds/${prebuilt}`]
  return readVariable('PREBUILDS_ONLY') === undefined ? places : places.slice(1)
}

/** ncc finds the files by this text, copies them, and writes the copies' path in its place. */
function shipped(prebuilt: string): string {
  try {
    return `${__dirname}/../prebuilds/${prebuilt}`
  } catch {
    return `${folder()}/prebuilds/${prebuilt}`
  }
}

/** The folder of this file. A bundle in ESM that was made of it has no `__dirname`. */
function folder(): string {
  try {
    return __dirname
  } catch {
    return dirname(process.argv[1] ?? process.execPath)
  }
}
