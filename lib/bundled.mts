// What bundlers take: the names of index.ts in ESM, and nothing that they would have to follow to another file.

import { currentEngine } from './engine/engine.js'

export * from './index.js'

/** ESM has no value that is made at the first look. Undefined where `require` would throw. */
export const engine = engineNow()

function engineNow(): 'native' | 'fallback' | undefined {
  try {
    return currentEngine().name
  } catch {
    return undefined
  }
}
