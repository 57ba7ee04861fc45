// The numbers that cross between TypeScript and an engine, by name: native/codes.h is the same for C++. The
// contract suite compares the two.

/**
 * The name and version of what binding.d.ts declares. A file that was found and loaded as the addon is used only
 * if it has this too. The version changes with each change that an older addon would not understand.
 */
export const CONTRACT = 'port4me 1'

/** What a question is the sum of. */
export const Ask = {
  TCP: 1,
  UDP: 2,
  IPV4: 4,
  IPV6: 8,
  /** A port that only connections in TIME_WAIT hold counts as busy. */
  STRICT_TIME_WAIT: 16,
} as const

/** Why a port is not free: the lowest three bits of a verdict. 0: it is free. */
export const Reason = {
  TIME_WAIT: 1,
  DENIED: 2,
  IN_USE: 3,
  LEASED: 4,
} as const

/** The bits of a verdict that hold its reason. */
export const REASON_MASK = 7

/** What refuses: a verdict is its reason plus these. */
export const Refuses = {
  TCP: 8,
  UDP: 16,
  IPV4: 32,
  IPV6: 64,
} as const

/** One more than the highest port: what the number of tries is multiplied by in the answer of a search. */
const TRIES = 65536

/** The answer of a search as one number. Port 0: none was free. */
export function packFound(tries: number, port: number): number {
  return tries * TRIES + port
}

/** The port of a search's answer; 0 when none was free. */
export function portOf(found: number): number {
  return found % TRIES
}

/** How many ports the search tried. */
export function triesOf(found: number): number {
  return Math.floor(found / TRIES)
}

/** All of these numbers, as an engine tells its own. */
export function allCodes(): Readonly<Record<string, number>> {
  const codes: Record<string, number> = { REASON_MASK, TRIES }
  for (const [book, numbers] of Object.entries({ Ask, Reason, Refuses })) {
    for (const [name, number] of Object.entries(numbers)) codes[`${book}.${name}`] = number
  }
  return codes
}
