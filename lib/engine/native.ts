// The C++ addon: a fresh build if there is one, else the prebuilt binary for this system.

import { join } from 'node:path'
import type { Engine } from '../../binding.js'
import { asSystemError } from '../errors.js'

type Loaded =
  | { readonly engine: Engine; readonly failure?: never }
  | { readonly engine?: never; readonly failure: string }

/** Every bundle stands in dist/, one folder below the package. */
const PACKAGE_ROOT = join(__dirname, '..')

export function loadNative(): Loaded {
  try {
    const load = require('node-gyp-build') as (directory: string) => Engine
    return { engine: load(PACKAGE_ROOT) }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EMFILE' || code === 'ENFILE') throw asSystemError(error)
    // No binary for this system, one for another libc, --no-addons, a policy: whatever it is, the
    // TypeScript engine gives the same answers.
    return { failure: error instanceof Error ? error.message : String(error) }
  }
}
