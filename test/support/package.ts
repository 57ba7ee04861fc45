// The built package, with the engine that PORT4ME_ENGINE names.

import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

export const port4me = require('../..') as typeof import('../../lib/index.js')
