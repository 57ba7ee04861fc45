// port4me run --wait: a server, and a second command while the server is up.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { port4me as api } from '../support/package.js'
import { PROGRAM } from '../support/paths.js'
import { type Companion, start } from '../support/processes.js'
import { program, run } from '../support/run.js'

const NODE = process.execPath
const IS_LINUX = process.platform === 'linux'
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'port4me-wait-'))
  // A server that names its process, listens after a moment, and says which signals it gets.
  writeFileSync(
    join(folder, 'server.cjs'),
    `const [port, host, way] = process.argv.slice(2)
    for (const signal of ['SIGINT', 'SIGTERM']) {
      process.on(signal, () => {
        console.log('server had ' + signal)
        if (way !== 'stubborn') process.exit(0)
      })
    }
    console.log('server ' + process.pid + ' ' + process.env.PORT)
    const server = require('node:http').createServer((_request, response) => response.end('served ' + port))
    setTimeout(() => server.listen(port, host || undefined), 100)`,
  )
  writeFileSync(
    join(folder, 'client.cjs'),
    `const [port, host] = process.argv.slice(2)
    fetch('http://' + host + ':' + port + '/').then(async (response) => {
      console.log('client got ' + await response.text() + ' ' + process.env.PORT)
    })`,
  )
  // Runs until it gets a signal.
  writeFileSync(
    join(folder, 'client-with-signals.cjs'),
    `for (const signal of ['SIGINT', 'SIGTERM']) {
      process.on(signal, () => { console.log('client had ' + signal); process.exit(9) })
    }
    console.log('client ' + process.pid)
    setInterval(() => {}, 1000)`,
  )
})
afterAll(() => rmSync(folder, { recursive: true }))

const SERVER = () => [NODE, join(folder, 'server.cjs'), '{port}']
const client = (host = '127.0.0.1') => `"${NODE}" "${join(folder, 'client.cjs')}" {port} ${host}`
const waiting = (flags: readonly string[], server: readonly string[]) =>
  program(['run', 'run-wait', ...flags, '--', ...server])

/** Whether a process runs. One that has ended and still waits for its parent does not: proc_pid_stat(5). */
function lives(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}

const serverOf = (stdout: string): number => Number(/^server (\d+)/m.exec(stdout)?.[1])

