// Waits for what holds a port for an instant: another process that asks about it too.

// Taken when this is loaded: fake timers of tests replace the global one later, and stand still.
const { setTimeout } = globalThis

/**
 * How long to wait before a port that is in use is asked about again, in milliseconds: each time a
 * random part more than the least, so that those who ask at the same time do not meet again. A process
 * that listens to ask does so for tens of microseconds, or for milliseconds when the system takes the
 * processor from it meanwhile.
 */
export const WAITS: readonly (readonly [least: number, random: number])[] = [
  [0.2, 0.6],
  [0.4, 1.2],
  [0.6, 2],
  [1, 3],
  [1, 3],
]

const nobody = new Int32Array(new SharedArrayBuffer(4))

/** Keeps this thread for so many milliseconds. */
export function waitNow(milliseconds: number): void {
  Atomics.wait(nobody, 0, 0, milliseconds)
}

/** Resolves after so many milliseconds. */
export function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds)
  })
}

/** For so long a port that was in use after all waits is asked about once only. */
const REMEMBERED_MS = 1000

/** When the ports that were in use after all waits were so. */
const inUseAt = new Map<number, number>()

export function rememberInUse(port: number): void {
  inUseAt.set(port, performance.now())
}

/** Whether a port was in use a moment ago, after all waits. */
export function isKnownInUse(port: number): boolean {
  const at = inUseAt.get(port)
  return at !== undefined && performance.now() - at < REMEMBERED_MS
}
