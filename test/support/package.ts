// The package as a user requires it, with the engine that PORT4ME_ENGINE names.

import { createRequire } from 'node:module'

export const port4me = createRequire(import.meta.url)(
  'port4me',
) as typeof import('../../lib/index.js')
