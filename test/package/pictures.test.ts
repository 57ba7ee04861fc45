// The scripts that draw the pictures of the documentation.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ROOT } from '../support/paths.js'
import { run } from '../support/run.js'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'port4me-pictures-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Runs a script that draws into the folder. */
function draw(script: string, ...args: string[]): string {
  const { status, stdout, stderr } = run(process.execPath, [join(ROOT, script), ...args])
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return stdout
}

/** The picture for light pages. That for dark pages must differ from it only by its colors. */
function picture(name: string): string {
  const [light = '', dark = ''] = ['light', 'dark'].map((theme) =>
    readFileSync(join(folder, `${name}-${theme}.svg`), 'utf8'),
  )
  const withoutColors = (svg: string): string => svg.replace(/#[0-9a-f]{6}/g, '#')
  expect(dark).not.toBe(light)
  expect(withoutColors(dark)).toBe(withoutColors(light))
  const read = 'import sys, xml.dom.minidom; xml.dom.minidom.parseString(sys.argv[1])'
  expect(run('python3', ['-c', read, light])).toMatchObject({ status: 0, stderr: '' })
  return light
}

describe.runIf(process.platform === 'linux')('the pictures', () => {
  test('the terminal shows what the commands print, of a user alice', () => {
    const stdout = draw('scripts/pictures/terminal.mjs', folder)
    const lines = stdout.trimEnd().split('\n')
    expect(lines.slice(0, 3)).toEqual([
      '$ port4me',
      '30845',
      '$ port4me run web -- node server.js &',
    ])
    expect(lines.at(-1)).toMatch(
      /^web prefers port 3000, but node \(process \d+, ~\/src\/shop\) has it$/,
    )
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(78)
    const svg = picture('terminal')
    expect(svg).toContain('running  http://localhost:3000')
    expect(svg.match(/<text /g)).toHaveLength(lines.length + 1) // and the title
    expect(svg).not.toMatch(/root|\/work|\/tmp/)
  })

  test('the odds are computed and simulated, and agree', () => {
    const stdout = draw('scripts/pictures/odds.mjs', folder)
    expect(stdout).toMatch(/^64495 ports; /)
    expect(stdout).toMatch(/^ {2}300 +50\.7% +\d+\.\d% +0\.236% +0\.\d{3}%$/m)
    expect(picture('odds').match(/<circle /g)).toHaveLength(2 * 11)
  })

  test('the charts of speed have a bar for each result, and no panel without results', () => {
    const results = join(folder, 'results.json')
    const free = { floor: 8000, 'port4me (native)': 9000, 'get-port': 180_000 }
    const who = { floor: 15e6, "a stranger's port": 18e6 }
    writeFileSync(results, JSON.stringify({ node: 'v20.0.0', results: { free, who } }))
    draw('bench/charts.mjs', results, folder)
    const textsOf = (svg: string) =>
      [...svg.matchAll(/<text[^>]*>([^<]*)</g)].map(([, text]) => text)
    const end = 'Medians of one run of npm run bench. Shorter is faster.'
    expect(textsOf(picture('bench'))).toEqual([
      'A call, first candidate free',
      ...['C++ floor', '8.0 µs', 'port4me', '9.0 µs', 'get-port', '180 µs'],
      end,
    ])
    expect(textsOf(picture('bench-who'))).toEqual([
      'whoHas() for a port',
      ...['of a stranger, C++ floor', '15 ms', 'of a stranger', '18 ms'],
      end,
    ])
    expect(readdirSync(folder).filter((name) => name.startsWith('bench'))).toHaveLength(4)
  })
})
