// Finds the files of the addon in this package. The paths start from dist/.

import { dirname } from 'node:path'
import { readVariable } from '../settings/environment.js'

/** Whether this is part of somebody's bundle. There, places-in-bundle.mts replaces this file. */
export const IS_BUNDLED = false

/**
 * The files that may be the addon, the best one first.
 *
 * @param prebuilt the binary for this system, by its path in prebuilds/
 */
export function addonPlaces(prebuilt: string): string[] {
  const root = readVariable('PORT4ME_PREBUILD') // tests set another folder, which has build/ or prebuilds/
  const places =
    root === undefined
      ? [`${folder()}/../build/Release/port4me.node`, shipped(prebuilt)]
      : [`${root}/build/Release/port4me.node`, `${root}/prebuilds/${prebuilt}`]
  return readVariable('PREBUILDS_ONLY') === undefined ? places : places.slice(1)
}

/**
 * The path of the prebuilt binary. ncc recognizes the text of the first `return`, copies the files of prebuilds/, and
 * replaces the text by the path of the copies.
 */
function shipped(prebuilt: string): string {
  try {
    return `${__dirname}/../prebuilds/${prebuilt}`
  } catch {
    return `${folder()}/prebuilds/${prebuilt}`
  }
}

/** The folder of this file. If this file became part of an ESM bundle, it has no `__dirname`. */
function folder(): string {
  try {
    return __dirname
  } catch {
    return dirname(process.argv[1] ?? process.execPath)
  }
}
