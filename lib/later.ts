// Loads rest.ts when one of its functions is first needed. A program that only calls port4me() does not load rest.ts,
// so it starts faster.

import { asSystemError } from './errors.js'

type Core = typeof import('./core.js')
type Rest = typeof import('./rest.js')

let core: Core | undefined
let rest: Rest | undefined

/** Stores the modules of core.ts. core.ts calls this, because an import of core.ts here would be an import cycle. */
export function shareCore(shared: Core): void {
  core = shared
}

/** Returns the functions of rest.ts, which port4me() rarely needs. Loads them at the first call. */
export function later(): Rest {
  // rest.js is a separate file in dist/. It has no copy of the modules of core.ts: they are passed to it here.
  try {
    rest ??= (require('./rest.js') as unknown as (shared: Core | undefined) => Rest)(core)
  } catch (error) {
    throw asSystemError(error) // for example, no descriptor is left to open the file
  }
  return rest
}
