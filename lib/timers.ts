// Time as it passes, and the event loop's next turn.

import timers from 'node:timers'

// Taken when this is loaded: fake timers of tests replace them later, and stand still. They are no globals
// everywhere: jsdom, as Jest has it, lacks setImmediate.
const { setImmediate } = timers
export const { setTimeout } = timers
export const { hrtime } = process

/** Resolves when the event loop has turned. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
