// The command port4me who.

import { spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { userInfo } from 'node:os'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { cutEnd, cutStart, widthOf } from '../../lib/cli/text-width.js'
import { table } from '../../lib/cli/who-table.js'
import type { PortHolder } from '../../lib/types.js'
import { freePorts, whileListening, whileListeningOn } from '../support/listeners.js'
import { port4me as api } from '../support/package.js'
import { PROGRAM, ROOT } from '../support/paths.js'
import { start } from '../support/processes.js'
import { environment, OWN_NETWORK, program, run } from '../support/run.js'

const PLAIN = { width: undefined, bold: false }
const IS_LINUX = process.platform === 'linux'
const IS_ROOT = IS_LINUX && process.getuid?.() === 0
/** Runs a command as the user nobody: setpriv(1). */
const AS_NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']

/** The cells of a plain table, line by line. They have no two spaces in a row. */
function cellsOf(text: string): string[][] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => line.trim().split(/ {2,}/))
}

function who(...args: string[]): string[][] {
  const { status, stdout, stderr } = program(['who', ...args])
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  return cellsOf(stdout)
}

/** Runs the command in a terminal. Returns the lines that it shows. */
function shown(
  columns: number,
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): string[] {
  const terminal = join(ROOT, 'test/support/terminal.py')
  const all = { TERM: 'xterm-256color', ...variables }
  const { stdout } = run('env', [
    // These variables decide about colors too. With CI Node.js takes most terminals for ones without colors.
    ...['CI', 'NO_COLOR', 'FORCE_COLOR', 'NODE_DISABLE_COLORS'].flatMap((name) => ['-u', name]),
    ...Object.entries(all).map(([name, value]) => `${name}=${value}`),
    ...['python3', terminal, String(columns), process.execPath, PROGRAM, ...args],
  ])
  return stdout.split('\r\n').slice(0, -1)
}

