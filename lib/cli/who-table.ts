// The table of `port4me who`.

import { printable } from '../errors.js'
import { ageOf, placeOf, userOf } from '../holders/texts.js'
import type { HolderState, PortHolder } from '../types.js'
import { type Column, type Narrowing, type Paper, tableOf } from './table.js'
import { cutStart } from './text-width.js'

/** What stands for a process or a user that cannot be seen. */
export const UNSEEN = '?'
/** What stands for anything else that is not known, so that each line has the same number of cells. */
export const NONE = '-'

/** Sockets of one process and port, which differ only by their addresses. */
interface Row {
  readonly holder: PortHolder
  readonly addresses: ReadonlySet<string>
  readonly isLeased: boolean
  readonly count: number
}

const NARROWING: Narrowing = {
  steps: [
    ['COMMAND', 28],
    ['ADDRESS', 15],
    ['PROJECT', 16],
    ['USER', 8],
    ['COMMAND', 16],
    ['PROJECT', 8],
    ['ADDRESS', 9],
    ['COMMAND', 12],
  ],
  leftOut: ['AGE', 'USER', 'ADDRESS', 'PROJECT', 'STATE', 'PROTO'],
}

/** The lines of the table, with the header. A state column is shown if `hasState`. */
export function table(holders: readonly PortHolder[], hasState: boolean, paper: Paper): string {
  const columns = columnsOf(hasState, paper.width !== undefined)
  return tableOf(joined(holders), columns, NARROWING, paper)
}

function columnsOf(hasState: boolean, isShort: boolean): readonly Column<Row>[] {
  return [
    { title: 'PORT', of: ({ holder }) => String(holder.port), right: true },
    { title: 'PROTO', of: ({ holder }) => holder.protocol },
    ...(hasState ? [{ title: 'STATE', of: stateOf }] : []),
    { title: 'ADDRESS', of: addressOf },
    { title: 'USER', of: ({ holder }) => printable(userOf(holder) ?? UNSEEN) },
    { title: 'PID', of: ({ holder }) => String(holder.pid ?? UNSEEN), right: true },
    { title: 'AGE', of: ({ holder }) => ageOf(holder) ?? NONE, right: true },
    { title: 'PROJECT', of: ({ holder }) => printable(placeOf(holder) ?? NONE), cut: cutPath },
    { title: 'COMMAND', of: (row) => commandOf(row, hasState, isShort) },
  ]
}

const STATES: readonly HolderState[] = ['listening', 'bound', 'connected', 'time-wait']

/** Joins the sockets that differ only by their addresses. Of a port, those that listen come first. */
function joined(holders: readonly PortHolder[]): Row[] {
  const rows = new Map<
    string,
    { holder: PortHolder; addresses: Set<string>; isLeased: boolean; count: number }
  >()
  for (const holder of holders) {
    const { port, protocol, state, pid, uid, user, address, family, lease = false } = holder
    const key = [port, protocol, state, pid, uid, user].join()
    const row = rows.get(key) ?? { holder, addresses: new Set(), isLeased: false, count: 0 }
    rows.set(key, row)
    if (address !== undefined) row.addresses.add(family === 'both' ? '*' : address)
    row.isLeased ||= lease
    row.count++
  }
  return [...rows.values()].sort(
    ({ holder: a }, { holder: b }) =>
      a.port - b.port ||
      (a.protocol === b.protocol ? 0 : a.protocol === 'tcp' ? -1 : 1) ||
      STATES.indexOf(a.state) - STATES.indexOf(b.state),
  )
}

/** `*` stands for all addresses of both families. */
function addressOf({ addresses }: Row): string {
  if (addresses.has('*') || (addresses.has('0.0.0.0') && addresses.has('::'))) return '*'
  return addresses.size === 0 ? NONE : [...addresses].map(printable).join(',')
}

function stateOf({ holder: { state }, count }: Row): string {
  const isCounted = count > 1 && (state === 'connected' || state === 'time-wait')
  return isCounted ? `${state} (${count})` : state
}

/** The command, after a mark if the process does not serve the port, but keeps it. */
function commandOf({ holder, isLeased }: Row, hasState: boolean, isShort: boolean): string {
  const { command, name, protocol, state } = holder
  const isKept = protocol === 'tcp' && state === 'bound' && !hasState
  const mark = isLeased ? '[lease] ' : isKept ? '[bound] ' : ''
  return mark + printable((isShort ? shortCommand(holder) : command) ?? name ?? NONE)
}

/** The longest beginning of a command that is looked at, because no terminal is wider. */
const LONGEST = 2000

/**
 * A command without long paths: only the name of the program, paths relative to the working directory, and of a script
 * elsewhere only the name.
 */
export function shortCommand({ command, cwd }: PortHolder): string | undefined {
  const short = command
    ?.slice(0, LONGEST)
    .replace(/^"[^"]*[\\/]([^"\\/]+)"/, '$1')
    .replace(/^(?:[a-z]:)?[\\/](?:[^ \\/]+[\\/])*([^ \\/]+)/i, '$1')
  const relative =
    cwd === undefined || cwd.length < 2
      ? short
      : short?.replaceAll(` ${cwd}/`, ' ').replaceAll(` ${cwd}\\`, ' ')
  return relative?.replace(/^([^ ]+) (?:[a-z]:)?[\\/][^ ]*[\\/]([^ \\/]+)/i, '$1 …/$2')
}

/** The end of a path, from a slash if there is one. */
export function cutPath(text: string, width: number): string {
  return cutStart(text, width).replace(/^…[^/]+(?=\/.)/, '…')
}
