// Loads the rest of the package at its first use. A program that only wants its port does not wait for it.

import { asSystemError } from './errors.js'

type Core = typeof import('./core.js')
type Rest = typeof import('./rest.js')

let core: Core | undefined
let rest: Rest | undefined

/** Called by core.ts. (An import here would be a cycle.) */
export function shareCore(shared: Core): void {
  core = shared
}

/** The functions that port4me() rarely needs. */
export function later(): Rest {
  // rest.js is a separate file in dist/. It has no copy of the modules in core.ts, but gets them from here.
  try {
    rest ??= (require('./rest.js') as unknown as (shared: Core | undefined) => Rest)(core)
  } catch (error) {
    throw asSystemError(error) // no descriptor is left
  }
  return rest
}