describe('port4me run --wait', () => {
  test('runs the second command when the server is up, exits with its status, and ends the server', () => {
    for (const [command, status] of [
      [client(), 0],
      [`${client()} && exit 7`, 7],
      ['kill -KILL $$', 128 + constants.signals.SIGKILL],
      ['no-such-command-{port} 2>/dev/null', 127],
    ] as const) {
      const answer = waiting([`--wait=${command}`], SERVER())
      const { stdout } = answer
      expect({ ...answer, stdout: '' }).toEqual({ status, stdout: '', stderr: '' })
      const port = Number(/^server \d+ (\d+)$/m.exec(stdout)?.[1])
      if (command.includes('client'))
        expect(stdout).toContain(`client got served ${port} ${port}\n`)
      expect(stdout).toMatch(/server had SIGTERM\n$/)
      expect(lives(serverOf(stdout))).toBe(false)
      expect(api.isFreeTcp(port)).toBe(true)
    }
  })

  test.each([
    ['--family=ipv4', '0.0.0.0', '127.0.0.1'],
    ['--family=ipv6', '::1', '[::1]'],
    ['--host=::1', '::1', '[::1]'],
    ['--host=localhost', '::1', '[::1]'],
  ])('asks where the server listens, with %s', (flag, where, host) => {
    const { status, stdout } = waiting([flag, `--wait=${client(host)}`], [...SERVER(), where])
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: expect.stringMatching(/client got served/),
    })
  })

  test.each([
    ['exit 3', 3],
    ['exit 0', 1],
    ['kill -TERM $$', 128 + constants.signals.SIGTERM],
  ])(
    'a server that ends too early, by %s, is an error with the exit status %i',
    (script, status) => {
      const answer = waiting(['--wait=echo ran'], ['sh', '-c', script])
      expect(answer).toEqual({
        status,
        stdout: '',
        stderr: expect.stringMatching(
          /^port4me: error: the command ended before it accepted connections on port \d+\n$/,
        ),
      })
    },
  )

  test('a server that cannot be started has the exit status of a shell', () => {
    expect(waiting(['--wait=echo ran'], ['no-such-command'])).toEqual({
      status: 127,
      stdout: '',
      stderr: 'port4me: error: the command "no-such-command" was not found\n',
    })
  })

  test('--timeout ends a server that does not listen', () => {
    const flags = ['--wait=echo ran', '--timeout=0.4']
    const { status, stdout, stderr } = waiting(flags, [
      'sh',
      '-c',
      'echo server $$; sleep 600 & echo child $!; wait',
    ])
    expect(status).toBe(1)
    expect(stderr).toMatch(
      /^port4me: error: port (\d+) accepts no connections after 0.4 s: connect ECONNREFUSED 127.0.0.1:\1\n$/,
    )
    expect(stdout).not.toContain('ran')
    expect(lives(serverOf(stdout))).toBe(false)
    expect(lives(Number(/^child (\d+)/m.exec(stdout)?.[1]))).toBe(false)
  })

  test('leaves no process behind that the server has started, even if it ignores SIGTERM', () => {
    const server = `"${NODE}" "${join(folder, 'server.cjs')}" {port} '' stubborn & sleep 600 & echo child $!; wait`
    const begin = performance.now()
    const { status, stdout, stderr } = waiting(['--wait=exit 5'], ['sh', '-c', server])
    expect(performance.now() - begin).toBeGreaterThan(5000)
    expect({ status, stderr }).toEqual({
      status: 5,
      stderr: 'port4me: the server still ran five seconds after SIGTERM, so it is killed\n',
    })
    expect(lives(serverOf(stdout))).toBe(false)
    expect(lives(Number(/^child (\d+)/m.exec(stdout)?.[1]))).toBe(false)
  })

  test.runIf(IS_LINUX && process.getuid?.() === 0)(
    'does the same where /proc is that of another pid namespace',
    () => {
      const server = `sh -c 'trap : TERM; while :; do sleep 0.1; done' & exec "${NODE}" "${join(folder, 'server.cjs')}" {port}`
      const { status, stderr } = run('unshare', [
        ...['--pid', '--fork', '--kill-child', 'sh', '-c', '"$@"; exit $?', 'sh', NODE, PROGRAM],
        ...['run', 'run-wait', '--wait=exit 5', '--', 'sh', '-c', server],
      ])
      expect(status).toBe(5)
      expect(stderr).toContain('port4me: the server still ran five seconds after SIGTERM, so it is')
    },
  )

  describe('a signal', () => {
    /** Reads lines until each of the words was the begin of one. Returns the rests of these lines. */
    async function linesOf(run: Companion, words: readonly string[]): Promise<string[]> {
      const found = new Map<string, string>()
      while (found.size < words.length) {
        const line = await run.line()
        const word = words.find((one) => line.startsWith(one))
        if (word !== undefined) found.set(word, line.slice(word.length).trim())
      }
      return words.map((word) => found.get(word) ?? '')
    }

    test.each(['SIGINT', 'SIGTERM'] as const)('%s goes to both commands', async (signal) => {
      const second = `"${NODE}" "${join(folder, 'client-with-signals.cjs')}"; exit $?`
      const args = [PROGRAM, 'run', 'run-wait', '--wait', second, '--', ...SERVER()]
      const run = start(NODE, args)
      const [server, its] = await linesOf(run, ['server', 'client'])
      run.process.kill(signal)
      await linesOf(run, [`server had ${signal}`, `client had ${signal}`])
      // The shell of the second command may end by the signal before it can exit with its status.
      expect([9, 128 + constants.signals[signal]]).toContain(await run.ended)
      await expect.poll(() => lives(Number.parseInt(server ?? '', 10))).toBe(false)
      await expect.poll(() => lives(Number(its))).toBe(false)
    })

    test('before the server is up ends the server, and the second command does not run', async () => {
      const never = `process.on('SIGINT', () => { console.log('server had SIGINT'); process.exit(0) })
        console.log('server ' + process.pid); setInterval(() => {}, 1000)`
      const args = [PROGRAM, 'run', 'run-wait', '--wait=echo ran', '--', NODE, '-e', never]
      const run = start(NODE, args)
      const server = Number((await run.line()).slice('server '.length))
      run.process.kill('SIGINT')
      expect(await run.line()).toBe('server had SIGINT')
      expect(await run.ended).toBe(128 + constants.signals.SIGINT)
      expect(lives(server)).toBe(false)
      await expect(run.line()).rejects.toThrow('ended without a line')
    })

    test('of a terminal reaches each of the two once', async () => {
      const count = (name: string) => `let count = 0
        process.on('SIGINT', () => {
          console.log('${name} had ' + ++count)
          setTimeout(() => process.exit(4), 300)
        })
        console.log('${name} ' + process.pid)`
      writeFileSync(
        join(folder, 'one.cjs'),
        `${count('one')}; require('node:net').createServer().listen(process.argv[2])`,
      )
      writeFileSync(join(folder, 'two.cjs'), `${count('two')}; setInterval(() => {}, 1000)`)
      const second = `exec ${NODE} ${join(folder, 'two.cjs')}`
      const command = `exec ${NODE} ${PROGRAM} run run-wait --wait '${second}' -- ${NODE} ${join(folder, 'one.cjs')} {port}`
      const terminal = start('script', ['-qec', `stty -echo; ${command}`, '/dev/null'], {
        SHELL: '/bin/sh',
      })
      const pids = await linesOf(terminal, ['one', 'two'])
      terminal.process.stdin?.write('\x03')
      expect(await linesOf(terminal, ['one had', 'two had'])).toEqual(['1', '1'])
      expect(await terminal.ended).toBe(4)
      for (const pid of pids) expect(lives(Number(pid))).toBe(false)
    })
  })

  test.each([
    [['--timeout=5'], '--timeout is how long --wait waits, and there is no --wait'],
    [['--wait='], '--wait must not be empty'],
    [['--wait=true', '--timeout=0'], '--timeout must be a number of seconds greater than 0'],
    [['--wait=true', '--timeout=1e3'], '--timeout must be a number of seconds'],
    [['--wait=true', '--timeout=3000000'], 'at most 2147483, not "3000000"'],
    [['--wait=true', '--protocol=udp'], '--wait needs a TCP port, not one for UDP only'],
  ])('%j is wrong usage', (flags, message) => {
    const { status, stdout, stderr } = waiting(flags, ['echo', 'ran'])
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(message)
  })
})
