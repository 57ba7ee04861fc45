// Tests the names in README.md and docs/ against the code: options, flags, variables, commands, error codes, reasons and
// functions. And tests that their links lead somewhere.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { flagsOf } from '../../lib/cli/command-flags.js'
import {
  COMMANDS,
  type Command,
  FLAG_HELP,
  OPTIONS,
  OTHER_VARIABLES,
  SETTINGS,
  type Setting,
  VARIABLE_HELP,
} from '../../lib/settings/table.js'
import { port4me as api } from '../support/package.js'
import { ROOT } from '../support/paths.js'
import { PAGES, type Page, readPage } from './markdown.js'

const pages = PAGES.map(readPage)
const [README, ...guide] = pages as [Page, ...Page[]]

/** The text of a file; empty if there is none. */
function textOf(file: string): string {
  return existsSync(join(ROOT, file)) ? readFileSync(join(ROOT, file), 'utf8') : ''
}

/** Some places of all pages, each as `FILE: text`, except those that are allowed. */
function others(expression: RegExp, isAllowed: (found: RegExpMatchArray) => boolean): string[] {
  return pages.flatMap(({ name }) =>
    [...textOf(name).matchAll(expression)]
      .filter((found) => !isAllowed(found))
      .map(([text]) => `${name}: ${text}`),
  )
}

test.each(['errors', 'settings', 'shell'])('docs/%s.md exists', (name) => {
  expect(PAGES).toContain(`docs/${name}.md`)
})

