import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { whileListening, whileListeningOn } from '../support/listeners.js'
import { ERRORS_NAME_HOLDERS } from '../support/package.js'
import { ADDON, PROGRAM, ROOT } from '../support/paths.js'
import { environment, program, run } from '../support/run.js'
import { vectors } from '../support/vectors.js'

const ANY = { _PORT4ME_CHECK_AVAILABLE_PORTS_: 'any' }
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  version: string
}

const printed = (...ports: readonly number[]) => ({
  status: 0,
  stdout: ports.map((port) => `${port}\n`).join(''),
  stderr: '',
})

describe('the program', () => {
  test('prints only the port of the user', () => {
    expect(program([], { PORT4ME_USER: 'alice', ...ANY })).toEqual(printed(30845))
    expect(program([])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^\d+\n$/),
      stderr: '',
    })
  })

  test.each([
    [['--user=alice'], [30845]],
    [['--user', 'alice'], [30845]],
    [['--user=alice', '--tool=rstudio'], [22486]],
    [['--user=alice', 'rstudio'], [22486]],
    [['rstudio', '--user', 'alice'], [22486]],
    [['--user=alice', '--', '-m'], undefined],
    [['--user=alice', '--exclude=30845,32310'], [19654]],
    [['--user=alice', '--include', '2000-2123, 4321 10000-10999'], [10451]],
    [
      ['--user=alice', '--prepend=4321,11001', '--list=5'],
      [4321, 11001, 30845, 19654, 32310],
    ],
    [
      ['--user=alice', '--list', '3', '--skip=2'],
      [32310, 63992, 15273],
    ],
    [['--user=a=b'], undefined],
    [['--user=alice', ''], [30845]],
    [['--user=alice', '--tool='], [30845]],
    [['--user=alice', '--tool', ''], [30845]],
    [['--user=alice', '--tool=a', '--tool=rstudio'], [22486]],
    [['--user=alice', 'a', '--tool=rstudio'], [22486]],
    [['--user=alice', '--tool=a', 'rstudio'], [22486]],
    [['--user=alice', 'rstudio', '--tool='], [30845]],
    [['--user=bob', '--user=alice'], [30845]],
    [['--user=alice', '--include=8000', '--include='], [30845]],
    [['--user=alice', '--include=0'], [30845]],
    [['--user=alice', '--include=,'], [30845]],
    [['--user=alice', '--exclude=', '--prepend='], [30845]],
  ])('%j prints %j', (args, ports) => {
    const answer = program(args, ANY)
    expect(answer).toEqual(
      ports === undefined ? { ...answer, status: 0, stderr: '' } : printed(...ports),
    )
  })

  test('agrees with some vectors of the reference implementations', () => {
    for (const { env, list, ports } of vectors.filter((_, i) => i % 120 === 7)) {
      expect(program([], { ...env, PORT4ME_LIST: String(list) })).toEqual(printed(...ports))
    }
  })

  test('a flag takes precedence over its variable, and over that of the other question', () => {
    expect(program(['--user=alice'], { PORT4ME_USER: 'bob', ...ANY })).toEqual(printed(30845))
    expect(program(['--list=1', '--user=alice'], { PORT4ME_TEST: '80' })).toEqual(printed(30845))
    expect(program(['--test=80'], { PORT4ME_LIST: '80', ...ANY })).toEqual(printed())
  })

  test('--test prints nothing, and exits with 0 for a free port and 1 for a busy one', async () => {
    const silent = { stdout: '', stderr: '' }
    await whileListening({ host: '127.0.0.1' }, (busy) => {
      expect(program([`--test=${busy}`])).toEqual({ status: 1, ...silent })
      expect(program([], { PORT4ME_TEST: String(busy) })).toEqual({ status: 1, ...silent })
      expect(program([`--test=${busy}`], ANY)).toEqual({ status: 0, ...silent })
      expect(program(['--test', String(busy), '--json'])).toEqual({
        status: 1,
        stdout: `{"port":${busy},"free":false}\n`,
        stderr: '',
      })
    })
    const port = program([]).stdout.trim()
    expect(program(['--test', port])).toEqual({ status: 0, ...silent })
  })

  test('exits with 1 when no port is free', async () => {
    await whileListeningOn(2, (busy) => {
      const include = `--include=${busy.join(',')}`
      expect(program([include])).toEqual({
        status: 1,
        stdout: '',
        stderr: expect.stringMatching(
          new RegExp(
            `^port4me: error: no free port: 2 candidates were tried, and each is taken${ERRORS_NAME_HOLDERS ? `, (${busy.join('|')}) by node\\S* \\(process ${process.pid}, \\S+\\)` : ''}\n$`,
          ),
        ),
      })
      expect(program([include], { PORT4ME_MUST_WORK: 'false' })).toEqual({
        status: 0,
        stdout: '-1\n',
        stderr: '',
      })
      expect(program(['--include=2000', '--exclude=2000'])).toMatchObject({ status: 1, stdout: '' })
    })
  })

  test.each([
    [['--list=0'], ['--list', '"0"', '1 to']],
    [['--list=-1'], ['--list', '"-1"', '1 to']],
    [['--list=foo'], ['--list', '"foo"', '1 to']],
    [['--skip=-1'], ['--skip', '"-1"', 'from 0']],
    [
      ['--skip', '-1'],
      ['--skip', '"-1"', 'from 0'],
    ],
    [['--skip=foo'], ['--skip', '"foo"', 'from 0']],
    [['--test=65536'], ['--test', '"65536"', '1 to 65535']],
    [['--test=0'], ['--test', '"0"', '1 to 65535']],
    [['--test=foo'], ['--test', '"foo"', '1 to 65535']],
    [['--exclude=foo'], ['--exclude', '"foo"', 'ports from 1 to 65535']],
    [['--include=10-5'], ['--include', '"10-5"', 'ports from 1 to 65535']],
    [['--prepend=70000'], ['--prepend', '"70000"', 'ports from 1 to 65535']],
    [
      ['--test=65000', '--exclude=foo'],
      ['--exclude', '"foo"', 'ports from 1 to 65535'],
    ],
    [
      ['--why=65000', '--include=10-5'],
      ['--include', '"10-5"', 'ports from 1 to 65535'],
    ],
    [
      ['--test=65000', '--prepend={opera}'],
      ['--prepend', '{opera}'],
    ],
    [['--user='], ['--user', '""', 'not be empty']],
    [['--skip='], ['--skip', '""', 'not be empty']],
    [['--user'], ['--user', 'needs a value']],
    [
      ['--user', '--list=3'],
      ['--user', 'needs a value'],
    ],
    [['--foo'], ['unknown flag "--foo"; the flags are --user, ', ', --version']],
    [['--foo=bar'], ['unknown flag "--foo"']],
    [['--incldue'], ['unknown flag "--incldue"; did you mean --include?']],
    [['--inclde=80'], ['did you mean --include?']],
    [['--includes=80'], ['did you mean --include?']],
    [['--lits=3'], ['did you mean --list?']],
    [['--timewait=busy'], ['did you mean --time-wait?']],
    [['--Help'], ['did you mean --help?']],
    [['--t\x1b[31m'], ['unknown flag "--t\\u001b[31m"; the flags are']],
    [['--x\x7f\x9b'], ['unknown flag "--x\\u007f\\u009b"']],
    [['-x'], ['unknown flag "-x"']],
    [['-u', 'alice'], ['unknown flag "-u"']],
    [['--constructor'], ['unknown flag "--constructor"']],
    [['--debug=yes'], ['--debug', '"yes"', 'no value']],
    [
      ['a', 'b'],
      ['one tool', '"a"', '"b"'],
    ],
    [['--tool'], ['--tool needs a value']],
    [
      ['--list=3', '--test=80'],
      ['--list', '--test', 'one of'],
    ],
    [['--completion=tcsh'], ['--completion', '"tcsh"', "'bash', 'zsh', 'fish'"]],
    [
      ['help', 'api'],
      ['no command "api"', 'run, services, url, env, who, map, stop, wait, help'],
    ],
  ])('%j is wrong usage: exit status 2, and a message that says what is allowed', (args, words) => {
    const { status, stdout, stderr } = program(args)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toMatch(/^port4me: error: .*\n$/)
    for (const word of words) expect(stderr).toContain(word)
  })

  test('a wrong variable is wrong usage too', () => {
    for (const [name, value] of [
      ['PORT4ME_SKIP', 'x'],
      ['PORT4ME_LIST', '0'],
      ['PORT4ME_TEST', '0'],
      ['PORT4ME_EXCLUDE_SITE', 'x'],
      ['PORT4ME_ENGINE', 'turbo'],
    ] as const) {
      const { status, stdout, stderr } = program([], { [name]: value })
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
      expect(stderr).toMatch(new RegExp(`^port4me: error: ${name} must be .*"?${value}"?`))
    }
  })

  test('loads what a plain call needs, and the rest only for commands and help', () => {
    const folder = mkdtempSync(join(tmpdir(), 'port4me-plain-'))
    try {
      for (const file of ['port4me-cli.js', 'rest.js', 'fallback.js']) {
        copyFileSync(join(PROGRAM, '..', file), join(folder, file))
      }
      const plain = (...args: readonly string[]) =>
        run(process.execPath, [join(folder, 'port4me-cli.js'), ...args], {
          ...ANY,
          PORT4ME_ENGINE: 'fallback',
        })
      expect(plain('--user=alice')).toEqual(printed(30845))
      expect(plain('--user=alice', '--list=2', 'rstudio')).toMatchObject({ status: 0 })
      expect(plain('--test=80')).toMatchObject({ status: 0 })
      expect(plain('--version').stdout).toBe(`${version}\n`)
      expect(plain('--foo')).toMatchObject({ status: 2 })
      expect(plain('--help').stderr).toContain('port4me-more.js')
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('--json prints JSON', () => {
    expect(program(['--json', '--user=alice'], ANY).stdout).toBe('{"port":30845}\n')
    expect(program(['--json', '--user=alice', '--list=2']).stdout).toBe('{"ports":[30845,19654]}\n')
    const about = JSON.parse(program(['--json', '--version']).stdout)
    expect(about).toEqual(
      process.env.PORT4ME_ENGINE === 'native'
        ? { version, engine: 'native', file: ADDON }
        : { version, engine: 'fallback', refusal: 'PORT4ME_ENGINE is "fallback"' },
    )
  })

  test('--debug prints on stderr what was read and tried, and stdout stays the same', async () => {
    const port = Number(program(['--tool=debugged']).stdout)
    await whileListening({ port }, () => {
      const { status, stdout, stderr } = program(['--tool=debugged', '--debug'], {
        PORT4ME_SKIP: '0',
      })
      expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(/^\d+\n$/) })
      for (const line of [
        'PORT4ME_SKIP=0',
        'tool: debugged (from --tool)',
        'skip: 0 (from PORT4ME_SKIP)',
        `tried ${port}: not free`,
        `tried ${stdout.trim()}: free`,
        `engine: ${process.env.PORT4ME_ENGINE}`,
      ]) {
        expect(stderr).toContain(`port4me: ${line}\n`)
      }
      expect(program([`--test=${port}`, '--debug']).stderr).toBe(
        `port4me: tested ${port}: not free\n`,
      )
      for (const word of ['true', 'T', 'yes']) {
        expect(program([`--test=${port}`], { PORT4ME_DEBUG: word }).stderr).toContain('not free')
      }
      const hostile = program(['--list=1', '--debug'], { PORT4ME_TOOL: 'a\x1b[31m\nb' }).stderr
      expect(hostile).toContain('port4me: tool: a\\u001b[31m\\nb (from PORT4ME_TOOL)\n')
      expect(hostile).toMatch(/^[\x20-\x7e\n]+$/)
      // The age of the holder may change between two calls.
      const why = (variables?: Record<string, string>) => {
        const { stdout, ...rest } = program([`--why=${port}`], variables)
        return { ...rest, stdout: stdout.replace(/started \w+ ago/, '') }
      }
      expect(why({ PORT4ME_DEBUG: 'true' })).toEqual({
        ...why(),
        stderr: `port4me: tested ${port}: in-use\n`,
      })
    })
  })

  test('short flags, and the first argument help, print the same as the long flags', () => {
    for (const flag of ['-V', '-v']) expect(program([flag]).stdout).toBe(`${version}\n`)
    const help = program(['--help'])
    for (const words of [['-h'], ['help'], ['api', '-h'], ['help', 'help']]) {
      expect(program(words)).toEqual(help)
    }
    const runHelp = program(['run', '--help'])
    expect(runHelp.stdout).toContain('port4me run:')
    for (const words of [
      ['run', '-h'],
      ['help', 'run'],
    ]) {
      expect(program(words)).toEqual(runHelp)
    }
    // A tool can still have one of these names.
    expect(program(['--tool=help', '--user=alice', '--list=1'])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^\d+\n$/),
    })
  })

  test('an empty argument, such as an empty shell variable, means no tool, whatever PORT4ME_TOOL is', () => {
    expect(program([''], { PORT4ME_USER: 'alice', PORT4ME_TOOL: 'rstudio', ...ANY })).toEqual(
      printed(30845),
    )
  })

  test('PORT4ME_MAX_TRIES=1 with a busy first candidate: the error says that there are more candidates', async () => {
    await whileListening({}, (busy) => {
      expect(program([`--prepend=${busy}`], { PORT4ME_MAX_TRIES: '1' })).toEqual({
        status: 1,
        stdout: '',
        stderr: expect.stringMatching(
          new RegExp(
            `^port4me: error: no free port: 1 candidate was tried, ${busy}, and it is taken${ERRORS_NAME_HOLDERS ? ` by node\\S* \\(process ${process.pid}, \\S+\\)` : ''}; a higher maxTries \\(PORT4ME_MAX_TRIES\\) would try more\n$`,
          ),
        ),
      })
    })
  })

  test('--help and --version print on stdout', () => {
    expect(program(['--version'])).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' })
    const { status, stdout, stderr } = program(['--help'])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    for (const flag of [
      'user',
      'tool',
      'prepend',
      'include',
      'exclude',
      'skip',
      'list',
      'test',
      'json',
      'debug',
      'completion',
      'help',
      'version',
    ]) {
      expect(stdout).toContain(`--${flag}`)
    }
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
  })

  test('the last line of a long list arrives, even through a pipe that is read late', () => {
    const command = `${process.execPath} ${PROGRAM} --list=100000 --user=alice | (sleep 0.3; tail -n 1)`
    const last = execFileSync('sh', ['-c', command], { encoding: 'utf8', env: environment() })
    expect(last).toBe(program(['--list=1', '--skip=99999', '--user=alice']).stdout)
  })

  test('a reader that closes its pipe early causes no error', () => {
    const command = `${process.execPath} ${PROGRAM} --list=100000 --user=alice | head -n 1`
    expect(run('sh', ['-c', command])).toEqual(printed(30845))
  })

  test('works when stdout is closed or full', () => {
    expect(run('sh', ['-c', `${process.execPath} ${PROGRAM} --user=alice >&- 2>&-`]).stdout).toBe(
      '',
    )
    expect(run('sh', ['-c', `${process.execPath} ${PROGRAM} --user=alice >/dev/full`])).toEqual({
      status: 1,
      stdout: '',
      stderr: expect.stringMatching(/^port4me: error: ENOSPC.*\n$/),
    })
    const debug = `${process.execPath} ${PROGRAM} --user=alice --list=1 --debug 2>/dev/full`
    expect(run('sh', ['-c', debug])).toEqual(printed(30845))
    expect(program(['--list=1', '--debug', '--user=alice']).stderr).toContain(
      'port4me: user: alice',
    )
  })
})

