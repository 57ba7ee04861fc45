// Chooses the engine once, when the first question is asked.

import type { Engine } from '../../binding.js'
import { asSystemError, Port4meError } from '../errors.js'
import { engineVariable } from '../settings/environment.js'
import { oneOf } from '../settings/values.js'
import { loadNative } from './native.js'
import { IS_BUNDLED } from './places.js'

interface Choice {
  readonly engine: Engine
  /** The file of the addon that was loaded or refused. */
  readonly file?: string | undefined
  /** Why the addon is not used. Missing if it is used. */
  readonly refusal?: string
  /** What the first lease says, in a bundle that lost the addon. */
  readonly warning?: string | undefined
}

let current: Choice | undefined

export function currentEngine(): Engine {
  current ??= chooseEngine(engineVariable())
  return current.engine
}

/** The engine that finds holders. On systems where the addon cannot, the TypeScript engine does. */
export function holdersEngine(): Engine & Required<Pick<Engine, 'holders' | 'holdersAsync'>> {
  const engine = currentEngine()
  return (engine.holders === undefined ? loadFallback() : engine) as Required<Engine>
}

/** Which engine is used, the file of the addon, and for the TypeScript engine why the addon is not used. */
export interface EngineReport {
  readonly engine: 'native' | 'fallback'
  readonly file?: string
  readonly refusal?: string
}

export function reportOnEngine(): EngineReport {
  current ??= chooseEngine(engineVariable())
  const { engine, file, refusal } = current
  return { engine: engine.name, ...(file && { file }), ...(refusal && { refusal }) }
}

/** Warns once if this package is part of a bundle and its addon was not found: leases are weaker without it. */
export function warnInBundle(): void {
  if (current?.warning === undefined) return
  process.emitWarning(`port4me: ${current.warning}`, {
    code: 'PORT4ME_BUNDLED',
  })
  current = { ...current, warning: undefined }
}

function chooseEngine(wanted = 'auto'): Choice {
  switch (oneOf(wanted, 'PORT4ME_ENGINE', ['auto', 'native', 'fallback'])) {
    case 'fallback':
      return { engine: loadFallback(), refusal: 'PORT4ME_ENGINE is "fallback"' }
    case 'native': {
      const loaded = loadNative()
      if (loaded.engine !== undefined) return loaded
      throw new Port4meError(
        'ERR_NO_ENGINE',
        `PORT4ME_ENGINE is "native", but no addon loads here: ${loaded.failure}`,
      )
    }
    default: {
      const loaded = loadNative()
      if (loaded.engine !== undefined) return loaded
      return {
        engine: loadFallback(),
        file: loaded.file,
        refusal: loaded.failure,
        warning: IS_BUNDLED ? loaded.failure : undefined,
      }
    }
  }
}

function loadFallback(): Engine {
  // The TypeScript engine is a separate file in dist/. It is not loaded if the addon is used, because it needs
  // node:net, which takes longer to load than all of this package.
  try {
    const { fallback } = require('./fallback.js') as typeof import('./fallback/index.js')
    return fallback
  } catch (error) {
    throw asSystemError(error)
  }
}
