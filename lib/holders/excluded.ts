// The ports that Windows excludes: nobody can bind them. Hyper-V, WSL and Docker let the system exclude ranges, other
// ones after each start, and administrators may exclude more (netsh interface ipv4 show excludedportrange).

import { printedNow } from '../system-program.js'

/** An excluded range of ports. Both ends belong to it. */
export interface ExcludedRange {
  readonly first: number
  readonly last: number
}

/**
 * Returns the excluded range that a port is in. Undefined if it is in none, if the system is not Windows, or if Windows
 * does not tell.
 */
export function excludedRange(port: number, protocol: 'tcp' | 'udp'): ExcludedRange | undefined {
  if (process.platform !== 'win32') return undefined
  const args = ['interface', 'ipv4', 'show', 'excludedportrange', `protocol=${protocol}`]
  const printed = printedNow({ file: 'netsh.exe', args })
  return printed instanceof Error ? undefined : rangeIn(printed.stdout, port)
}

/** Finds the range in the output of netsh. Only the rows of numbers are read, because the words are translated. */
export function rangeIn(text: string, port: number): ExcludedRange | undefined {
  return [...text.matchAll(/^ *(\d+) +(\d+) *\*? *\r?$/gm)]
    .map(([, first, last]) => ({ first: Number(first), last: Number(last) }))
    .find(({ first, last }) => first <= port && port <= last)
}
