// The entry point for bundlers. It exports the names of index.ts in ESM. It loads no other JavaScript
// file by a computed path, because bundlers could not find such a file.

import { currentEngine } from './engine/engine.js'

export * from './index.js'

/**
 * The name of the engine. ESM exports cannot be computed at their first use, so this is computed when the module is
 * imported. Undefined if no engine can be loaded.
 */
export const engine = engineNow()

function engineNow(): 'native' | 'fallback' | undefined {
  try {
    return currentEngine().name
  } catch {
    return undefined
  }
}
