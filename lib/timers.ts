// The real timers, and the next turn of the event loop.

import timers from 'node:timers'

// The timers are read when this file is loaded, because fake timers of tests may replace them later. The globals are not
// used: Jest may have replaced them before, and its jsdom has no setImmediate. It leaves node:timers alone.
const { setImmediate } = timers
export const { clearTimeout, setTimeout } = timers
export const { hrtime } = process

/** Resolves in the next turn of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
