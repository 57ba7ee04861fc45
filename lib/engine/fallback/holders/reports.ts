// What the ways to find holders have in common.

import type { HoldersReport, ProcessReport, SocketReport } from '../../../../binding.js'

export type Mutable<T> = { -readonly [Name in keyof T]: T[Name] }

/** Returns a function that tells whether a question is about a socket. No ports: all ports. */
export function asks(ports: Uint16Array, states: number): (socket: SocketReport) => boolean {
  const asked = new Set(ports)
  return ({ port, state }) => (states & state) !== 0 && (asked.size === 0 || asked.has(port))
}

/**
 * A report of these sockets, with their processes and all their ancestors. `find` returns undefined for a process that
 * is not known.
 */
export function reportOf(
  sockets: readonly SocketReport[],
  find: (pid: number) => ProcessReport | undefined,
): HoldersReport {
  const processes = new Map<number, ProcessReport>()
  for (const pid of sockets.flatMap(({ pids }) => pids)) {
    let next: number | undefined = pid
    while (next !== undefined && !processes.has(next)) {
      const process = find(next)
      if (process === undefined) break
      processes.set(next, process)
      next = process.parent
    }
  }
  return { sockets, processes: [...processes.values()] }
}
