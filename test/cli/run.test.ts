// The command port4me run.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { freePort, whileListening } from '../support/listeners.js'
import { port4me as api, ERRORS_NAME_HOLDERS } from '../support/package.js'
import { PROGRAM } from '../support/paths.js'
import { start } from '../support/processes.js'
import { program, run as runProgram } from '../support/run.js'

const USER = process.env.PORT4ME_USER ?? ''
const somebody = { PORT4ME_USER: USER }

/** A program that prints its arguments and some variables. */
const PRINT = [
  process.execPath,
  '-e',
  'console.log(JSON.stringify([process.argv.slice(1), process.env.PORT, process.env.OTHER]))',
  '--',
]

function printed(flags: readonly string[], words: readonly string[] = []): unknown {
  const { status, stdout, stderr } = program(['run', ...flags, '--', ...PRINT, ...words], somebody)
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return JSON.parse(stdout)
}

describe('port4me run', () => {
  test('tells the command its port by PORT and {port}', () => {
    const port = String(api.port4me({ user: USER, tool: 'run' }))
    const words = ['--port={port}', '{port}:{port}', '$PORT', 'a b', '']
    expect(printed(['run'], words)).toEqual([
      [`--port=${port}`, `${port}:${port}`, '$PORT', 'a b', ''],
      port,
      null,
    ])
  })

  test('has the flags of port4me', async () => {
    const port = api.port4me({ user: `${USER}2`, tool: 'run', skip: 1 })
    expect(printed([`--user=${USER}2`, '--tool', 'run', '--skip=1', '--env', 'OTHER'])).toEqual([
      [],
      null,
      String(port),
    ])
    const next = await freePort()
    await whileListening({}, (busy) => {
      expect(printed([`--prepend=${busy},${next}`])).toEqual([[], String(next), null])
    })
  })

  test('an empty tool means no tool, and the last tool counts', () => {
    const port = String(api.port4me({ user: USER, tool: 'run' }))
    expect(printed(['a', '--tool=run'])).toEqual([[], port, null])
    const [untold] = printed(['']) as [unknown, string]
    expect(printed(['--tool='])).toEqual([untold, expect.any(String), null])
    expect(printed([''])).toEqual([[], String(api.port4me({ user: USER, tool: '' })), null])
  })

  test('--env overwrites the variable of that name', () => {
    const { stdout } = program(['run', '--env=OTHER', '--', ...PRINT], {
      ...somebody,
      OTHER: 'before',
    })
    expect(JSON.parse(stdout)[2]).toMatch(/^\d+$/)
  })

  test('holds the port while the command runs, and lets the command bind it', async () => {
    const serve = `require('node:http').createServer((_request, response) => response.end('served'))
      .listen(process.env.PORT, () => console.log(process.env.PORT))`
    const run = start(process.execPath, [
      PROGRAM,
      'run',
      'held',
      '--',
      process.execPath,
      '-e',
      serve,
    ])
    const port = Number(await run.line())
    expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe('served')
    expect(api.probe(port)[0]?.reason).toBe('leased')
    expect(program(['run', `--include=${port}`, '--', 'true'])).toMatchObject({
      status: 1,
      stdout: '',
    })
    const ended = run.ended
    run.process.kill('SIGTERM')
    expect(await ended).toBe(128 + constants.signals.SIGTERM)
    expect(api.isFree(port)).toBe(true)
  })

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const)(
    'passes %s on to the command, and exits with its status',
    async (signal) => {
      const wait = `process.on('${signal}', () => process.exit(42)); console.log('ready'); setInterval(() => {}, 1000)`
      const run = start(process.execPath, [PROGRAM, 'run', '--', process.execPath, '-e', wait])
      expect(await run.line()).toBe('ready')
      run.process.kill(signal)
      expect(await run.ended).toBe(42)
    },
  )

  test('exits with the status of the command', () => {
    for (const status of [0, 1, 7, 255]) {
      expect(program(['run', '--', 'sh', '-c', `exit ${status}`]).status).toBe(status)
    }
    for (const signal of ['TERM', 'KILL', 'SEGV'] as const) {
      expect(program(['run', '--', 'sh', '-c', `kill -${signal} $$`])).toMatchObject({
        status: 128 + constants.signals[`SIG${signal}`],
        stderr: '',
      })
    }
  })

  test('passes stdin, stdout and stderr through', () => {
    const answer = program(['run', '--', 'sh', '-c', 'cat; echo out; echo err >&2'])
    expect(answer).toEqual({ status: 0, stdout: 'out\n', stderr: 'err\n' })
  })

  test('starts no shell', () => {
    const { stdout } = program(['run', '--', 'echo', '$PORT;', '`id`', '*'])
    expect(stdout).toBe('$PORT; `id` *\n')
  })

  describe('a command that cannot be run', () => {
    let folder: string
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'port4me-run-'))
      writeFileSync(join(folder, 'not-executable'), '#!/bin/sh\n')
    })
    afterAll(() => rmSync(folder, { recursive: true }))

    test('has exit status 127 if it is not found', () => {
      for (const command of ['no-such-command', '/no/such/command']) {
        expect(program(['run', '--', command])).toEqual({
          status: 127,
          stdout: '',
          stderr: `port4me: error: the command "${command}" was not found\n`,
        })
      }
    })

    test('has exit status 126 if it is not executable, or fails to start in another way', () => {
      const commands = [
        [folder, 'EACCES'],
        [join(folder, 'not-executable'), 'EACCES'],
        [join(folder, 'not-executable', 'x'), 'ENOTDIR'],
        ['x'.repeat(300), 'ENAMETOOLONG'],
      ] as const
      for (const [command, error] of commands) {
        const { status, stdout, stderr } = program(['run', '--', command])
        expect({ status, stdout }).toEqual({ status: 126, stdout: '' })
        expect(stderr).toContain(`cannot be run: ${error}`)
      }
    })
  })

  test('does not run the command if no port is free', async () => {
    await whileListening({}, (port) => {
      const { status, stdout, stderr } = program(['run', `--include=${port}`, '--', 'echo', 'ran'])
      expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
      expect(stderr).toMatch(
        `port4me: error: no free port: the one candidate, ${port}, is taken${ERRORS_NAME_HOLDERS ? ` by ${api.whoHas(port)[0]?.name} (process ${process.pid}, ` : ''}`,
      )
    })
  })

  test.each([
    [
      [],
      'run needs "--" and then a command: port4me run [TOOL|SERVICE] [flags] -- COMMAND [ARGUMENTS]',
    ],
    [['tool'], 'run needs "--" and then a command'],
    [['--'], 'run needs "--" and then a command'],
    [['--', ''], 'run needs "--" and then a command'],
    [
      ['api', 'node', 'x'],
      'run needs "--" before the command: port4me run [TOOL|SERVICE] [flags] -- COMMAND',
    ],
    [['node', 'x', '--port={port}'], 'run needs "--" before the command'],
    [['--env=', '--', 'true'], '--env must not be empty, but is ""'],
    [['--env', '--', 'true'], '--env needs a value'],
    ...['A=B', 'A-B', '1A'].map((name) => [
      [`--env=${name}`, '--', 'true'],
      `--env must be the name of a variable (letters, digits and "_", not beginning with a digit), not "${name}"`,
    ]),
    [['--list=3', '--', 'true'], 'unknown flag "--list"; the flags are --user'],
    [['--foo', '--', 'true'], 'unknown flag "--foo"; the flags are --user'],
    [['--exclusiv', '--', 'true'], 'unknown flag "--exclusiv"; did you mean --exclusive?'],
    [['a', 'b', '--', 'true'], 'only one tool is allowed, but there are two: "a" and "b"'],
    [['--include=10-5', '--', 'true'], '--include must be'],
    [['--skip=-1', '--', 'true'], '--skip must be an integer'],
  ])('%j is wrong usage', (words, message) => {
    const { status, stdout, stderr } = program(['run', ...words])
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(message)
  })

  test('has its own help, and a tool can still be named run', () => {
    const { status, stdout } = program(['run', '--help'])
    expect(status).toBe(0)
    expect(stdout).toContain('port4me run [TOOL|SERVICE] [flags] -- COMMAND [ARGUMENTS]')
    const variables = { ...somebody, _PORT4ME_CHECK_AVAILABLE_PORTS_: 'any' }
    const [port] = api.listPorts(1, { user: USER, tool: 'run' })
    expect(program(['--tool=run'], variables).stdout).toBe(`${port}\n`)
  })
})

