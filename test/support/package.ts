// The built package, with the engine that PORT4ME_ENGINE names.

import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

export const port4me = require('../..') as typeof import('../../lib/index.js')

/** Whether errors say who has a port. Outside Linux the TypeScript engine would have to start another program. */
export const ERRORS_NAME_HOLDERS = process.platform === 'linux' || port4me.engine === 'native'
