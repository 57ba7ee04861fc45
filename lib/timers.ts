// The real timers, and the next turn of the event loop.

import { builtin } from './builtin.js'

// The timers are read when this file is loaded, because fake timers of tests may replace them later. Jest's jsdom has no
// global setImmediate. Elsewhere the globals are used, because they need not be loaded.
const { setImmediate } = 'setImmediate' in globalThis ? globalThis : builtin('node:timers')
export const { setTimeout } = globalThis
export const { hrtime } = process

/** Resolves in the next turn of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
