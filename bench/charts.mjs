// Draws bar charts of bench/results.json: docs/images/bench-light.svg, bench-who-light.svg, and the same for dark pages.
// bench/run.mjs calls this at its end.
//
//   node bench/charts.mjs [RESULTS [FOLDER]]

import { readFileSync } from 'node:fs'
import { argv } from 'node:process'
import { fileURLToPath } from 'node:url'
import { escaped, THEMES, writePictures } from '../scripts/pictures/svg.mjs'

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url))

/** The words for what was measured, where the names of the results need some. */
const CALLS = {
  floor: 'C++ floor',
  'port4me (native)': 'port4me',
  'port4me (fallback)': 'port4me, TypeScript engine',
  'addon alone': undefined, // what is measured is no package
  'port4me (native), no USER': undefined,
}
const WHO = {
  floor: 'of a stranger, C++ floor',
  'own port': 'of this process',
  "a child's port": 'of its child',
  "this folder's port": 'of this project',
  "a stranger's port": 'of a stranger',
}

/** The charts. A panel has one bar for each result of a question. */
const CHARTS = {
  bench: [
    { title: 'A call, first candidate free', question: 'free', words: CALLS },
    { title: 'A call, first 100 candidates busy', question: 'busy', words: CALLS },
    { title: 'Load the package and find a first port', question: 'load', words: CALLS },
  ],
  'bench-who': [
    { title: 'The process that has a port, as a program', question: 'who, program', words: {} },
    { title: 'whoHas() for a port', question: 'who', words: WHO },
  ],
}

const [WIDTH, LABEL, MARGIN, ROW, GAP] = [640, 246, 24, 26, 18]
/** The room that the longest bar leaves for its number. */
const NUMBER = 76

/** Writes the charts of some results to a folder. A question without results has no panel. */
export function drawCharts(results, folder = path('../docs/images')) {
  for (const [name, panels] of Object.entries(CHARTS)) {
    const filled = panels
      .map(({ title, question, words }) => ({ title, bars: barsOf(results[question], words) }))
      .filter(({ bars }) => bars.length > 0)
    if (filled.length > 0) writePictures(folder, name, (theme) => chart(filled, theme))
  }
}

/** The bars of a panel, the shortest first. */
function barsOf(times = {}, words) {
  return Object.entries(times)
    .map(([name, time]) => ({
      name: Object.hasOwn(words, name) ? words[name] : name,
      time,
      kind: name === 'floor' ? 'floor' : words === WHO || /^port4me\b/.test(name) ? 'own' : 'other',
    }))
    .filter(({ name }) => name !== undefined)
    .sort((a, b) => a.time - b.time)
}

function chart(panels, theme) {
  const { ground, text, dim, border, accent, grey } = THEMES[theme]
  const colors = { own: accent, floor: 'none', other: grey }
  let y = MARGIN
  const drawn = panels.flatMap(({ title, bars }) => {
    const most = Math.max(...bars.map(({ time }) => time))
    const longest = WIDTH - MARGIN - LABEL - NUMBER
    const head = `<text class="head" x="${MARGIN}" y="${y + 14}">${escaped(title)}</text>`
    y += 30
    const rows = bars.map(({ name, time, kind }) => {
      const width = Math.max(1, Math.round((time / most) * longest * 10) / 10)
      const middle = y + ROW / 2 + 5
      const row = [
        `<text class="${kind}" x="${LABEL - 10}" y="${middle}" text-anchor="end">${escaped(name)}</text>`,
        `<rect x="${LABEL}" y="${y + 4}" width="${width}" height="${ROW - 8}" rx="2" fill="${colors[kind]}"${kind === 'floor' ? ` stroke="${dim}" stroke-dasharray="3 2"` : ''}/>`,
        `<text class="${kind}" x="${LABEL + width + 8}" y="${middle}">${timeText(time)}</text>`,
      ].join('')
      y += ROW
      return row
    })
    y += GAP
    return [head, ...rows]
  })
  const height = y + MARGIN
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${escaped(panels.map(({ title }) => title).join('; '))}: bar charts">`,
    `<style>text { font: 14px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: ${text} } .head, .own { font-weight: 600 } .floor, .dim { fill: ${dim} }</style>`,
    `<rect x=".5" y=".5" width="${WIDTH - 1}" height="${height - 1}" rx="10" fill="${ground}" stroke="${border}"/>`,
    ...drawn,
    `<text class="dim" x="${MARGIN}" y="${height - 18}">Medians of one run of npm run bench. Shorter is faster.</text>`,
    '</svg>',
  ].join('\n')}\n`
}

function timeText(nanoseconds) {
  const [number, unit] = nanoseconds < 1e6 ? [nanoseconds / 1e3, 'µs'] : [nanoseconds / 1e6, 'ms']
  return `${number.toFixed(number < 9.95 ? 1 : 0)} ${unit}`
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const [file = path('results.json'), folder] = argv.slice(2)
  drawCharts(JSON.parse(readFileSync(file, 'utf8')).results, folder)
}
