import { createRequire } from 'node:module'
import type { Engine } from '../../binding.js'
import { ADDON } from './paths.js'

const require = createRequire(import.meta.url)

export const native = require(ADDON) as Engine
export const { fallback } = require('../../dist/fallback.js') as { fallback: Engine }
export const engines = [native, fallback]

/** binding.d.ts: TCP, IPv4 and IPv6. */
export const TCP = 1 + 4 + 8
export const EVERYWHERE = ''

export const portOf = (pick: number): number => pick % 65536
export const triesOf = (pick: number): number => Math.floor(pick / 65536)
