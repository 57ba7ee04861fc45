// All ports as an SVG picture.

import { says } from './map-picture.js'
import {
  countsOf,
  PORT_STATES,
  PORTS,
  type PortMap,
  type PortState,
  rangesOf,
} from './port-states.js'

/** The squares of a row, and the rows. */
const SIDE = 256
/** The side of a square, in units of the picture. */
const SQUARE = 3
const [LEFT, TOP] = [56, 44]
const GRID = SIDE * SQUARE
const WIDTH = LEFT + GRID + 16
/** The legend. */
const [IN_A_LINE, ENTRY, LINE] = [3, 256, 20]
const HEIGHT = TOP + GRID + 90

/** The colors of a state, on light and on dark ground. */
const COLORS: Readonly<Record<PortState, readonly [light: string, dark: string]>> = {
  free: ['#e7ebef', '#262c36'],
  ephemeral: ['#cfdde6', '#2f4352'],
  excluded: ['#b9c0c8', '#454c56'],
  denied: ['#cdb7d8', '#5a4468'],
  'in-use': ['#d1242f', '#ff6b66'],
  leased: ['#c27c00', '#f0b429'],
  mine: ['#0969da', '#58a6ff'],
  project: ['#1a7f37', '#3fb950'],
}

const USED: readonly PortState[] = ['in-use', 'leased', 'mine', 'project']

/** A square for each port, 256 in a row, and a legend. The colors follow the reader's choice of light or dark. */
export function mapSvg({ states, ephemeral }: PortMap): string {
  const counts = countsOf(states)
  const rows = Array.from({ length: SIDE / 16 }, (_, i) => i * 16)
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="system-ui, sans-serif" font-size="12">`,
    '<title>The ports of this machine</title>',
    `<style>${styles(0)} @media (prefers-color-scheme: dark) { ${styles(1)} }</style>`,
    '<rect class="ground" width="100%" height="100%"/>',
    `<text x="${LEFT}" y="20" font-size="15">The ${PORTS.toLocaleString('en')} ports of this machine</text>`,
    `<text x="${LEFT}" y="37" class="dim">Each row has ${SIDE} ports, from left to right.</text>`,
    ...rows.map(
      (row) =>
        `<text x="${LEFT - 6}" y="${TOP + row * SQUARE + 9}" text-anchor="end" class="dim">${row * SIDE}</text>`,
    ),
    `<g transform="translate(${LEFT} ${TOP}) scale(${SQUARE})" shape-rendering="crispEdges">`,
    ...PORT_STATES.map((state) => `<path class="${state}" d="${pathOf(states, state)}"/>`),
    '</g>',
    ...PORT_STATES.map((state, i) => {
      const x = LEFT + (i % IN_A_LINE) * ENTRY
      const y = TOP + GRID + 26 + Math.floor(i / IN_A_LINE) * LINE
      const text = `${state} ${counts[state].toLocaleString('en')}`
      return `<rect class="${state}" x="${x}" y="${y - 10}" width="11" height="11"/><text x="${x + 17}" y="${y}">${text} <tspan class="dim">${says(state, ephemeral)}</tspan></text>`
    }),
    '</svg>',
  ].join('\n')}\n`
}

function styles(theme: 0 | 1): string {
  const [ground, text, dim] = [
    ['#ffffff', '#1f2328', '#59636e'],
    ['#0d1117', '#e6edf3', '#9198a1'],
  ][theme] as [string, string, string]
  return [
    `text { fill: ${text} } .dim { fill: ${dim} } .ground { fill: ${ground} }`,
    ...PORT_STATES.map((state) => `.${state} { fill: ${COLORS[state][theme]} }`),
    // A single square would be hard to see, so what is in use is drawn a little larger.
    ...USED.map((state) => `path.${state} { stroke: ${COLORS[state][theme]}; stroke-width: .6 }`),
  ].join(' ')
}

/** The rectangles of a state: one for each run of ports in a row of squares. */
function pathOf(states: Uint8Array, state: PortState): string {
  const parts: string[] = []
  for (let row = 0; row < SIDE; row++) {
    for (const range of rangesOf(states, row * SIDE, row * SIDE + SIDE - 1)) {
      if (range.state !== state) continue
      const length = range.last - range.first + 1
      parts.push(`M${range.first % SIDE} ${row}h${length}v1h-${length}z`)
    }
  }
  return parts.join('')
}