test('README.md has at most 120 lines', () => {
  expect(textOf('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(120)
})

describe('settings', () => {
  const shown = [textOf('docs/settings.md'), textOf('docs/shell.md')].join('\n').trim()
  /** The pages that name all flags and variables. README was the only one. */
  const text = shown === '' ? textOf('README.md') : shown
  const rows = ['docs/settings.md', 'README.md'].flatMap((file) => optionRows(textOf(file)))

  test.each(OPTIONS)(
    'the option %s is in the table, with its flag, its variables and its default',
    (option) => {
      const { flag, variable, site, default: byDefault }: Setting = SETTINGS[option]
      const ofOption = rows.filter(([names = '']) => names.startsWith(`\`${option}\``))
      expect(ofOption).not.toEqual([])
      for (const [names = '', variables = '', meaning = ''] of ofOption) {
        expect(wordsOf(names, /--[\w-]+/g)).toEqual(flag === undefined ? [] : [`--${flag}`])
        expect(wordsOf(variables, /\w*PORT4ME_\w+/g)).toEqual([variable, site].filter(Boolean))
        if (byDefault !== undefined && byDefault !== '' && byDefault !== false) {
          expect(meaning).toMatch(new RegExp(`default: \`?'?${byDefault}\\b`))
        }
      }
    },
  )

  test('the table has no other option and no other flag', () => {
    const names = rows.map(([cell = '']) => cell)
    expect(
      names
        .flatMap((cell) => wordsOf(cell, /(?<=^`)\w+(?=`)/g))
        .filter((name) => !Object.hasOwn(SETTINGS, name)),
    ).toEqual([])
    expect(
      names
        .flatMap((cell) => wordsOf(cell, /(?<=--)[\w-]+/g))
        .filter((name) => !Object.hasOwn(FLAG_HELP, name)),
    ).toEqual([])
  })

  test.each(Object.keys(FLAG_HELP))('the flag --%s is named', (flag) => {
    expect(text).toMatch(new RegExp(`--${flag}\\b`))
  })

  test.each(Object.keys(VARIABLE_HELP))('the variable %s is named', (variable) => {
    const short = variable.replace(/^PORT4ME_EXCLUDE_UNSAFE(?=_)/, '')
    expect(text.includes(`\`${variable}`) || text.includes(`\`${short}\``)).toBe(true)
  })

  test('every variable that a page names exists', () => {
    const known = new Set<string>([...variablesOfTable(), ...variablesOfCode()])
    expect(
      others(/\b_?PORT4ME_\w*\*?/g, ([name]) => name.endsWith('_*') || known.has(name)),
    ).toEqual([])
  })
})

/** The cells of the rows of tables whose first column has options. */
function optionRows(text: string): string[][] {
  const tables = text.match(/(?:^\|.*\n)+/gm) ?? []
  return tables
    .filter((table) => /^\| *option\b/.test(table))
    .flatMap((table) => table.trim().split('\n').slice(2))
    .map((row) =>
      row
        .split('|')
        .slice(1)
        .map((cell) => cell.trim()),
    )
}

function wordsOf(text: string, expression: RegExp): string[] {
  return text.match(expression) ?? []
}

function variablesOfTable(): string[] {
  const rows = OPTIONS.map((option): Setting => SETTINGS[option])
  return [
    ...rows.flatMap(({ variable, site }) => [variable ?? [], site ?? []].flat()),
    ...OTHER_VARIABLES,
    ...Object.keys(VARIABLE_HELP),
  ]
}

/** The names in strings of the code. Some variables end with a hash. */
function variablesOfCode(): string[] {
  const files = readdirSync(join(ROOT, 'lib'), { recursive: true, encoding: 'utf8' })
  return files
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => textOf(`lib/${file}`).match(/(?<=['"`])_?PORT4ME_\w+/g) ?? [])
}

describe('commands', () => {
  test.each(COMMANDS)('port4me %s is on docs/shell.md', (command) => {
    expect(textOf('docs/shell.md')).toMatch(new RegExp(`\\bport4me ${command}\\b`))
  })

  test('every flag that a page shows after port4me or openport is one of this command', () => {
    const wrong = pages.flatMap(({ name, blocks, prose }) =>
      [...blocks.map(({ code }) => code), ...codeSpans(prose)]
        .flatMap(commandLines)
        .flatMap(({ command, flags }) =>
          flags
            .filter((flag) => !hasFlag(command, flag))
            .map((flag) => `${name}: ${command} ${flag}`),
        ),
    )
    expect(wrong).toEqual([])
  })

  test('this test sees the flags', () => {
    const lines = [
      'x=$(port4me --nonsense=1 web) --other',
      `npx port4me run web --wait='x -- --a' -x -- vite --port {port}`,
      'openport 1 2 --inclusive # --no',
      'npm install --save-dev port4me --other && port4me-x --no',
      'esbuild --external:port4me --no',
      '"dev": "port4me who -y"',
    ]
    expect(lines.flatMap(commandLines)).toEqual([
      { command: 'port4me', flags: ['--nonsense'] },
      { command: 'run', flags: ['--wait', '-x'] },
      { command: 'openport', flags: ['--inclusive'] },
      { command: 'who', flags: ['-y'] },
    ])
    expect(hasFlag('who', '-y')).toBe(false)
    expect(hasFlag('stop', '-y')).toBe(true)
    expect(hasFlag('port4me', '--all')).toBe(false)
  })
})

interface CommandLine {
  readonly command: Command | 'help'
  readonly flags: readonly string[]
}

/** The commands of port4me and openport in a text, with the flags of each. */
function commandLines(text: string): CommandLine[] {
  const commands = /(?<!\b(?:install|add|i)\b.*)(?<![\w./@:=-])(port4me|openport) (.*)/g
  return text.split('\n').flatMap((line) =>
    [...line.replaceAll(/=?'[^']*'|="[^"]*"/g, '').matchAll(commands)].map(
      ([, program, rest = '']) => {
        const args = rest.split(/ -- | --$|[|;&)#"`]/)[0] ?? ''
        const isCommand = (word: string): word is (typeof COMMANDS)[number] =>
          (COMMANDS as readonly string[]).includes(word)
        const first = args.trim().split(/\s+/)[0] ?? ''
        const command =
          program === 'openport' ? 'openport' : isCommand(first) ? first : ('port4me' as const)
        return { command, flags: args.match(/(?<![\w-])(?:--[a-z][\w-]*|-[a-zA-Z]\b)/g) ?? [] }
      },
    ),
  )
}

function hasFlag(command: CommandLine['command'], flag: string): boolean {
  if (command === 'help') return false
  const rows = flagsOf(command)
  return flag.startsWith('--')
    ? Object.hasOwn(rows, flag.slice(2))
    : Object.values(rows).some(({ short }) => short.includes(flag))
}

function codeSpans(prose: string): string[] {
  return [...prose.matchAll(/(`+)(.+?)\1/gs)].map(([, , code = '']) => code.replaceAll('\n', ' '))
}

describe('errors', () => {
  const codes = wordsOf(textOf('lib/errors.ts'), /(?<=^ {2}\| ')ERR_\w+(?=')/gm)
  const reasons = /\breason\?: (.+)/.exec(textOf('lib/types.ts'))?.[1]?.match(/[\w-]+/g) ?? []

  test('docs/errors.md has a heading or a row for each code of lib/errors.ts, and no other', () => {
    expect(codes.length).toBeGreaterThan(10)
    const listed = wordsOf(textOf('docs/errors.md'), /(?<=^(?:#+|\|) *\[?`?)ERR_\w+/gm)
    expect([...new Set(listed)].sort()).toEqual([...codes].sort())
  })

  test('docs/errors.md has each reason of PortStatus in the table under its heading about reasons, and no other', () => {
    expect(reasons.length).toBeGreaterThan(3)
    const [, section = ''] = textOf('docs/errors.md').split(/^##? .*\breasons?\b.*$/im)
    const listed = wordsOf(section.split(/^##? /m)[0] ?? '', /(?<=^\| *`')[\w-]+(?='`)/gm)
    expect(listed.sort()).toEqual([...reasons].sort())
  })

  test('every error code that a page names exists', () => {
    expect(others(/\bERR_\w+/g, ([name]) => codes.includes(name))).toEqual([])
  })
})

describe('functions', () => {
  const functions = Object.keys(api)
  const types = textOf('lib/index.ts').match(/\b[A-Z]\w+/g) ?? []
  const ofGetPort = ['default', 'getPort', 'portNumbers', 'clearLockedPorts']

  test('every name that a block takes from the package is public', () => {
    const wrong = pages.flatMap(({ blocks }) =>
      blocks.flatMap(({ page, line, code }) =>
        [
          ...takenFrom(code, 'port4me'),
          ...takenFrom(code, 'port4me/get-port').map((name) => `get-port ${name}`),
        ]
          .filter(
            (name) =>
              ![...functions, ...types, ...ofGetPort.map((one) => `get-port ${one}`)].includes(
                name,
              ),
          )
          .map((name) => `${page}:${line}: ${name}`),
      ),
    )
    expect(wrong).toEqual([])
    expect(
      takenFrom(
        "import type { A, type B, c as d } from 'port4me'\nimport { e } from 'x'",
        'port4me',
      ),
    ).toEqual(['A', 'B', 'c'])
    expect(takenFrom("const { a: b,\n c } = require('port4me')", 'port4me')).toEqual(['a', 'c'])
  })

  test.each(functions)('%s is on a page of docs/', (name) => {
    const found = guide.filter((page) => new RegExp(`\\b${name}\\b`).test(textOf(page.name)))
    expect(found).not.toEqual([])
  })
})

/** The names that a block imports or requires from a package. */
function takenFrom(code: string, from: string): string[] {
  const lists = [
    ...code.matchAll(/\bimport\s+(?:type\s+)?\{([^}]*)\}\s*from\s*['"]([^'"]+)['"]/g),
    ...code.matchAll(/\{([^}]*)\}\s*=\s*(?:require|await import)\(['"]([^'"]+)['"]\)/g),
  ]
  return lists
    .filter(([, , source]) => source === from)
    .flatMap(([, names = '']) => names.split(','))
    .map((name) =>
      name
        .trim()
        .replace(/^type /, '')
        .replace(/(?: as |:| =).*/s, ''),
    )
    .filter((name) => name !== '' && name !== '...')
}

describe('links', () => {
  test.each(pages.map((page) => [page.name, page] as const))(
    'of %s lead to files and headings that exist',
    (_, page) => {
      expect(linksIn(page.prose).filter((link) => !leadsSomewhere(page, link))).toEqual([])
    },
  )

  test('this test finds them, and the anchors of headings', () => {
    const text =
      '[a](b.md "c") ![d](<e f.svg>) `[no](no)` [`g`][h]\n\n[h]: i#j\n<img alt="" src="k.svg"> <a href=\'l\'>'
    expect(linksIn(text)).toEqual(['b.md', 'e f.svg', 'i#j', 'k.svg', 'l'])
    const headings =
      '# What \'free\' means\n## `port4me` — *a* [link](x): ok? snake_case\n# Twice\n# Twice\n<a id="own">'
    expect([...anchorsIn(headings)]).toEqual([
      'what-free-means',
      'port4me--a-link-ok-snake_case',
      'twice',
      'twice-1',
      'own',
    ])
    for (const link of ['nowhere.md', '#nowhere', 'docs/formats.md#nowhere', 'docs/nowhere/']) {
      expect(leadsSomewhere(README, link)).toBe(false)
    }
    for (const link of [
      'docs/formats.md#the-variable-of-a-shared-port',
      'examples/',
      'https://example.com',
    ]) {
      expect(leadsSomewhere(README, link)).toBe(true)
    }
  })
})

/** The targets of the links and pictures. */
function linksIn(prose: string): string[] {
  const text = prose.replaceAll(/(`+).+?\1/gs, 'code')
  const links =
    /\]\(\s*(?:<([^>]*)>|([^\s)]+))|^ *\[[^\]]+\]: *(\S+)|\b(?:src|href|srcset)=["']([^"']*)["']/gm
  return [...text.matchAll(links)].map((found) => found.slice(1).find((target) => target) ?? '')
}

function leadsSomewhere({ name }: Page, link: string): boolean {
  if (/^[a-z]+:/.test(link)) return true
  const [path = '', anchor = ''] = link.split('#')
  const file = path === '' ? name : relative(ROOT, join(ROOT, dirname(name), decodeURI(path)))
  if (file.startsWith('docs/reference')) return true // made by TypeDoc; the build of the site checks it
  if (!existsSync(join(ROOT, file))) return false
  return anchor === '' || !file.endsWith('.md') || anchorsIn(readPage(file).prose).has(anchor)
}

/** The anchors of a page, as GitHub makes them. */
function anchorsIn(prose: string): Set<string> {
  const anchors = new Set<string>()
  for (const [, heading, own] of prose.matchAll(/^#{1,6} +(.+?) *#*$|<a (?:id|name)="([^"]+)"/gm)) {
    const slug = own ?? slugOf(heading ?? '')
    let unique = slug
    for (let n = 1; anchors.has(unique); n++) unique = `${slug}-${n}`
    anchors.add(unique)
  }
  return anchors
}

function slugOf(heading: string): string {
  return heading
    .replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-')
}
