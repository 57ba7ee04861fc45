// The table of `port4me who`.

import { printable } from '../errors.js'
import { ageOf, placeOf, userOf } from '../holders/texts.js'
import type { HolderState, PortHolder } from '../types.js'
import { cutEnd, cutStart, widthOf } from './text-width.js'

/** Where the table is printed. */
export interface Paper {
  /** The columns of the terminal; undefined if stdout is not a terminal. Then nothing is shortened. */
  readonly width: number | undefined
  readonly bold: boolean
}

/** What stands for a process or a user that cannot be seen. */
const UNSEEN = '?'
/** What stands for anything else that is not known, so that each line has the same number of cells. */
const NONE = '-'

/** Sockets of one process and port, which differ only by their addresses. */
interface Row {
  readonly holder: PortHolder
  readonly addresses: ReadonlySet<string>
  readonly isLeased: boolean
  readonly count: number
}

interface Filled extends Column {
  readonly cells: readonly string[]
  readonly width: number
}

interface Column {
  readonly title: string
  readonly of: (row: Row) => string
  readonly right?: boolean
  /** Shortens a cell to a width. */
  readonly cut?: (text: string, width: number) => string
}

/**
 * In which order columns are shortened, and to which widths, if the table is wider than the terminal.
 */
const STEPS: readonly (readonly [title: string, width: number])[] = [
  ['COMMAND', 28],
  ['ADDRESS', 15],
  ['PROJECT', 16],
  ['USER', 8],
  ['COMMAND', 16],
  ['PROJECT', 8],
  ['ADDRESS', 9],
  ['COMMAND', 12],
]

/** Which columns are left out, in this order, if the table is still too wide. */
const LEFT_OUT: readonly string[] = ['AGE', 'USER', 'ADDRESS', 'PROJECT', 'STATE', 'PROTO']

/** The lines of the table, with the header. A state column is shown if `hasState`. */
export function table(holders: readonly PortHolder[], hasState: boolean, paper: Paper): string {
  const { width, bold } = paper
  const rows = joined(holders)
  const all = columnsOf(hasState, width !== undefined).map((column): Filled => {
    const cells = rows.map(column.of)
    const widest = cells.reduce((most, cell) => Math.max(most, widthOf(cell)), 0)
    return { ...column, cells, width: Math.max(widest, column.title.length) }
  })
  const columns = width === undefined ? all : fitted(all, width)
  const lines = [
    lineOf(columns, ({ title }) => title, width),
    ...rows.map((_, i) => lineOf(columns, ({ cells }) => cells[i] as string, width)),
  ]
  if (bold) lines[0] = `\x1b[1m${lines[0]}\x1b[22m`
  return `${lines.join('\n')}\n`
}

function lineOf(
  columns: readonly Filled[],
  cellOf: (column: Filled) => string,
  paperWidth: number | undefined,
): string {
  const words = columns.map((column, i) => {
    const { width, right = false, cut = cutEnd } = column
    const cell = cellOf(column)
    const text = widthOf(cell) > width ? cut(cell, width) : cell
    // One of the commands may be huge. All other lines would take as much memory.
    if (i === columns.length - 1) return text
    const space = ' '.repeat(Math.max(0, width - widthOf(text)))
    return right ? space + text : text + space
  })
  const line = words.join(GAP).trimEnd()
  return paperWidth === undefined ? line : cutEnd(line, paperWidth)
}

const GAP = '  '

function columnsOf(hasState: boolean, isShort: boolean): readonly Column[] {
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

/** Makes columns narrower, and leaves some out, until the table fits. */
function fitted(columns: readonly Filled[], width: number): readonly Filled[] {
  const fitting = [...columns]
  let excess = GAP.length * (columns.length - 1) - width
  for (const column of columns) excess += column.width
  for (const [title, least] of STEPS) {
    const i = fitting.findIndex((column) => column.title === title)
    const column = fitting[i] as Filled
    const less = Math.max(0, Math.min(excess, column.width - Math.max(least, title.length)))
    fitting[i] = { ...column, width: column.width - less }
    excess -= less
  }
  for (const title of LEFT_OUT) {
    const i = fitting.findIndex((column) => column.title === title)
    if (excess <= 0 || i === -1) continue
    const [column] = fitting.splice(i, 1)
    excess -= GAP.length + (column?.width ?? 0)
  }
  // The last column takes the rest.
  const last = fitting.pop() as Filled
  return [...fitting, { ...last, width: Math.max(last.width, last.width - excess) }]
}

/** The end of a path, from a slash if there is one. */
function cutPath(text: string, width: number): string {
  return cutStart(text, width).replace(/^…[^/]+(?=\/.)/, '…')
}
