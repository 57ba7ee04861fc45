// Waits for what holds a port for an instant: another process that asks about it too.

import { setTimeout } from '../../timers.js'

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

/** A port that was in use in spite of all waits is known to be so for this long, in milliseconds. */
const KNOWN_MS = 1000

/**
 * But not before it was found in use for this long: a process that is interrupted while it asks listens
 * for as long as the others run.
 */
const PROOF_MS = 40

/** The ports that were in use in spite of all waits, by when they were first and last found so. */
const inUse = new Map<number, { readonly first: number; readonly last: number }>()

/** Notes that a port is in use, in spite of all waits. */
export function noteInUse(port: number): void {
  const now = performance.now()
  const before = inUse.get(port)
  const first = before !== undefined && now - before.last < KNOWN_MS ? before.first : now
  inUse.set(port, { first, last: now })
}

/** Notes that a port is not in use. */
export function noteFree(port: number): void {
  inUse.delete(port)
}

/** Whether to wait for a port is no use. */
export function isKnownInUse(port: number): boolean {
  const now = performance.now()
  const known = inUse.get(port)
  return known !== undefined && now - known.last < KNOWN_MS && now - known.first >= PROOF_MS
}
