// The command port4me map.

import { mkdtempSync, realpathSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import { mapPicture } from '../../lib/cli/map-picture.js'
import { mapSvg } from '../../lib/cli/map-svg.js'
import {
  countsOf,
  PORT_STATES,
  PORTS,
  type PortState,
  rangesOf,
  STATE_NUMBER,
  type StateRange,
} from '../../lib/cli/port-states.js'
import { widthOf } from '../../lib/cli/text-width.js'
import { freeRow, whileListening } from '../support/listeners.js'
import { port4me as api } from '../support/package.js'
import { PROGRAM, ROOT } from '../support/paths.js'
import { start } from '../support/processes.js'
import { OWN_NETWORK, program, run } from '../support/run.js'

const IS_LINUX = process.platform === 'linux'
const IS_ROOT = IS_LINUX && process.getuid?.() === 0
const AS_NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']

interface Map {
  readonly counts: Readonly<Record<PortState, number>>
  readonly ephemeral: { readonly first: number; readonly last: number }
  readonly ranges: readonly StateRange[]
}

function map(args: readonly string[] = [], variables?: Readonly<Record<string, string>>): Map {
  // TCP alone takes half the time.
  const all = ['map', '--json', '--protocol=tcp', ...args]
  const { status, stdout, stderr } = program(all, variables)
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return JSON.parse(stdout)
}

function stateIn({ ranges }: Map, port: number): PortState | undefined {
  return ranges.find(({ first, last }) => first <= port && port <= last)?.state
}

describe('port4me map --json', () => {
  test('gives each of the 65,536 ports one state', () => {
    const { counts, ranges } = map()
    expect(Object.keys(counts)).toEqual([...PORT_STATES])
    expect(Object.values(counts).reduce((sum, count) => sum + count)).toBe(PORTS)
    const sums = Object.fromEntries(PORT_STATES.map((state) => [state, 0]))
    let next = 0
    for (const { first, last, state } of ranges) {
      expect(first).toBe(next)
      sums[state] = (sums[state] as number) + last - first + 1
      next = last + 1
    }
    expect(next).toBe(PORTS)
    expect(sums).toEqual(counts)
    expect(stateIn({ ranges } as Map, 0)).toBe('denied')
  })

  test('tells ports that are in use in this project from other ports of this user', async () => {
    await whileListening({}, (port) => {
      expect(stateIn(map(), port)).toBe('project')
      const elsewhere = realpathSync(mkdtempSync(join(tmpdir(), 'port4me-map-')))
      try {
        const script = `cd "$1" && exec "$2" "$3" map --json --protocol=tcp`
        const { stdout } = run('sh', ['-c', script, 'sh', elsewhere, process.execPath, PROGRAM])
        expect(stateIn(JSON.parse(stdout), port)).toBe('mine')
      } finally {
        rmdirSync(elsewhere)
      }
    })
  })

  test.runIf(IS_ROOT)('tells the ports of other users', async () => {
    const listen =
      'require("net").createServer().listen(0, function () { console.log(this.address().port) })'
    const [file = '', ...args] = [...AS_NOBODY, process.execPath, '-e', listen]
    const other = start(file, args)
    try {
      expect(stateIn(map(), Number(await other.line()))).toBe('in-use')
    } finally {
      await other.kill('SIGKILL')
    }
  })

  test.runIf(IS_LINUX)('tells a leased port until a server listens on it', async () => {
    using lease = api.leasePort()
    expect(stateIn(map(), lease.port)).toBe('leased')
    await whileListening({ port: lease.port }, () => {
      expect(stateIn(map(), lease.port)).toBe('project')
    })
  })

  test('tells free ports that the settings exclude or do not include', async () => {
    const [first = 0, second = 0, third = 0] = await freeRow(3)
    const states = (...args: Parameters<typeof map>) => {
      const found = map(...args)
      return [first, second, third].map((port) => stateIn(found, port))
    }
    await whileListening({ port: first }, () => {
      expect(states([`--exclude=${first}-${second}`])).toEqual(['project', 'excluded', 'free'])
    })
    expect(states([`--include=${second}`])).toEqual(['excluded', 'free', 'excluded'])
    expect(states([], { PORT4ME_EXCLUDE: `${first}-${second}` })).toEqual([
      ...['excluded', 'excluded', 'free'],
    ])
  })

  test.runIf(IS_LINUX)('tells the ports that the system gives out', () => {
    const inOwnNetwork = (range: string) => {
      const script = `echo ${range} > /proc/sys/net/ipv4/ip_local_port_range && exec "$@"`
      const [file = '', ...words] = [...OWN_NETWORK, 'sh', '-c', script, 'sh']
      const { stdout } = run(file, [...words, process.execPath, PROGRAM, 'map', '--json'])
      return JSON.parse(stdout) as Map
    }
    const found = inOwnNetwork('"40000 40999"')
    expect(found.ephemeral).toEqual({ first: 40000, last: 40999 })
    expect(found.counts.ephemeral).toBe(1000)
    expect(stateIn(found, 39999)).toBe('free')
    expect(stateIn(found, 40000)).toBe('ephemeral')
    expect(found.counts).toMatchObject({ 'in-use': 0, leased: 0, mine: 0, project: 0 })
  })

  test('--protocol and --family narrow the question', async () => {
    await whileListening({ host: '127.0.0.1' }, (port) => {
      const state = (flag: string) => stateIn(map([flag]), port)
      expect(state('--protocol=tcp')).toBe('project')
      expect(['free', 'ephemeral']).toContain(state('--protocol=udp'))
      expect(['free', 'ephemeral']).toContain(state('--family=ipv6'))
    })
  })
})

describe('port4me map', () => {
  test('prints a character for each cell if stdout is no terminal', async () => {
    await whileListening({}, (port) => {
      const { status, stdout, stderr } = program(['map'])
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
      const lines = stdout.trimEnd().split('\n')
      expect(lines).toHaveLength(21)
      expect(lines.slice(0, 16).map((line) => Number(line.slice(0, 6)))).toEqual(
        Array.from({ length: 16 }, (_, i) => i * 4096),
      )
      for (const line of lines.slice(0, 16)) expect(line).toMatch(/^ *\d+ [.:\-x#LMP]{64}$/)
      expect(lines[Math.floor(port / 4096)]?.[6 + Math.floor((port % 4096) / 64)]).toBe('P')
      expect(lines[16]).toBe('A cell is 64 ports. A line begins at its number.')
      expect(countsIn(lines.slice(17))).toBe(PORTS)
    })
  })

  test('--svg prints a picture that an XML parser reads', () => {
    const { status, stdout } = program(['map', '--svg'])
    expect(status).toBe(0)
    const read = `import sys, xml.etree.ElementTree as tree
print(tree.fromstring(sys.argv[1]).tag)`
    expect(run('python3', ['-c', read, stdout]).stdout).toBe('{http://www.w3.org/2000/svg}svg\n')
    expect(countsIn([stdout])).toBe(PORTS)
  })

  test.each([
    ['3000'],
    ['--protocol=sctp'],
    ['--exclude=foo'],
    ['--include=70000'],
    ['--svg', '--json'],
    ['--json=1'],
    ['--user=alice'],
  ])('%s is wrong usage', (...args) => {
    const { status, stdout, stderr } = program(['map', ...args])
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toMatch(/^port4me: error: .*\n$/)
  })
})

/** The sum of the numbers of ports in a legend. */
function countsIn(lines: readonly string[]): number {
  const names = PORT_STATES.join('|')
  const counts = lines.join('\n').matchAll(new RegExp(`\\b(?:${names}) +([\\d,]+)`, 'g'))
  return [...counts].reduce((sum, [, count = '']) => sum + Number(count.replaceAll(',', '')), 0)
}

/** Runs the command in a terminal. Returns the lines that it shows. */
function shown(columns: number, variables: Readonly<Record<string, string>> = {}): string[] {
  const terminal = join(ROOT, 'test/support/terminal.py')
  const { stdout } = run('env', [
    ...['CI', 'NO_COLOR', 'FORCE_COLOR', 'NODE_DISABLE_COLORS', 'COLORTERM'].flatMap((name) => [
      ...['-u', name],
    ]),
    ...Object.entries({ TERM: 'xterm-256color', ...variables }).map((all) => all.join('=')),
    ...['python3', terminal, String(columns), process.execPath, PROGRAM, 'map', '--protocol=tcp'],
  ])
  return stdout.split('\r\n').slice(0, -1)
}

const withoutColors = stripVTControlCharacters

describe.skipIf(process.platform === 'win32')('port4me map in a terminal', () => {
  test('shows colored half blocks, in 21 lines of 80 columns', async () => {
    await whileListening({}, (port) => {
      const lines = shown(80)
      expect(lines).toHaveLength(21)
      for (const line of lines.slice(0, 16)) expect(withoutColors(line)).toMatch(/^ *\d+ ▀{64}$/)
      expect(cellsOf(lines)[Math.floor(port / 32)]).toBe('5;34')
      expect(lines[16]).toBe('A cell is 32 ports. A line begins at its number.')
      expect(countsIn(lines.slice(17).map(withoutColors))).toBe(PORTS)
    })
  })

  test.each([{ NO_COLOR: '1' }, { TERM: 'dumb' }])(
    '%j makes a character of each cell',
    (variables) => {
      const lines = shown(80, variables)
      expect(lines.join('')).not.toContain('\x1b')
      expect(lines[0]).toMatch(/^ {4}0 [.:\-x#LMP]{64}$/)
    },
  )

  test('uses 16 colors if the terminal has no more', () => {
    const codes = shown(80, { TERM: 'xterm' })
      .slice(0, 16)
      .flatMap((line) => line.split('\x1b[').slice(1))
    for (const code of codes) expect(code).toMatch(/^(0m|(3|9)\d;(4|10)\dm▀+)$/)
  })
})

/** The colors of all cells of a picture of half blocks, in the order of their ports. */
function cellsOf(lines: readonly string[]): string[] {
  return lines.slice(0, 16).flatMap((line) => {
    const upper: string[] = []
    const lower: string[] = []
    for (const [, above = '', below = '', blocks = ''] of line.matchAll(
      /\[38;(5;\d+);48;(5;\d+)m(▀+)/g,
    )) {
      upper.push(...Array(blocks.length).fill(above))
      lower.push(...Array(blocks.length).fill(below))
    }
    return [...upper, ...lower]
  })
}

describe('the picture', () => {
  const states = new Uint8Array(PORTS)
  states[0] = STATE_NUMBER.denied
  states.fill(STATE_NUMBER.ephemeral, 32768, 61000)
  states.fill(STATE_NUMBER.excluded, 1, 1024)
  states.fill(STATE_NUMBER.excluded, 8192, 8192 + 40)
  states[3000] = STATE_NUMBER.mine
  states[3001] = STATE_NUMBER['in-use']
  states[65535] = STATE_NUMBER.leased
  const picture = { states, ephemeral: { first: 32768, last: 60999 } }
  const draw = (width: number, colors: 0 | 16 | 256 = 0) =>
    mapPicture(picture, { width, colors }).trimEnd().split('\n')

  test('shows a port in use if a cell has one, else what most ports of the cell are', () => {
    const lines = draw(80)
    expect(lines.slice(0, 3)).toEqual([
      `    0 ${'-'.repeat(16)}${'.'.repeat(30)}M${'.'.repeat(17)}`,
      ` 4096 ${'.'.repeat(64)}`,
      ` 8192 -${'.'.repeat(63)}`,
    ])
    expect(lines[8]).toBe(`32768 ${':'.repeat(64)}`)
    expect(lines[15]).toBe(`61440 ${'.'.repeat(63)}L`)
    expect(lines.slice(16)).toEqual([
      'A cell is 64 ports. A line begins at its number.',
      '. free      36,237  to choose from      # in-use         1  by others',
      ': ephemeral 28,232  free: 32768-60999   L leased         1  kept by a lease',
      '- excluded   1,063  free, never chosen  M mine           1  by your processes',
      'x denied         1  by the system       P project        0  by this project',
    ])
  })

  test.each([
    [262, 4096],
    [80, 1024],
    [30, 256],
  ])('of %i columns has %i cells without colors, and twice as many with', (width, cells) => {
    const drawn = draw(width)
      .slice(0, 16)
      .map((line) => line.slice(6))
      .join('')
    expect(drawn).toHaveLength(cells)
    expect(drawn[Math.floor(3000 / (PORTS / drawn.length))]).toBe('M')
    const colored = cellsOf(draw(width, 256))
    expect(colored).toHaveLength(drawn.length * 2)
    expect(colored[Math.floor(3000 / (PORTS / colored.length))]).toBe('5;27')
  })

  test.each([1, 2, 5, 13, 14, 21, 22, 30, 40, 69, 79, 80, 100, 134, 262, 500])(
    'has no line wider than %i columns',
    (width) => {
      for (const colors of [0, 16, 256] as const) {
        const widths = draw(width, colors).map((line) => widthOf(withoutColors(line)))
        expect(Math.max(...widths)).toBeLessThanOrEqual(Math.max(width, 3)) // a mark, a space, an ellipsis
      }
    },
  )

  test('as SVG has a square for each port', () => {
    const svg = mapSvg(picture)
    const counts = countsOf(states)
    for (const state of PORT_STATES) {
      const [, path = ''] = new RegExp(`<path class="${state}" d="([^"]*)"`).exec(svg) ?? []
      const runs = [...path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g)].map((run) => run.map(Number))
      expect(runs.reduce((sum, [, , , length = 0]) => sum + length, 0)).toBe(counts[state])
      const ranges = rangesOf(states).filter((range) => range.state === state)
      for (const { first } of ranges) {
        expect(runs.map(([, x = 0, y = 0]) => y * 256 + x)).toContain(first)
      }
    }
  })
})