describe('a signal in a terminal', () => {
  /** A server that counts its signals, and ends after SIGTERM. */
  const COUNT = `
    const counts = {}
    const count = (signal) => console.log(signal + ' ' + (counts[signal] = (counts[signal] ?? 0) + 1))
    for (const signal of ['SIGINT', 'SIGQUIT', 'SIGHUP']) process.on(signal, count)
    process.on('SIGTERM', () => { count('SIGTERM'); console.log(JSON.stringify(counts)); process.exit(7) })
    setInterval(() => {}, 1000)
    console.log('ready ' + process.ppid)`
  const KEYS = { SIGINT: '\x03', SIGQUIT: '\x1c' } as const

  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'port4me-terminal-'))
    writeFileSync(join(folder, 'count.js'), COUNT)
    // In the same way as the package close-with-grace.
    writeFileSync(
      join(folder, 'grace.js'),
      `let closing = false
      process.on('SIGINT', () => {
        if (closing) { console.log('second SIGINT, exiting'); process.exit(1) }
        closing = true
        setTimeout(() => { console.log('closed'); process.exit(0) }, 100)
      })
      setInterval(() => {}, 1000)
      console.log('ready ' + process.ppid)`,
    )
    const run = (file: string) =>
      `"${process.execPath}" "${PROGRAM}" run -- "${process.execPath}" ${file}`
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ scripts: { count: run('count.js'), grace: run('grace.js') } }),
    )
    writeFileSync(join(folder, 'count.sh'), `trap : INT QUIT\n${run('count.js')}\nexit $?\n`)
    writeFileSync(join(folder, 'grace.sh'), `${run('grace.js')}\nexit $?\n`)
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  /** Runs a command in its own terminal: script(1). */
  function inTerminal(command: string) {
    // exec replaces the shell, which a signal would end.
    const words = ['-qec', `stty -echo; cd '${folder}' && exec ${command}`, '/dev/null']
    const terminal = start('script', words, { SHELL: '/bin/sh' })
    const line = async () => (await terminal.line()).replaceAll('\r', '')
    return {
      ended: terminal.ended,
      /** Waits for the next line that starts with a word, and returns the rest of the line. */
      async after(word: string): Promise<string> {
        for (;;) {
          const text = await line()
          if (text.startsWith(word)) return text.slice(word.length).trim()
        }
      },
      press: (keys: string) => terminal.process.stdin?.write(keys),
    }
  }

  const WAYS = {
    directly: (name: string) =>
      `"${process.execPath}" "${PROGRAM}" run -- "${process.execPath}" ${name}.js`,
    'from a shell script': (name: string) => `sh ${name}.sh`,
    'from npm run': (name: string) => `npm run --silent ${name}`,
  } as const

  test.each(['directly', 'from a shell script'] as const)(
    'reaches the command once, run %s, whether the terminal or a process sends it',
    async (way) => {
      const terminal = inTerminal(WAYS[way]('count'))
      const runner = Number(await terminal.after('ready'))
      let sent = 0
      for (const signal of ['SIGINT', 'SIGQUIT', 'SIGHUP'] as const) {
        process.kill(runner, signal)
        expect(await terminal.after(signal)).toBe('1')
      }
      for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
        for (sent = 2; sent <= 5; sent++) {
          terminal.press(KEYS[signal])
          expect(await terminal.after(signal)).toBe(String(sent))
        }
      }
      process.kill(runner, 'SIGTERM')
      const counts = JSON.parse(await terminal.after('SIGTERM 1').then(() => terminal.after('')))
      expect(counts).toEqual({ SIGINT: 5, SIGQUIT: 5, SIGHUP: 1, SIGTERM: 1 })
      expect(await terminal.ended).toBe(7)
    },
  )

  test.each(['directly', 'from a shell script', 'from npm run'] as const)(
    'lets a server close with grace, run %s',
    async (way) => {
      const outcomes: string[] = []
      const rounds = way === 'from npm run' ? 3 : 8
      while (outcomes.length < rounds) {
        const terminal = inTerminal(WAYS[way]('grace'))
        await terminal.after('ready')
        terminal.press(KEYS.SIGINT)
        for (;;) {
          const line = await terminal.after('')
          if (line !== '') {
            outcomes.push(line)
            break
          }
        }
        await terminal.ended
      }
      expect(outcomes).toEqual(Array(rounds).fill('closed'))
    },
  )

  test('leaves no process behind', async () => {
    const terminal = inTerminal(WAYS.directly('count'))
    const runner = Number(await terminal.after('ready'))
    process.kill(runner, 'SIGINT')
    await terminal.after('SIGINT')
    // The command and the witness of signals.
    await expect.poll(() => living(runner)).toEqual(expect.arrayContaining(['node', 'sh']))
    const pids = childrenOf(runner).map(({ pid }) => pid)
    process.kill(runner, 'SIGTERM')
    expect(await terminal.ended).toBe(7)
    for (const pid of pids) {
      await expect.poll(() => isAlive(pid)).toBe(false)
    }
  })

  /** The running processes that a process has started: ps(1). */
  function childrenOf(pid: number): { pid: number; name: string }[] {
    const columns = ['-o', 'pid=,state=,comm=', '--ppid', String(pid)]
    return execFileSync('ps', columns, { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map((row) => row.trim().split(/\s+/))
      .filter(([, state]) => state !== 'Z')
      .map(([child, , name = '']) => ({ pid: Number(child), name }))
  }

  function living(pid: number): string[] {
    return childrenOf(pid).map(({ name }) => name)
  }

  /** Whether a process runs. In the state Z of ps(1) it has ended, but its parent has not yet read its status. */
  function isAlive(pid: number): boolean {
    const { stdout } = runProgram('ps', ['-o', 'state=', '-p', String(pid)])
    return !['', 'Z'].includes(stdout.trim())
  }
})

