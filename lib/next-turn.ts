// The event loop's next turn.

import timers from 'node:timers'

// Taken when this is loaded: fake timers of tests replace it later, and stand still. It is no global
// everywhere: jsdom, as Jest has it, lacks it.
const { setImmediate } = timers

/** Resolves when the event loop has turned. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
