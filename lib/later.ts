// What is loaded at its first use: a program that only wants its port does not wait for it.

import * as core from './core.js'
import { asSystemError } from './errors.js'

type Rest = typeof import('./rest.js')

let rest: Rest | undefined

/** All that port4me() does without, most of the time. */
export function later(): Rest {
  // A file of its own in dist/. It has no copy of the modules that this file is bundled with, but is given them.
  try {
    rest ??= (require('./rest.js') as unknown as (shared: typeof core) => Rest)(core)
  } catch (error) {
    throw asSystemError(error) // no descriptor is left
  }
  return rest
}
