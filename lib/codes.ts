// The numbers that cross between TypeScript and an engine, by name. native/codes.h is the same for C++. The
// contract suite compares the two.

/**
 * The name and version of the interface in binding.d.ts. A file that was loaded as the addon is used only if it has
 * the same name and version. The version changes with each change that an older addon would not understand.
 */
export const CONTRACT = 'port4me 2'

/** The parts of a question. A question is the sum of some of them. */
export const Ask = {
  TCP: 1,
  UDP: 2,
  IPV4: 4,
  IPV6: 8,
  /** A port that only connections in TIME_WAIT hold counts as busy. */
  STRICT_TIME_WAIT: 16,
} as const

/** Why a port is not free: the lowest three bits of a verdict. 0 means that it is free. */
export const Reason = {
  TIME_WAIT: 1,
  DENIED: 2,
  IN_USE: 3,
  LEASED: 4,
} as const

/** The bits of a verdict that hold its reason. */
export const REASON_MASK = 7

/** Which binds were refused. A verdict is its reason plus these. */
export const Refuses = {
  TCP: 8,
  UDP: 16,
  IPV4: 32,
  IPV6: 64,
} as const

/** The state of a socket. A question about holders names the sum of some of them. */
export const State = {
  LISTENING: 1,
  BOUND: 2,
  CONNECTED: 4,
  TIME_WAIT: 8,
} as const

/** The number of tries is multiplied by this in the answer of a search. It is one more than the highest port. */
const TRIES = 65536

/** The answer of a search as one number. Port 0: no candidate was free. */
export function packFound(tries: number, port: number): number {
  return tries * TRIES + port
}

/** The port in the answer of a search; 0 when no candidate was free. */
export function portOf(found: number): number {
  return found % TRIES
}

/** The number of tries in the answer of a search. */
export function triesOf(found: number): number {
  return Math.floor(found / TRIES)
}

/** All numbers of this file, in the form of an engine's codes(). */
export function allCodes(): Readonly<Record<string, number>> {
  const codes: Record<string, number> = { REASON_MASK, TRIES }
  for (const [book, numbers] of Object.entries({ Ask, Reason, Refuses, State })) {
    for (const [name, number] of Object.entries(numbers)) codes[`${book}.${name}`] = number
  }
  return codes
}