describe('--why', () => {
  test('names the reason, the protocol, the family and the process', async () => {
    await whileListening({ host: '127.0.0.1' }, (port) => {
      const { status, stdout, stderr } = program([`--why=${port}`])
      expect({ status, stderr }).toEqual({ status: 1, stderr: '' })
      expect(stdout).toMatch(`port ${port} is not free: in use, on TCP, IPv4\n`)
      const { username } = userInfo()
      expect(stdout).toMatch(
        new RegExp(
          `\nheld by process ${process.pid} \\(user ${username}, \\S+, started \\d+[smhd] ago\\): .*node.*\n$`,
        ),
      )
      const json = JSON.parse(program(['--why', String(port), '--json']).stdout)
      expect(json).toEqual({
        port,
        free: false,
        reason: 'in-use',
        protocol: 'tcp',
        family: 'ipv4',
        holders: [
          expect.objectContaining({
            port,
            address: '127.0.0.1',
            state: 'listening',
            pid: process.pid,
            user: username,
            cwd: process.cwd(),
            command: expect.stringContaining('node'),
          }),
        ],
      })
      expect(program([`--why=${port}`, '--family=ipv6'])).toEqual({
        status: 0,
        stdout: `port ${port} is free\n`,
        stderr: '',
      })
      expect(program([`--why=${port}`, '--protocol=udp', '--json'])).toEqual({
        status: 0,
        stdout: `{"port":${port},"free":true}\n`,
        stderr: '',
      })
    })
  })

  test('names the process that has the port on the protocol that refuses, in one line', async () => {
    const code =
      'require("dgram").createSocket("udp4").bind(0, "127.0.0.1", function () { console.log(this.address().port) })'
    const holder = spawn(process.execPath, ['-e', code, 'UDP\nport 1 is free\x1b[31m'])
    try {
      const [port] = (await once(holder.stdout, 'data')).map(Number)
      const { stdout } = program([`--why=${port}`])
      expect(stdout.trimEnd().split('\n')).toEqual([
        `port ${port} is not free: in use, on UDP, IPv4`,
        expect.stringMatching(
          new RegExp(`^held by process ${holder.pid} \\(.*\\): .*\\\\nport 1 is free\\\\u001b`),
        ),
      ])
      await whileListening({ port: port as number, host: '127.0.0.1' }, () => {
        const { holders } = JSON.parse(
          program([`--why=${port}`, '--protocol=tcp', '--json']).stdout,
        )
        expect(holders.map(({ pid }: { pid: number }) => pid)).toEqual([process.pid])
      })
    } finally {
      holder.kill()
    }
  })

  test.each(['0', '65536', 'foo'])('%s is wrong usage', (port) => {
    expect(program([`--why=${port}`])).toMatchObject({ status: 2, stdout: '' })
  })
})