test('--exclusive releases the port just before the command starts', async () => {
  const bind = `const server = require('node:net').createServer().listen({ port: process.env.PORT, exclusive: true }, () => {
      console.log(process.env.PORT); process.stdin.resume().on('end', () => server.close()) })`
  const run = start(process.execPath, [
    PROGRAM,
    'run',
    '--exclusive',
    '--',
    process.execPath,
    '-e',
    bind,
  ])
  const port = Number(await run.line())
  expect(api.probe(port, { protocol: 'tcp' })[0]?.reason).toBe('in-use')
  run.process.stdin?.end()
  expect(await run.ended).toBe(0)
})

test('port4me --why names the process that leases a port', async () => {
  const run = start(process.execPath, [
    PROGRAM,
    'run',
    'why',
    '--',
    'sh',
    '-c',
    'echo $PORT; read end',
  ])
  const port = await run.line()
  const { status, stdout } = program([`--why=${port}`])
  expect(status).toBe(1)
  expect(stdout).toContain(`port ${port} is not free: leased, on TCP, IPv4 and IPv6\n`)
  expect(stdout).toContain(`\nleased by process ${run.process.pid} (`)
  expect(JSON.parse(program([`--why=${port}`, '--json']).stdout)).toMatchObject({
    reason: 'leased',
    holders: [{ pid: run.process.pid }],
  })
  run.process.stdin?.end()
  await run.ended
})
