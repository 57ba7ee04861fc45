// The real timers, and the next turn of the event loop.

import timers from 'node:timers'

// The timers are read when this file is loaded, because fake timers of tests may replace them later. The globals are not
// used, because they do not exist everywhere (Jest's jsdom has no setImmediate).
const { setImmediate } = timers
export const { setTimeout } = timers
export const { hrtime } = process

/** Resolves in the next turn of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
