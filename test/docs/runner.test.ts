// Tests that the runner of code blocks fails where it should. A runner that accepts everything would find nothing.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isPrinted } from './console.js'
import { parsePage } from './markdown.js'
import { Place } from './place.js'

/** A page with one block. */
function block(language: string, code: string, comment?: string): string {
  const before = comment === undefined ? '' : `<!-- ${comment} -->\n`
  return `# Page\n\n${before}\`\`\`${language}\n${code}\n\`\`\`\n`
}

describe('the comments of a page', () => {
  test.each([
    ['a block without a language', block('', 'x'), 'the block has no language'],
    ['a language of which nothing is known', block('ruby', 'x'), 'nothing is known'],
    ['an unknown comment', block('sh', 'true', 'maybe'), 'unknown comment'],
    ['"not run" without a reason', block('sh', 'true', 'not run'), 'has no reason'],
    ['"not run:" without a reason', block('sh', 'true', 'not run: '), 'has no reason'],
    ['"exit" without a number', block('sh', 'true', 'exit'), 'needs a number'],
    ['"file" without a name', block('js', '1', 'file'), 'needs the name'],
    ['"file" outside of the folder', block('js', '1', 'file: ../x.js'), 'needs the name'],
    ['"background" for what is not run', block('text', 'x', 'background'), 'cannot be started'],
    ['a comment with an empty line below', '<!-- exit: 1 -->\n\n```sh\nfalse\n```\n', 'no block'],
    ['a block without an end', '```sh\ntrue\n', 'no end'],
  ])('%s is a problem', (_, text, problem) => {
    const { problems, blocks } = parsePage('page.md', text)
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(/^page\.md:\d+: /)
    expect(problems[0]).toContain(problem)
    expect(text.includes('\n\n```sh') ? [] : blocks).toEqual([])
  })

  test('each kind of them is read', () => {
    const text = [
      block('ruby', 'x', 'not run: needs Ruby'),
      block('sh', 'x', 'exit: 3'),
      block('html', 'x', 'file: web/index.html'),
      block('js {1,2} [server.js]', 'x', 'background'),
      '1. In a list:\n\n   ````text\n   ```\n     x\n   ````\n',
      '<!-- results: runtimes -->\n',
    ].join('\n')
    const { problems, blocks, prose } = parsePage('page.md', text)
    expect(problems).toEqual([])
    expect(blocks.map(({ directive }) => directive)).toEqual([
      { kind: 'not run', reason: 'needs Ruby' },
      { kind: 'run', status: 3 },
      { kind: 'file', name: 'web/index.html' },
      { kind: 'background' },
      { kind: 'run', status: 0 },
    ])
    expect(blocks.map(({ language }) => language)).toEqual(['ruby', 'sh', 'html', 'js', 'text'])
    expect(blocks.at(-1)).toMatchObject({ code: '```\n  x', line: 31 })
    expect(prose.split('\n')).toHaveLength(text.split('\n').length)
    expect(prose).not.toMatch(/^ *x$/m)
  })
})

test.each([
  ['port 3000, 1,024 ports, 1.5 s', 'port 45678, 64,512 ports, 12 s'],
  [' PORT  PID  AGE\n 3000    7   3h', 'PORT    PID  AGE\n12345 12345   0s'],
  ['one\n...\nfour', 'one\ntwo\nthree\nfour\n'],
  ['[*] 127.0.0.1?', '[*] 127.0.0.1?\n'],
])('%j is how %j is shown', (shown, printed) => {
  expect(isPrinted(shown, printed)).toBe(true)
  expect(isPrinted(shown, `${printed}more`)).toBe(false)
  expect(isPrinted(shown, `more ${printed}`)).toBe(false)
  expect(isPrinted(shown, printed.replace(/^\s*\S+/, ''))).toBe(false)
})

