// Tells a server from a process that listens for an instant to probe a port, as the TypeScript engine does.

import { builtin } from '../builtin.js'

/** How long a busy port is probed again, in milliseconds. A probe listens for tens of microseconds. */
const CONFIRMING_MS = 0.5
/** How long a process that does not sleep is looked at. After that it is a server that is at work. */
const LONGEST_MS = 100

/**
 * Whether a process that listens on a port is a server. The port must be busy for longer than a probe takes. But a
 * process may be made to wait for a processor while it probes. So, unless nobody waits for a processor, the process must
 * sleep too: while a process probes, it runs or waits to run. (This process does not probe now.)
 *
 * @param isBusyFor whether the port is busy each time it is probed in so many milliseconds
 */
export function isServing(
  pids: readonly number[],
  isBusyFor: (milliseconds: number) => boolean,
): boolean {
  const mayTell = () =>
    hasIdleProcessor() || pids.every((pid) => pid === process.pid || isAsleep(pid))
  const until = performance.now() + LONGEST_MS
  do {
    const told = mayTell()
    if (!isBusyFor(CONFIRMING_MS)) return false
    if (told && mayTell()) return true
  } while (performance.now() < until)
  return true
}

/** Whether there are no more threads that can run than processors (proc_loadavg(5)). */
function hasIdleProcessor(): boolean {
  if (process.versions.deno !== undefined) return true // Deno may ask the user for the permission to look
  const { availableParallelism } = builtin('node:os')
  const [, runnable] = /(\d+)\/\d+/.exec(textOf('/proc/loadavg')) ?? []
  return runnable === undefined || Number(runnable) <= availableParallelism()
}

/** Whether no thread of a process runs or can run (proc_pid_stat(5)). Also true where the system does not tell. */
function isAsleep(pid: number): boolean {
  const folder = `/proc/${pid}/task`
  return tasksIn(folder).every((task) => !/\) R /.test(textOf(`${folder}/${task}/stat`)))
}

function tasksIn(folder: string): string[] {
  try {
    return builtin('node:fs').readdirSync(folder)
  } catch {
    return [] // another system, or the process has ended
  }
}

function textOf(file: string): string {
  try {
    return builtin('node:fs').readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}
