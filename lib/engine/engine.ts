// The choice of the engine: made once, when the first question is asked.

import type { Engine } from '../../binding.js'
import { asSystemError, Port4meError } from '../errors.js'
import { engineVariable } from '../settings/environment.js'
import { oneOf } from '../settings/values.js'
import { loadNative } from './native.js'

let current: Engine | undefined

export function currentEngine(): Engine {
  current ??= chooseEngine(engineVariable())
  return current
}

function chooseEngine(wanted = 'auto'): Engine {
  switch (oneOf(wanted, 'PORT4ME_ENGINE', ['auto', 'native', 'fallback'])) {
    case 'fallback':
      return loadFallback()
    case 'native': {
      const loaded = loadNative()
      if (loaded.engine !== undefined) return loaded.engine
      throw new Port4meError(
        'ERR_NO_ENGINE',
        `PORT4ME_ENGINE is "native", but no addon loads here: ${loaded.failure}`,
      )
    }
    default:
      return loadNative().engine ?? loadFallback()
  }
}

function loadFallback(): Engine {
  // A file of its own in dist/, not loaded where the addon does the work: it needs node:net, which
  // takes longer to load than all of this package.
  try {
    const { fallback } = require('./fallback.js') as typeof import('./fallback/index.js')
    return fallback
  } catch (error) {
    throw asSystemError(error)
  }
}