describe('port4me who', () => {
  test('prints port, protocol, address, user, process, age, project and command', async () => {
    await whileListening({ host: '127.0.0.1' }, (port) => {
      const [header, row, ...more] = who(String(port))
      expect(header).toEqual([
        ...['PORT', 'PROTO', 'ADDRESS', 'USER', 'PID', 'AGE', 'PROJECT', 'COMMAND'],
      ])
      const [holder] = api.whoHas(port)
      expect(row).toEqual([
        String(port),
        'tcp',
        '127.0.0.1',
        userInfo().username,
        String(process.pid),
        expect.stringMatching(/^\d+[smhd]$/),
        holder?.project,
        expect.stringContaining(basename(process.execPath)),
      ])
      expect(holder?.project).toContain(basename(ROOT))
      expect(more).toEqual([])
    })
  })

  test('prints each of several ports and ranges once, in order, and all ports without any', async () => {
    const [a = 0, b = 0, free = 0] = await freePorts(3)
    const [low, high] = a < b ? [a, b] : [b, a]
    await whileListening({ port: low }, async () => {
      await whileListening({ port: high }, () => {
        const portsIn = (rows: string[][]) => rows.slice(1).map(([port]) => Number(port))
        expect(portsIn(who(String(high), `${low}-${low}`, String(free), `${high}`))).toEqual([
          low,
          high,
        ])
        expect(portsIn(who(`${high},${low}`))).toEqual([low, high])
        // Others may have ports too, and their processes need not be seen.
        const all = portsIn(cellsOf(program(['who']).stdout))
        expect(all).toEqual([...all].sort((one, two) => one - two))
        expect(all.filter((port) => port === low || port === high)).toEqual([low, high])
      })
    })
  })

  test('--json prints what whoHas() returns', async () => {
    await whileListening({}, (port) => {
      const { status, stdout } = program(['who', '--json', String(port)])
      expect(status).toBe(0)
      const [holder, ...more] = JSON.parse(stdout)
      const [expected] = api.whoHas(port)
      const { startedAt } = expected as { startedAt: Date }
      expect(holder).toEqual({ ...expected, startedAt: expect.any(String) })
      expect(new Date(holder.startedAt).toISOString()).toBe(holder.startedAt)
      // The system counts in hundredths of a second.
      expect(Math.abs(Date.parse(holder.startedAt) - startedAt.getTime())).toBeLessThan(50)
      expect(more).toEqual([])
    })
  })

  test('says that nobody has a port, with status 1', async () => {
    const [free = 0] = await freePorts(1)
    expect(program(['who', String(free)])).toEqual({
      status: 1,
      stdout: `nobody has port ${free}\n`,
      stderr: '',
    })
    expect(program(['who', String(free), '--protocol=udp', '--family', 'ipv6'])).toEqual({
      status: 1,
      stdout: `nobody has port ${free} on UDP, IPv6\n`,
      stderr: '',
    })
    expect(program(['who', '--json', String(free)])).toEqual({
      status: 1,
      stdout: '[]\n',
      stderr: '',
    })
    await whileListeningOn(2, ([taken = 0]) => {
      expect(program(['who', String(free), String(taken)]).status).toBe(0)
    })
  })

  test.runIf(IS_LINUX)('says that no port is in use, with status 0', () => {
    const inOwnNetwork = (...args: string[]) => {
      const [command = '', ...words] = [...OWN_NETWORK, process.execPath, PROGRAM, 'who', ...args]
      return run(command, words)
    }
    expect(inOwnNetwork()).toEqual({ status: 0, stdout: 'no port is in use\n', stderr: '' })
    expect(inOwnNetwork('--json')).toEqual({ status: 0, stdout: '[]\n', stderr: '' })
    expect(inOwnNetwork('10-12', '14')).toEqual({
      status: 1,
      stdout: 'nobody has one of the ports 10-12, 14\n',
      stderr: '',
    })
  })

  test('--protocol and --family narrow the question', async () => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1')
    await once(socket, 'listening')
    const { port } = socket.address()
    try {
      await whileListening({ port, host: '::1' }, () => {
        const columns = (...flags: string[]) =>
          who(String(port), ...flags)
            .slice(1)
            .map(([, protocol, address]) => `${protocol} ${address}`)
        expect(columns()).toEqual(['tcp ::1', 'udp 127.0.0.1'])
        expect(columns('--protocol=tcp')).toEqual(['tcp ::1'])
        expect(columns('--protocol=udp')).toEqual(['udp 127.0.0.1'])
        expect(columns('--family=ipv4')).toEqual(['udp 127.0.0.1'])
        expect(columns('--family=ipv6')).toEqual(['tcp ::1'])
      })
    } finally {
      socket.close()
    }
  })

  test('--all adds connections and a column with the state', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const accepted = new Promise<void>((resolve) => {
      let count = 0
      server.on('connection', () => ++count === 2 && resolve())
    })
    const clients = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')]
    await Promise.all([accepted, ...clients.map((client) => once(client, 'connect'))])
    try {
      expect(who(String(port)).slice(1)).toHaveLength(1)
      const [header, ...rows] = who('--all', String(port))
      expect(header?.slice(0, 4)).toEqual(['PORT', 'PROTO', 'STATE', 'ADDRESS'])
      expect(rows.map(([, , state]) => state)).toEqual(['listening', 'connected (2)'])
      const { localPort } = clients[0] as { localPort: number }
      expect(program(['who', String(localPort)])).toEqual({
        status: 1,
        stdout: `nobody has port ${localPort}, but there are connections; --all shows them\n`,
        stderr: '',
      })
    } finally {
      for (const client of clients) client.destroy()
      server.close()
    }
  })

  test.runIf(IS_LINUX)('marks a leased port', async () => {
    using lease = api.leasePort()
    const [row] = who(String(lease.port)).slice(1)
    expect(row?.at(-1)).toMatch(/^\[lease\] /)
    expect(row?.[4]).toBe(String(process.pid))
  })

  test('prints a command with control characters on one line, and whole', async () => {
    const listen =
      'require("net").createServer().listen(0, function () { console.log(this.address().port) })'
    const long = 'x'.repeat(20_000)
    const holder = start(process.execPath, ['-e', listen, 'two\nlines\x1b[31m', long])
    try {
      const port = await holder.line()
      const { stdout } = program(['who', port])
      expect(stdout.trimEnd().split('\n')).toHaveLength(2)
      expect(stdout).toContain(`two\\nlines\\u001b[31m ${long}\n`)
    } finally {
      await holder.kill('SIGKILL')
    }
  })

  test.runIf(IS_LINUX)('has room for many lines beside a command that is huge', async () => {
    const listen = `import socket, sys
held = [socket.create_server(("127.0.0.1", 0)) for _ in range(int(sys.argv[1]))]
print(flush=True); sys.stdin.read()`
    const huge = 'x'.repeat(100_000)
    const holders = [
      start('python3', ['-c', listen, '900']),
      start('python3', ['-c', listen, '1', huge, huge, huge]),
    ]
    try {
      for (const holder of holders) await holder.line()
      const memory = { NODE_OPTIONS: '--max-old-space-size=100' }
      const { status, stdout } = program(['who', '--protocol=tcp'], memory)
      expect(status).toBe(0)
      expect(stdout).toContain(`${huge}\n`)
      expect(stdout.length).toBeLessThan(1_000_000)
    } finally {
      for (const holder of holders) await holder.kill('SIGKILL')
    }
  })

  test.runIf(IS_ROOT)('says why the process of another user is not shown', async () => {
    await whileListening({}, (port) => {
      const [file = '', ...args] = [...AS_NOBODY, process.execPath, PROGRAM, 'who', String(port)]
      const { status, stdout, stderr } = run(file, args)
      expect({ status, rows: cellsOf(stdout).slice(1), stderr }).toEqual({
        status: 0,
        rows: [[String(port), 'tcp', '*', 'root', '?', '-', '-', '-']],
        stderr: `? is a process of another user, or the system itself. To see it: sudo port4me who ${port}\n`,
      })
    })
  })

  test.runIf(IS_LINUX)(
    'says that the system itself may have a socket that no process has',
    async () => {
      // The child is stopped, so nobody accepts the connection that the kernel has opened already.
      const server = start(process.execPath, [
        '-e',
        'require("net").createServer().listen(0, "127.0.0.1", function () { console.log(this.address().port) })',
      ])
      const port = Number(await server.line())
      server.process.kill('SIGSTOP')
      const client = connect(port, '127.0.0.1')
      try {
        await once(client, 'connect')
        const { stdout, stderr } = program(['who', '--all', String(port)])
        const rows = cellsOf(stdout).slice(1)
        expect(rows.map(([, , state, , , pid]) => [state, pid])).toEqual([
          ['listening', String(server.process.pid)],
          ['connected', '?'],
        ])
        expect(stderr).toBe(
          '? is the system itself, or a process that cannot be seen from here (a container)\n',
        )
      } finally {
        client.destroy()
        await server.kill('SIGKILL')
      }
    },
  )

  test.each([['70000'], ['10-5'], ['foo'], ['0'], ['--protocol=sctp'], ['--states'], ['--all=1']])(
    '%s is wrong usage',
    (arg) => {
      const { status, stdout, stderr } = program(['who', arg])
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
      expect(stderr).toMatch(/^port4me: error: .*\n$/)
    },
  )

  test.skipIf(process.platform === 'win32')(
    'does not wait for a reader that has gone',
    async () => {
      await whileListening({}, (port) => {
        const pipe = `${process.execPath} ${PROGRAM} who --all ${port} | true`
        expect(spawnSync('sh', ['-c', pipe], { env: environment() }).status).toBe(0)
      })
    },
  )
})

