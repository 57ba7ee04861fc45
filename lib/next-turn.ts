// The event loop's next turn.

// Taken when this is loaded: fake timers of tests replace the global one later, and stand still.
const { setImmediate } = globalThis

/** Resolves when the event loop has turned. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
