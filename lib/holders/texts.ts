// What programs and error messages say about a holder.

import { printable } from '../errors.js'
import { nameOfFolder } from '../project.js'
import type { PortHolder } from '../types.js'

/** The user of a holder: a name, or `uid 1001`. Undefined if the system does not tell. */
export function userOf({ user, uid }: PortHolder): string | undefined {
  return user ?? (uid === undefined ? undefined : `uid ${uid}`)
}

/** Where a process works: its container, else its project, else its folder. */
export function placeOf({ container, project, cwd }: PortHolder): string | undefined {
  // Docker shows the first 12 characters of an id, too.
  if (container !== undefined) return `container ${container.slice(0, 12)}`
  return project ?? (cwd === undefined ? undefined : nameOfFolder(cwd))
}

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
] as const

/** How long a process has run: `5s`, `12m`, `3h` or `4d`. */
export function ageOf({ startedAt }: PortHolder, now = Date.now()): string | undefined {
  if (startedAt === undefined) return undefined
  const seconds = Math.max(0, Math.floor((now - startedAt.getTime()) / 1000))
  const [unit, length] = UNITS.find(([, length]) => seconds >= length) ?? ['s', 1]
  return `${Math.floor(seconds / length)}${unit}`
}

/** A holder in a few words, on one line: `node (process 123, ~/src/shop)`. Undefined if nothing is known about it. */
export function inBrief(holder: PortHolder): string | undefined {
  const { pid, name } = holder
  const user = userOf(holder)
  if (pid === undefined) return user === undefined ? undefined : short(`a process of user ${user}`)
  if (pid === process.pid) return `this process (${pid})`
  const place = placeOf(holder)
  const more = place === undefined ? '' : `, ${short(place)}`
  return name === undefined ? `process ${pid}${more}` : `${short(name)} (process ${pid}${more})`
}

/** A name or a path as a message shows it. The end of a long path says most. */
function short(text: string): string {
  const shown = printable(text)
  return shown.length > 60 ? `…${shown.slice(-59)}` : shown
}
