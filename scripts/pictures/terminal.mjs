// Draws a terminal: docs/images/terminal-light.svg and -dark.svg. Its lines are what a shell shows while the commands
// below run in projects of a user alice, in a network and a home folder of their own. Linux only.
//
//   node scripts/pictures/terminal.mjs [FOLDER]

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { escaped, THEMES, writePictures } from './svg.mjs'

/** What is typed. `until` is a port on which something listens before the next command is typed. */
const COMMANDS = [
  { typed: 'port4me' },
  { typed: 'port4me run web -- node server.js &', until: 3000 },
  { typed: 'port4me services' },
  { typed: 'port4me who 3000' },
  { typed: 'cd ../blog && port4me services' },
]
/** The services that alice's projects declare. */
const PROJECTS = { shop: { web: 3000, api: 4000 }, blog: { web: 3000 } }
const SERVER = `require('node:http')
  .createServer((_request, response) => response.end('hello'))
  .listen(process.env.PORT)\n`
const COLUMNS = 78
const PROMPT = '$ '
/** How old the server is when it is looked at. */
const AGE_MS = 3000

const { waitForPort } = createRequire(import.meta.url)('../..')
const root = fileURLToPath(new URL('../..', import.meta.url))
const [first, python] = process.argv.slice(2)

async function main(images = join(root, 'docs/images')) {
  const lines = await transcript()
  process.stdout.write(`${lines.map(({ text }) => text).join('\n')}\n`)
  for (const word of ['root', root.replace(/\/$/, ''), realpathSync(tmpdir())]) {
    const found = lines.find(({ text }) => text.includes(word))
    if (found) throw new Error(`a line has ${JSON.stringify(word)}: ${found.text}`)
  }
  writePictures(images, 'terminal', (theme) => picture(lines, theme))
}

/** The lines that the shell shows. */
async function transcript() {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'port4me-picture-')))
  const alice = join(home, 'alice')
  try {
    mkdirSync(join(alice, 'bin'), { recursive: true })
    symlinkSync(join(root, 'dist/port4me-cli.js'), join(alice, 'bin/port4me'))
    writeFileSync(join(home, 'passwd'), `alice:x:1000:1000::${alice}:/bin/bash\n`)
    for (const [name, services] of Object.entries(PROJECTS)) {
      const project = join(alice, 'src', name)
      mkdirSync(join(project, '.git'), { recursive: true })
      writeFileSync(join(project, 'package.json'), JSON.stringify({ name, port4me: { services } }))
      writeFileSync(join(project, 'server.js'), SERVER)
    }
    const program = execFileSync('python3', ['-c', 'import sys; print(sys.executable)'])
    // unshare(1): alice is another name for the user who runs this. The process ids begin where those of a machine
    // that has run for an hour could be.
    const script = `mount --bind "$1/passwd" /etc/passwd && mount -t proc proc /proc &&
      echo 4700 > /proc/sys/kernel/ns_last_pid && ip link set lo up && cd "$HOME/src/shop" && shift &&
      exec setpriv --inh-caps=-all --ambient-caps=-all "$@"`
    const namespaces = ['--user', '--map-user=1000', '--map-group=1000', '--keep-caps']
    const shown = execFileSync(
      'unshare',
      [
        ...[...namespaces, '--mount', '--net', '--pid', '--fork', '--kill-child'],
        ...['sh', '-c', script, 'sh', home],
        ...[process.execPath, fileURLToPath(import.meta.url), '--inside', String(program).trim()],
      ],
      {
        env: {
          ...{ HOME: alice, USER: 'alice', LOGNAME: 'alice', TERM: 'xterm-256color' },
          ...{ PATH: `${alice}/bin:${process.env.PATH}`, LANG: 'C.UTF-8', PS1: PROMPT },
        },
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    )
    return linesOf(shown)
  } finally {
    rmSync(home, { recursive: true })
  }
}

/** Types the commands in a shell in a terminal. Prints what it shows. */
async function inside() {
  const terminal = join(root, 'test/support/terminal.py')
  const shell = ['bash', '--norc', '--noprofile', '--noediting', '-i']
  const child = spawn(python, [terminal, String(COLUMNS), ...shell], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let shown = ''
  child.stdout.setEncoding('utf8').on('data', (data) => {
    shown += data
  })
  const prompts = async (count) => {
    while (shown.split(/^\$ /m).length - 1 < count) await once(child.stdout, 'data')
  }
  for (const [i, { typed, until }] of COMMANDS.entries()) {
    await prompts(i + 1)
    child.stdin.write(`${typed}\n`)
    if (until === undefined) continue
    await waitForPort(until)
    await new Promise((resolve) => setTimeout(resolve, AGE_MS))
  }
  await prompts(COMMANDS.length + 1)
  child.kill('SIGKILL')
  process.stdout.write(shown)
  process.exit() // and with it all processes of the namespace: pid_namespaces(7)
}

/** The lines between the first and the last prompt. Bold words are kept. */
function linesOf(shown) {
  const lines = shown.slice(shown.indexOf(PROMPT)).replace(/\r/g, '').split('\n')
  const complete = lines.filter((line, i) => !(i === lines.length - 1 && line === PROMPT))
  return complete.map((line) => {
    const parts = line.split('\x1b[')
    const spans = [{ text: parts[0], bold: false }]
    for (const part of parts.slice(1)) {
      const [, code, text] = /^([\d;]*)m(.*)$/.exec(part) ?? []
      if (code !== '1' && code !== '22' && code !== '0') throw new Error(`unknown code: ${part}`)
      spans.push({ text, bold: code === '1' })
    }
    return { text: spans.map(({ text }) => text).join(''), spans }
  })
}

const [CHARACTER, LINE, MARGIN, BAR] = [8.43, 20, 18, 34]

function picture(lines, theme) {
  const { ground, text, dim, border, bar, accent } = THEMES[theme]
  const width = Math.ceil(COLUMNS * CHARACTER) + 2 * MARGIN
  const height = BAR + lines.length * LINE + 2 * MARGIN - 6
  const dots = ['#ff5f57', '#febc2e', '#28c840'].map(
    (color, i) => `<circle cx="${20 + i * 20}" cy="${BAR / 2}" r="6" fill="${color}"/>`,
  )
  const rows = lines.map(({ text: whole, spans }, i) => {
    const y = BAR + MARGIN + 8 + i * LINE
    const content = whole.startsWith(PROMPT)
      ? `<tspan fill="${accent}">$</tspan><tspan font-weight="600">${escaped(whole.slice(1))}</tspan>`
      : spans
          .filter((span) => span.text !== '')
          .map((span) =>
            span.bold
              ? `<tspan font-weight="600">${escaped(span.text)}</tspan>`
              : escaped(span.text),
          )
          .join('')
    return `<text x="${MARGIN}" y="${y}">${content}</text>`
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="A terminal">`,
    `<style>text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace; white-space: pre; fill: ${text} }</style>`,
    `<rect x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="10" fill="${ground}" stroke="${border}"/>`,
    `<path d="M.5 ${BAR}v-${BAR - 10.5}a10 10 0 0 1 10 -10h${width - 21}a10 10 0 0 1 10 10v${BAR - 10.5}z" fill="${bar}" stroke="${border}"/>`,
    ...dots,
    `<text x="${width / 2}" y="${BAR / 2 + 5}" text-anchor="middle" style="font-size:13px;fill:${dim}">alice</text>`,
    `<g xml:space="preserve">`,
    ...rows,
    '</g>',
    '</svg>',
    '',
  ].join('\n')
}

if (first === '--inside') await inside()
else await main(first)