describe.skipIf(process.platform === 'win32')('port4me who in a terminal', () => {
  test('is as wide as the terminal, and its header is bold', async () => {
    await whileListening({}, (port) => {
      const lines = shown(80, ['who', String(port)])
      expect(lines).toHaveLength(2)
      const [header = '', row = ''] = lines
      expect([header.slice(0, 4), header.slice(-5)]).toEqual(['\x1b[1m', '\x1b[22m'])
      expect(header.slice(4, -5)).toMatch(/^ *PORT .* COMMAND$/)
      expect(row.length).toBeLessThanOrEqual(80)
      expect(row).toMatch(new RegExp(`^ *${port}  tcp .* ${process.pid} `))
      const [wide = '', wideRow = ''] = shown(1000, ['who', String(port)])
      expect(wide).toContain('COMMAND')
      expect(wideRow.length).toBeGreaterThanOrEqual(row.length)
      expect(wideRow).not.toContain('…')
    })
  })

  test.each([{ NO_COLOR: '1' }, { TERM: 'dumb' }])('%j makes nothing bold', async (variables) => {
    await whileListening({}, (port) => {
      const [header] = shown(80, ['who', String(port)], variables)
      expect(header).toMatch(/^ *PORT .* COMMAND$/)
    })
  })
})

describe('the table', () => {
  const NOW = Date.now()
  const SERVER: PortHolder = {
    port: 3000,
    protocol: 'tcp',
    family: 'both',
    address: '::',
    state: 'listening',
    pid: 4711,
    name: 'node',
    command: '/usr/bin/node /home/a/src/shop/node_modules/.bin/vite --port 3000 --strict --open /x',
    user: 'alice',
    uid: 1000,
    cwd: '/home/a/src/shop',
    startedAt: new Date(NOW - 3 * 3_600_000),
    project: '~/src/shop',
  }
  const lines = (holders: readonly PortHolder[], width?: number, hasState = false) =>
    table(holders, hasState, { width, bold: false }).trimEnd().split('\n')

  test('shortens the command first, without what other columns say', () => {
    expect(lines([SERVER], 80)).toEqual([
      'PORT  PROTO  ADDRESS  USER    PID  AGE  PROJECT     COMMAND',
      '3000  tcp    *        alice  4711   3h  ~/src/shop  node node_modules/.bin/vite…',
    ])
    expect(lines([SERVER])[1]).toContain(`  ${SERVER.command}`)
  })

  test.each([
    ['node server.js', 'node server.js'],
    ['/usr/bin/node /home/a/src/shop/server.js /x/y', 'node server.js /x/y'],
    ['/usr/bin/python3 /usr/local/bin/gunicorn --bind /run/x', 'python3 …/gunicorn --bind /run/x'],
    ['"C:\\Program Files\\nodejs\\node.exe" C:\\src\\a.js', 'node.exe …/a.js'],
    ['C:\\Windows\\System32\\svchost.exe -k', 'svchost.exe -k'],
    ['sshd: /usr/sbin/sshd -D', 'sshd: …/sshd -D'],
    ['nginx: master process /usr/sbin/nginx', 'nginx: master process /usr/sbin/nginx'],
    ['/', '/'],
  ])('in a terminal shows %j as %j', (command, short) => {
    const [, row] = lines([{ ...SERVER, command }], 200)
    expect(row).toBe(`3000  tcp    *        alice  4711   3h  ~/src/shop  ${short}`)
  })

  test.each([1, 5, 20, 33, 40, 50, 60, 70, 80, 100, 120, 200])(
    'has no line wider than %i columns',
    (width) => {
      const holders: PortHolder[] = [
        SERVER,
        {
          ...SERVER,
          address: 'fe80::1234:5678:9abc:def0%enp0s31f6',
          family: 'ipv6',
          pid: 2_000_000,
        },
        {
          ...SERVER,
          port: 65535,
          user: 'a-very-long-user-name@example.org',
          project: `~/${'長い'.repeat(9)}`,
        },
        { ...SERVER, port: 65535, state: 'time-wait', command: '東京'.repeat(50), pid: 3 },
      ]
      for (const hasState of [false, true]) {
        const widths = lines(holders, width, hasState).map(widthOf)
        expect(Math.max(...widths)).toBeLessThanOrEqual(width)
        expect(widths).toHaveLength(5)
      }
    },
  )

  test('aligns columns with wide and combining characters', () => {
    const of = (project: string, pid: number) => ({ ...SERVER, project, pid, command: 'end' })
    const rows = lines([of('~/店', 1), of('~/cafe\u0301', 2), of('~/🎉👩🏽x', 3)]).slice(1)
    expect(rows.map((row) => widthOf(row.slice(0, row.indexOf('end'))))).toEqual([
      ...Array(3).fill(widthOf(rows[0]?.slice(0, rows[0].indexOf('end')) ?? '')),
    ])
  })

  test('joins the addresses of one process and port', () => {
    const on = (address: string, pid = 4711): PortHolder => ({
      ...SERVER,
      family: 'ipv4',
      address,
      pid,
    })
    const addresses = (...holders: PortHolder[]) =>
      cellsOf(table(holders, false, PLAIN))
        .slice(1)
        .map(([, , address, , pid]) => `${pid} ${address}`)
    expect(addresses(on('10.0.0.1'), on('127.0.0.1'))).toEqual(['4711 10.0.0.1,127.0.0.1'])
    expect(addresses(on('0.0.0.0'), on('::'))).toEqual(['4711 *'])
    expect(addresses(on('127.0.0.1', 1), on('127.0.0.1', 2))).toEqual([
      '1 127.0.0.1',
      '2 127.0.0.1',
    ])
  })

  test('shows where a process works, and marks what does not listen', () => {
    const last = (change: Partial<PortHolder>) =>
      cellsOf(table([{ ...SERVER, command: 'x', ...change }], false, PLAIN))[1]?.slice(6)
    const { project: _, ...withoutProject } = SERVER
    const inContainer = { ...withoutProject, container: 'f'.repeat(64), command: 'x' }
    expect(last({})).toEqual(['~/src/shop', 'x'])
    expect(cellsOf(table([inContainer], false, PLAIN))[1]?.slice(6)).toEqual([
      `container ${'f'.repeat(12)}`,
      'x',
    ])
    expect(last({ state: 'bound' })).toEqual(['~/src/shop', '[bound] x'])
    expect(last({ state: 'bound', lease: true })).toEqual(['~/src/shop', '[lease] x'])
    expect(last({ state: 'bound', protocol: 'udp' })).toEqual(['~/src/shop', 'x'])
  })

  test.each([
    [0, '0s'],
    [-5, '0s'],
    [59, '59s'],
    [60, '1m'],
    [3599, '59m'],
    [3600, '1h'],
    [86_399, '23h'],
    [86_400, '1d'],
    [400 * 86_400, '400d'],
  ])('an age of %i seconds is %s', (seconds, age) => {
    // Half a second more, so that the time that the test takes does not matter.
    const startedAt = new Date(Date.now() - seconds * 1000 - 400)
    expect(cellsOf(table([{ ...SERVER, startedAt }], false, PLAIN))[1]?.[5]).toBe(age)
  })
})

describe('the width of a text', () => {
  test.each([
    ['', 0],
    ['abc', 3],
    ['é', 1],
    ['e\u0301', 1],
    ['東京', 4],
    ['ﾊﾟ', 2],
    ['한국', 4],
    ['\u1112\u1161\u11ab', 2],
    ['🎉', 2],
    ['👩🏽', 2],
    ['🇩🇪', 2],
    ['❤\ufe0f', 2],
    ['…', 1],
    ['ｆｕｌｌ', 8],
  ])('%s takes %i columns', (text, width) => {
    expect(widthOf(text)).toBe(width)
  })

  test('is what is left after a cut', () => {
    expect(cutEnd('abcdef', 6)).toBe('abcdef')
    expect(cutEnd('abcdef', 4)).toBe('abc…')
    expect(cutEnd('東京東京', 6)).toBe('東京…')
    expect(cutStart('~/src/shop', 6)).toBe('…/shop')
    expect(cutStart('東京東京', 4)).toBe('…京')
    expect(cutEnd('x'.repeat(100_000), 3)).toBe('xx…')
    expect(cutStart('x'.repeat(100_000), 3)).toBe('…xx')
  })
})
