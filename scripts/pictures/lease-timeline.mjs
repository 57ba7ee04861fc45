// Draws docs/images/lease-timeline-light.svg and -dark.svg: how a lease keeps a port, and what others see meanwhile.
// Run: node scripts/pictures/lease-timeline.mjs

import { writeFileSync } from 'node:fs'

const THEMES = {
  light: {
    text: '#1f2328',
    faint: '#59636e',
    line: '#d1d9e0',
    lease: ['#ddf4ff', '#0969da'],
    server: ['#e6e0ff', '#6639ba'],
    gap: ['#ffebe9', '#cf222e'],
    safe: ['#dafbe1', '#116329'],
    past: ['#fff8c5', '#7d4e00'],
    plain: ['#f6f8fa', '#59636e'],
  },
  dark: {
    text: '#e6edf3',
    faint: '#9198a1',
    line: '#3d444d',
    lease: ['#0c2d6b', '#79c0ff'],
    server: ['#3c1e70', '#d2a8ff'],
    gap: ['#5c1a1d', '#ffa198'],
    safe: ['#0f3d20', '#7ee787'],
    past: ['#4b3000', '#f2cc60'],
    plain: ['#212830', '#9198a1'],
  },
}

const WIDTH = 640
const LEFT = 164
const COLUMN = 156
const PHASES = ['leased', 'the server listens', 'it is closed']

/** Who looks, and what it finds in each phase. `safe`: the port is safe from it. `past`: it gets past the lease. */
const OBSERVERS = [
  ['another lease', ['safe', 'kept out'], ['safe', 'kept out'], ['plain', 'gets it']],
  ['a probe', ['safe', "'leased'"], ['safe', "'in-use'"], ['plain', 'free']],
  ['the system’s port 0', ['safe', 'never it'], ['safe', 'never it'], ['plain', 'may be it ²']],
  ['get-port, portfinder', ['past', 'free ¹'], ['safe', 'in use'], ['plain', 'free']],
  ['another server', ['past', 'can listen ¹'], ['safe', 'EADDRINUSE'], ['plain', 'can listen']],
]

const ROW = 34
const TABLE = 232
const HEIGHT = TABLE + OBSERVERS.length * ROW + 74

const column = (index) => LEFT + index * COLUMN
const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

function picture(colors) {
  const text = (x, y, words, { fill = colors.text, anchor = 'start', size = 13, kind = '' } = {}) =>
    `<text x="${x}" y="${y}" fill="${fill}" text-anchor="${anchor}" font-size="${size}"${kind && ` class="${kind}"`}>${escaped(words)}</text>`
  const box = (x, y, width, height, [fill, stroke], words) =>
    `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="6" fill="${fill}" stroke="${stroke}" stroke-opacity="0.45"/>` +
    text(x + width / 2, y + height / 2 + 4.5, words, { fill: stroke, anchor: 'middle' })
  const call = (x, y, words) =>
    `<path d="M${x} ${y + 6}v42" stroke="${colors.text}" stroke-width="1.5"/>` +
    text(x, y, words, { anchor: 'middle', size: 12, kind: 'code' })
  const lane = (y, name, says) =>
    text(8, y + 4, name) + text(8, y + 21, says, { fill: colors.faint, size: 12 })

  const bar = (from, to, y, color, words) =>
    box(column(from) + 1, y, (to - from) * COLUMN - 2, 30, color, words)
  const lanes = [
    lane(46, 'pick, then bind', 'a gap'),
    bar(0, 1, 34, colors.gap, 'others may take it'),
    bar(1, 2, 34, colors.server, 'server'),
    call(column(0), 22, 'port4me()'),
    call(column(1), 22, 'server.listen()'),
    call(column(2), 22, 'server.close()'),
    lane(132, 'a lease', 'no gap'),
    bar(0, 1, 120, colors.lease, 'the lease holds it'),
    bar(1, 2, 120, colors.server, 'server'),
    call(column(0), 108, 'leasePort()'),
    call(column(1), 108, 'lease.listen(server)'),
    call(column(2), 108, 'server.close()'),
    text(column(1), 184, 'the server gets the socket itself', {
      fill: colors.faint,
      anchor: 'middle',
      size: 12,
    }),
  ]
  const heads = PHASES.map((phase, i) =>
    text(column(i) + COLUMN / 2, TABLE - 8, phase, { anchor: 'middle', kind: 'strong' }),
  )
  const rows = OBSERVERS.flatMap(([who, ...cells], i) => {
    const y = TABLE + i * ROW
    return [
      text(8, y + 21, who),
      ...cells.map(([kind, words], j) =>
        box(column(j) + 2, y + 3, COLUMN - 4, ROW - 6, colors[kind], words),
      ),
    ]
  })
  const y = TABLE + OBSERVERS.length * ROW + 24
  const notes = [
    'Green: the port is safe from it. Yellow: it gets past the lease.',
    '¹ On Linux, so that a child process can serve the port. exclusive: true keeps it out.',
    '² Not as long as connections are in TIME_WAIT, about a minute.',
  ].map((note, i) => text(8, y + 18 * i, note, { fill: colors.faint, size: 12 }))
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img">
<title>How a lease keeps a port, and what others see</title>
<style>
text { font-family: system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif }
.code { font-family: ui-monospace, SFMono-Regular, Menlo, "DejaVu Sans Mono", monospace }
.strong { font-weight: 600 }
</style>
<path d="M8 ${TABLE - 28}h${WIDTH - 16}" stroke="${colors.line}"/>
${[...lanes, ...heads, ...rows, ...notes].join('\n')}
</svg>
`
}

for (const [name, colors] of Object.entries(THEMES)) {
  const file = new URL(`../../docs/images/lease-timeline-${name}.svg`, import.meta.url)
  writeFileSync(file, picture(colors))
}
