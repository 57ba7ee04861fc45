// The entry for bundlers. It exports the names of index.ts in ESM, and loads no other file that they would have to find.

import { currentEngine } from './engine/engine.js'

export * from './index.js'

/** ESM exports cannot be computed at their first use. So this is computed at the import; undefined if no engine loads. */
export const engine = engineNow()

function engineNow(): 'native' | 'fallback' | undefined {
  try {
    return currentEngine().name
  } catch {
    return undefined
  }
}