describe('a page', () => {
  let place: Place
  beforeAll(async () => {
    place = await Place.open()
  })
  afterAll(() => place.close())

  /** What is wrong with a page: of each block that fails, the message. */
  async function failuresOf(...texts: readonly string[]): Promise<string[]> {
    const { problems, blocks } = parsePage('page.md', texts.join('\n'))
    const failures = [...problems]
    for (const one of blocks) {
      await place.run(one).catch((error: Error) => failures.push(error.message))
    }
    return failures
  }

  async function expectFailure(text: string, message: string | RegExp): Promise<void> {
    expect(await failuresOf(text)).toEqual([
      typeof message === 'string'
        ? expect.stringContaining(message)
        : expect.stringMatching(message),
    ])
  }

  test('is in the folder shop of alice, with the package and its programs', async () => {
    const failures = await failuresOf(
      block('console', '$ cd ..; pwd; git -C shop status --short; whoami\n.../alice/src\nalice'),
      block(
        'console',
        '$ port4me --list=2\n30845\n19654\n$ npx port4me --version\n...\n$ openport 3000 3001\n3000',
      ),
      block('console', '$ echo $LOGNAME $PORT4ME_USER $USER $HOME\nalice .../alice'),
      block(
        'js',
        "import { listPorts, probe } from 'port4me'\nlistPorts(1) // [30845]\nprobe(80)[0].reason // 'denied'",
      ),
      block(
        'js',
        "const { listPorts } = require('port4me')\nconst [a, b] = listPorts(2) // [30845,\n // 19654]",
      ),
      block('ts', "import { isFree } from 'port4me'\nconst free: boolean = isFree(3000) // true"),
      block(
        'sh',
        'git worktree add --quiet ../other && cd ../other && node -e "require(\'port4me\')"',
      ),
    )
    expect(failures).toEqual([])
  })

  test.each([
    ['1 + 1 // 3', 'the comment says 3, but the value is 2'],
    ['const x = [1] // [1, 2]', 'the comment says [ 1, 2 ], but the value is [ 1 ]'],
    ["console.log('a') // 'b'", "the comment says 'b', but the value is 'a'"],
    ['const f = () => {\n  1 // 2\n}\nf()', 'the comment says 2'],
    ['await 1; await Promise.resolve({ a: 1 }) // { a: 2 }', 'the comment says { a: 2 }'],
    ['const n: number = 1 // undefined', 'the comment says undefined'],
  ])('a wrong value: %s', async (code, message) => {
    await expectFailure(block('ts', code), message)
    if (!code.includes(': number')) await expectFailure(block('js', code), message)
  })

  test('a comment in words is no value', async () => {
    const lines = [
      '1 // one',
      "'a' // 'a' or 'b'",
      '[3] // [3, ...]',
      'const x = 1 // the port',
      '3 // NaN?',
    ]
    expect(await failuresOf(block('js', lines.join('\n')))).toEqual([])
  })

  test.each([
    ['js', "throw new Error('no')", /exit status 1 instead of 0:[\s\S]*page\.md-3[\s\S]*no/],
    ['js', 'process.exit(3)', 'exit status 3 instead of 0'],
    ['js', "import { leaseport } from 'port4me'", 'leaseport'],
    ['js', 'const x = ', 'line 4: '],
    ['sh', 'false\ntrue', 'exit status 1'],
    ['sh', 'false | true', 'exit status 1'],
    ['sh', 'echo "$nothing_is_set"', 'nothing_is_set'],
    ['json', '{ "a": 1, }', 'JSON'],
    ['console', '$ echo one; echo two >&2\none', 'prints\none\ntwo\ninstead of\none'],
    ['console', '$ true\nnothing', 'prints'],
    ['console', '$ false\n$ true', '$ false\nhas exit status 1 instead of 0'],
    ['console', '$ exit 0\n$ true', '$ exit 0\ndoes not come to its end'],
    ['console', 'node', 'begins with "$ "'],
  ])('%s %s', async (language, code, message) => {
    await expectFailure(block(language, code), message)
  })

  test('the exit status is the one of the comment', async () => {
    const failures = await failuresOf(
      block('sh', 'exit 3', 'exit: 3'),
      block('js', 'process.exit(3)', 'exit: 3'),
      block('console', '$ echo one\none\n$ port4me --nonsense\n...--nonsense...', 'exit: 2'),
      block('console', '$ echo one \\\n  two\none two\n$ cat <(echo 3)\n3'),
    )
    expect(failures).toEqual([])
    await expectFailure(block('sh', 'true', 'exit: 3'), 'exit status 0 instead of 3')
    await expectFailure(block('console', '$ true', 'exit: 3'), 'exit status 0 instead of 3')
  })

  test('a file is written, and must be well-formed', async () => {
    const failures = await failuresOf(
      block('ts', 'export const port: number = 3000', 'file: lib/port.ts'),
      block('ts', "import { port } from './lib/port.ts'\nport // 3000"),
      block('sh', '#!/bin/sh\necho "$1"', 'file: say'),
      block('console', '$ ./say hello\nhello'),
      block('ruby', 'exit 1', 'not run: needs Ruby'),
    )
    expect(failures).toEqual([])
    await expectFailure(block('js', 'const = 1', 'file: a.js'), 'line 5: ')
    await expectFailure(block('json', '{', 'file: a.json'), 'JSON')
    expect(existsSync(join(place.folder, 'a.js'))).toBe(false)
  })

  test('processes must end, unless they are in the background', async () => {
    await expectFailure(
      block('sh', 'sleep 60 & setsid sleep 61 &'),
      /behind: .*sleep 6[01]; .*sleep 6[01]/,
    )
    const server = "require('http').createServer().listen(3000)"
    const failures = await failuresOf(
      block('js', server, 'background'),
      block('console', '$ port4me who 3000\nPORT ...\n3000 tcp * alice ... ~/src/shop node ...'),
      block(
        'console',
        '$ python3 -m http.server 4000\nServing HTTP on ... port 4000 ...',
        'background',
      ),
      block('console', '$ port4me wait 4000 && openport 3000 3002\n3001'),
      block('console', '$ port4me stop --yes 3000\n...ended node (process 123, ~/src/shop)'),
    )
    expect(failures).toEqual([])
    await expectFailure(block('js', 'process.exit(1)', 'background'), 'exit status 1')
    await expectFailure(block('console', '$ echo two\none', 'background'), 'it ended with 0:\ntwo')
    await expectFailure(block('console', '$ a\n$ b', 'background'), 'has one command')
  })
})
