// Tables for people.

import { cutEnd, widthOf } from './text-width.js'

/** Where a table is printed. */
export interface Paper {
  /** The columns of the terminal; undefined if stdout is not a terminal. Then nothing is shortened. */
  readonly width: number | undefined
  readonly bold: boolean
}

export interface Column<Row> {
  readonly title: string
  readonly of: (row: Row) => string
  readonly right?: boolean
  /** Shortens a cell to a width. */
  readonly cut?: (text: string, width: number) => string
}

/** What to do if a table is wider than the terminal. */
export interface Narrowing {
  /** In which order columns are shortened, and to which widths. */
  readonly steps: readonly (readonly [title: string, width: number])[]
  /** Which columns are left out, in this order, if the table is still too wide. */
  readonly leftOut: readonly string[]
}

interface Filled extends Omit<Column<never>, 'of'> {
  readonly cells: readonly string[]
  readonly width: number
}

/** The lines of a table, with the header. */
export function tableOf<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  narrowing: Narrowing,
  { width, bold }: Paper,
): string {
  const all = columns.map(({ of, ...column }): Filled => {
    const cells = rows.map(of)
    const widest = cells.reduce((most, cell) => Math.max(most, widthOf(cell)), 0)
    return { ...column, cells, width: Math.max(widest, column.title.length) }
  })
  const shown = width === undefined ? all : fitted(all, narrowing, width)
  const lines = [
    lineOf(shown, ({ title }) => title, width),
    ...rows.map((_, i) => lineOf(shown, ({ cells }) => cells[i] as string, width)),
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
    if (i === columns.length - 1 && !right) return text
    const space = ' '.repeat(Math.max(0, width - widthOf(text)))
    return right ? space + text : text + space
  })
  const line = words.join(GAP).trimEnd()
  return paperWidth === undefined ? line : cutEnd(line, paperWidth)
}

const GAP = '  '

/** Makes columns narrower, and leaves some out, until the table fits. */
function fitted(
  columns: readonly Filled[],
  { steps, leftOut }: Narrowing,
  width: number,
): readonly Filled[] {
  const fitting = [...columns]
  let excess = GAP.length * (columns.length - 1) - width
  for (const column of columns) excess += column.width
  for (const [title, least] of steps) {
    const i = fitting.findIndex((column) => column.title === title)
    const column = fitting[i]
    if (column === undefined) continue
    const less = Math.max(0, Math.min(excess, column.width - Math.max(least, title.length)))
    fitting[i] = { ...column, width: column.width - less }
    excess -= less
  }
  for (const title of leftOut) {
    const i = fitting.findIndex((column) => column.title === title)
    if (excess <= 0 || i === -1) continue
    const [column] = fitting.splice(i, 1)
    excess -= GAP.length + (column?.width ?? 0)
  }
  // The last column takes the rest.
  const last = fitting.pop() as Filled
  return [...fitting, { ...last, width: Math.max(last.width, last.width - excess) }]
}
