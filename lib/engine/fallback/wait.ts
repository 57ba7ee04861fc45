// Waits for the end of the probes of other processes. Such a probe holds its port only for an instant.

import { setTimeout } from '../../timers.js'

/**
 * How long to wait before each new probe of a port that is in use, in milliseconds. Each wait is `least` and a random
 * part of `random`, so that probes which collided do not collide again. A process whose probe listens does so for tens
 * of microseconds, or for milliseconds if the system interrupts it meanwhile.
 */
export const WAITS: readonly (readonly [least: number, random: number])[] = [
  [0.2, 0.6],
  [0.4, 1.2],
  [0.6, 2],
  [1, 3],
  [1, 3],
]

const nobody = new Int32Array(new SharedArrayBuffer(4))

/** Blocks this thread for a number of milliseconds. */
export function waitNow(milliseconds: number): void {
  Atomics.wait(nobody, 0, 0, milliseconds)
}

/** Resolves after a number of milliseconds. */
export function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds)
  })
}

/** A port that was in use after all waits is known to be in use for this many milliseconds. */
const KNOWN_MS = 1000

/**
 * A port is known to be in use only after it was found in use for this many milliseconds. If the system interrupts a
 * process during its probe, the process may listen until it runs again.
 */
const PROOF_MS = 40

/** The ports that were in use after all waits, and when each was first and last found in use. */
const inUse = new Map<number, { readonly first: number; readonly last: number }>()

/** Notes that a port was in use after all waits. */
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

/** Whether waiting for a port is useless, because it is known to be in use. */
export function isKnownInUse(port: number): boolean {
  const now = performance.now()
  const known = inUse.get(port)
  return known !== undefined && now - known.last < KNOWN_MS && now - known.first >= PROOF_MS
}
