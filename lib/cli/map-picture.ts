// All ports as lines of a terminal.

import {
  countsOf,
  PORT_STATES,
  PORTS,
  type PortMap,
  type PortState,
  type Range,
  STATE_NUMBER,
} from './port-states.js'
import { cutEnd } from './text-width.js'

export interface Canvas {
  /** In columns. */
  readonly width: number
  /** 0: characters stand for the states. */
  readonly colors: 0 | 16 | 256
}

/** How a terminal shows a state. */
interface Look {
  /** Its character, where there are no colors. */
  readonly mark: string
  /** The code that selects its color, of 16: ECMA-48, "SGR". That of the background is greater by 10. */
  readonly ansi: number
  /** Its color, of 256. */
  readonly indexed: number
}

const LOOKS: Readonly<Record<PortState, Look>> = {
  free: { mark: '.', ansi: 37, indexed: 250 },
  ephemeral: { mark: ':', ansi: 36, indexed: 109 },
  excluded: { mark: '-', ansi: 90, indexed: 242 },
  denied: { mark: 'x', ansi: 35, indexed: 96 },
  'in-use': { mark: '#', ansi: 31, indexed: 160 },
  leased: { mark: 'L', ansi: 33, indexed: 214 },
  mine: { mark: 'M', ansi: 34, indexed: 27 },
  project: { mark: 'P', ansi: 32, indexed: 34 },
}

/**
 * The lines of the picture. Each begins at a multiple of 4096. With the legend they fit a terminal of 80 columns and 24
 * lines.
 */
const LINES = 16
/** The columns of the number at the beginning of a line. A very narrow terminal has no room for it. */
const GUTTER = 6
const LEAST_WITH_GUTTER = 22
/** A wider picture would be hard to read. */
const MOST_COLUMNS = 256

/** The picture and its legend, as lines. */
export function mapPicture({ states, ephemeral }: PortMap, { width, colors }: Canvas): string {
  const gutter = width < LEAST_WITH_GUTTER ? 0 : GUTTER
  const columns = Math.min(MOST_COLUMNS, 2 ** Math.floor(Math.log2(Math.max(1, width - gutter))))
  const halves = colors === 0 ? 1 : 2
  const size = PORTS / (LINES * halves * columns)
  const cells = cellsOf(states, size)
  const lines: string[] = []
  for (let line = 0; line < LINES; line++) {
    const number = `${(line * PORTS) / LINES} `.padStart(gutter)
    const row = (half: number): readonly PortState[] => {
      const from = (line * halves + half) * columns
      return cells.slice(from, from + columns)
    }
    const drawn =
      colors === 0 ? row(0).map((state) => LOOKS[state].mark) : halfBlocks(row(0), row(1), colors)
    lines.push((gutter === 0 ? '' : number) + drawn.join(''))
  }
  const key = `A cell is ${size} ports. A line begins at its number.`
  lines.push(cutEnd(gutter === 0 ? `A cell is ${size} ports.` : key, width))
  return `${[...lines, ...legend(states, ephemeral, { width, colors })].join('\n')}\n`
}

/** The state that each cell of `size` ports shows: the most notable that keeps others from a port, or the most frequent. */
function cellsOf(states: Uint8Array, size: number): PortState[] {
  return Array.from({ length: PORTS / size }, (_, i) => {
    const ports = states.subarray(i * size, (i + 1) * size)
    const counts = new Uint16Array(PORT_STATES.length)
    let shown = 0
    for (const state of ports) {
      counts[state] = (counts[state] as number) + 1
      shown = Math.max(shown, state)
    }
    if (shown < STATE_NUMBER['in-use']) shown = counts.indexOf(Math.max(...counts))
    return PORT_STATES[shown] as PortState
  })
}

/** Upper half blocks, whose background is the cell below. A color is selected only where it changes. */
function halfBlocks(
  upper: readonly PortState[],
  lower: readonly PortState[],
  colors: 16 | 256,
): string[] {
  let last = ''
  const blocks = upper.map((state, i) => {
    const selected = `${color(state, colors)};${color(lower[i] as PortState, colors, 10)}`
    const before = selected === last ? '' : `\x1b[${selected}m`
    last = selected
    return `${before}▀`
  })
  return [...blocks, '\x1b[0m']
}

/** The parameters that select a color of the text, or, if 10 is added, of the background. */
function color(state: PortState, colors: 16 | 256, added: 0 | 10 = 0): string {
  const { ansi, indexed } = LOOKS[state]
  return colors === 16 ? String(ansi + added) : `${38 + added};5;${indexed}`
}

/** The columns of an entry of the legend. Two of them fit 80 columns. */
const ENTRY = 40

/** Each state with its number of ports. */
function legend(
  states: Uint8Array,
  ephemeral: Range | undefined,
  { width, colors }: Canvas,
): string[] {
  const counts = countsOf(states)
  const entries = PORT_STATES.map((state) => {
    const count = counts[state].toLocaleString('en')
    const text = `${state.padEnd(9)} ${count.padStart(6)}  ${says(state, ephemeral)}`
    const mark = colors === 0 ? LOOKS[state].mark : `\x1b[${color(state, colors)}m■\x1b[0m`
    return { mark, text: cutEnd(text, Math.max(1, Math.min(ENTRY - 1, width) - 2)) }
  })
  const half = PORT_STATES.length / 2
  const shown = ({ mark, text }: (typeof entries)[number]): string => `${mark} ${text}`
  if (width < 2 * ENTRY) return entries.map(shown)
  return entries.slice(0, half).map((entry, i) => {
    const second = entries[half + i] as (typeof entries)[number]
    return `${shown({ ...entry, text: entry.text.padEnd(ENTRY - 2) })}${shown(second)}`
  })
}

/** What the legend says about a state. */
export function says(state: PortState, ephemeral: Range | undefined): string {
  switch (state) {
    case 'free':
      return 'to choose from'
    case 'ephemeral':
      return ephemeral === undefined
        ? 'range not known'
        : `free: ${ephemeral.first}-${ephemeral.last}`
    case 'excluded':
      return 'free, never chosen'
    case 'denied':
      return 'by the system'
    case 'in-use':
      return 'by others'
    case 'leased':
      return 'kept by a lease'
    case 'mine':
      return 'by your processes'
    case 'project':
      return 'by this project'
  }
}
