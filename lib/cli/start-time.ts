// When did a process start? With its number, this tells it apart from a later process that has the same number.

import { readFileSync } from 'node:fs'
import { printedNow } from '../system-program.js'
import type { PortHolder } from '../types.js'

/**
 * The time when a process started, as a text that no other process with this number has. Undefined if it has ended, also
 * if its parent has not noticed yet, or if the system does not tell.
 */
export function startOf({ pid, startedAt }: PortHolder): string | undefined {
  switch (process.platform) {
    case 'linux':
    case 'android':
      return ofStat(pid)
    case 'win32':
      return startedAt?.toISOString()
    default:
      return ofPs(pid)
  }
}

/** proc_pid_stat(5): the state is the third field, and the start time, in clock ticks since boot, the 22nd. */
function ofStat(pid: number | undefined): string | undefined {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return undefined
  }
  // The second field, the name, is in parentheses and may contain any character.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return isZombie(fields[0]) ? undefined : fields[19]
}

/** ps(1) of macOS and the BSDs. */
function ofPs(pid: number | undefined): string | undefined {
  // One -o for each column: with the BSDs, the rest of its argument is the title.
  const args = ['-o', 'stat=', '-o', 'lstart=', '-p', String(pid)]
  const printed = printedNow({ file: 'ps', args })
  if (printed instanceof Error) return undefined
  const [state, ...start] = printed.stdout.trim().split(/\s+/)
  return isZombie(state) ? undefined : start.join(' ') || undefined
}

function isZombie(state = ''): boolean {
  return /^[ZX]/.test(state)
}
