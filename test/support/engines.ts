import { createRequire } from 'node:module'
import type { Engine } from '../../binding.js'
import { ADDON } from './paths.js'

export { portOf, triesOf } from '../../lib/codes.js'

const require = createRequire(import.meta.url)

export const native = require(ADDON) as Engine
export const { fallback } = require('../../dist/fallback.js') as { fallback: Engine }
export const engines = [native, fallback]

/** binding.d.ts: TCP, IPv4 and IPv6. */
export const TCP = 1 + 4 + 8
export const EVERYWHERE = ''