describe('probe flags', () => {
  test('narrow the question of --test and of a pick', async () => {
    await whileListening({ host: '127.0.0.1' }, (port) => {
      const test = (...flags: string[]) => program([`--test=${port}`, ...flags]).status
      expect(test()).toBe(1)
      expect([test('--protocol=udp'), test('--family=ipv6'), test('--host=::1')]).toEqual([0, 0, 0])
      expect([test('--protocol=both'), test('--family=ipv4'), test('--host=localhost')]).toEqual([
        1, 1, 1,
      ])
      expect(program([`--test=${port}`], { PORT4ME_HOST: '::1' }).status).toBe(0)
      expect(program([`--test=${port}`, '--host=127.0.0.1'], { PORT4ME_HOST: '::1' }).status).toBe(
        1,
      )
      expect(program([`--prepend=${port}`, '--host=::1'])).toEqual(printed(port))
    })
  })

  test('--worker takes every count-th candidate', () => {
    expect(program(['--user=alice', '--list=2', '--worker=1/3'])).toEqual(printed(19654, 15273))
    expect(
      program(['--user=alice', '--list=2', '--worker=auto'], {
        VITEST_POOL_ID: '',
        JEST_WORKER_ID: '2',
      }).stdout,
    ).toMatch(/^19654\n/)
  })

  test.each([
    [['--protocol=sctp'], ["'tcp', 'udp', 'both'", '"sctp"', '--protocol']],
    [['--family=4'], ["'ipv4', 'ipv6', 'both'", '--family']],
    [['--host=example.org'], ['IP literal', '"example.org"', '--host']],
    [
      ['--host=::1', '--family=ipv4'],
      ['--host', '--family'],
    ],
    [['--time-wait=x'], ["'free', 'busy'", '--time-wait']],
    [['--worker=3/3'], ['--worker', '"3/3"', 'I/N']],
    [['--worker=x'], ['--worker', '"x"', 'I/N']],
    [
      ['--test=80', '--why=80'],
      ['--test', '--why'],
    ],
    [
      ['--test=80', '--protocol=x'],
      ['--protocol', '"x"'],
    ],
  ])('%j is wrong usage', (args, words) => {
    const { status, stdout, stderr } = program(args)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    for (const word of words) expect(stderr).toContain(word)
  })
})
