// Tests the way to find holders with programs of Windows: with output of these programs, because there is no Windows.

import { describe, expect, test } from 'vitest'
import { Ask, State } from '../../lib/codes.js'
import { netstatSteps } from '../../lib/engine/fallback/holders/netstat.js'
import type { Command } from '../../lib/system-program.js'

const BOTH = Ask.TCP | Ask.UDP
const HOLDING = State.LISTENING | State.BOUND
const ALL_STATES = 15
const NONE = new Uint16Array(0)

// The form of netstat, with the carriage returns that Windows prints.
const NETSTAT = `
Active Connections

  Proto  Local Address          Foreign Address        State           PID
  TCP    0.0.0.0:135            0.0.0.0:0              LISTENING       1044
  TCP    0.0.0.0:3000           0.0.0.0:0              LISTENING       7004
  TCP    127.0.0.1:3001         0.0.0.0:0              LISTENING       9999
  TCP    127.0.0.1:52100        127.0.0.1:3000         ESTABLISHED     7100
  TCP    127.0.0.1:3000         127.0.0.1:52100        ESTABLISHED     7004
  TCP    192.168.1.20:3000      192.168.1.7:50112      TIME_WAIT       0
  TCP    [::]:135               [::]:0                 LISTENING       1044
  TCP    [::]:3000              [::]:0                 LISTENING       7004
  TCP    [::1]:8080             [::1]:52200            CLOSE_WAIT      7004
  UDP    0.0.0.0:123            *:*                                    1200
  UDP    [::]:123               *:*                                    1200
  UDP    [fe80::aede:48ff:fe00:1122%12]:1900  *:*                      3300
`.replaceAll('\n', '\r\n')

// The same in German: the words differ, and the columns are as wide as the words.
const GERMAN = `
Aktive Verbindungen

  Proto  Lokale Adresse         Remoteadresse          Status           PID
  TCP    0.0.0.0:3000           0.0.0.0:0              ABHÖREN         7004
  TCP    127.0.0.1:3000         127.0.0.1:52100        HERGESTELLT     7004
  TCP    192.168.1.20:3000      192.168.1.7:50112      WARTEND         0
  TCP    192.168.1.20:3000      192.168.1.7:50113      SYN GESENDET    7004
  TCP    [::]:3000              [::]:0                 ABHÖREN         7004
`.replaceAll('\n', '\r\n')

const line = (process: object): string => `${JSON.stringify(process)}\r\n`
const started = (seconds: number): string =>
  `2026-11-23T10:00:${String(seconds).padStart(2, '0')}.1234567Z`
const POWERSHELL = `\uFEFF${[
  { pid: 0, parent: 0, name: 'System Idle Process', command: null, user: null, started: null },
  { pid: 4, parent: 0, name: 'System', command: null, user: null, started: started(0) },
  { pid: 1044, parent: 900, name: 'svchost.exe', command: null, user: null, started: started(1) },
  {
    pid: 5000,
    parent: 4900, // its number now belongs to a younger process
    name: 'explorer.exe',
    command: 'C:\\Windows\\Explorer.EXE',
    user: null,
    started: started(5),
  },
  { pid: 4900, parent: 4, name: 'later.exe', command: null, user: null, started: started(30) },
  {
    pid: 6000,
    parent: 5000,
    name: 'cmd.exe',
    command: '"C:\\Windows\\system32\\cmd.exe"',
    user: null,
    started: started(6),
  },
  {
    pid: 7004,
    parent: 6000,
    name: 'node.exe',
    command: '"C:\\Program Files\\nodejs\\node.exe" server.js --name "Jürgen \\"J\\" 💡"',
    user: 'alice',
    started: started(7),
  },
]
  .map(line)
  .join('')}`

const TASKLIST = `"System Idle Process","0","Services","0","8 K"\r
"svchost.exe","1044","Services","0","10.112 K"\r
"node.exe","7004","Console","1","45.680 K"\r
`

/** Runs the steps with these outputs; null stands for a program that cannot be run. */
function reportOf(question: Parameters<typeof netstatSteps>, outputs: readonly (string | null)[]) {
  const steps = netstatSteps(...question)
  const commands: Command[] = []
  let step = steps.next()
  for (const stdout of outputs) {
    if (step.done || step.value === undefined) break
    commands.push(step.value)
    const error = Object.assign(new Error('spawn'), { code: 'ENOENT', syscall: 'spawn' })
    step = stdout === null ? steps.throw(error) : steps.next({ stdout, status: 0 })
  }
  if (!step.done) throw new Error('the steps need more output')
  return { ...step.value, commands }
}

const of3000 = Uint16Array.of(3000)

test('finds the listeners of a port, their process and its ancestors', () => {
  const { sockets, processes, commands } = reportOf(
    [of3000, BOTH, HOLDING, ''],
    [NETSTAT, POWERSHELL],
  )
  const listener = { port: 3000, protocol: 'tcp', state: State.LISTENING, pids: [7004] }
  expect(sockets).toEqual([
    { ...listener, address: '0.0.0.0' },
    { ...listener, address: '::' },
  ])
  const at = (seconds: number) => Date.UTC(2026, 10, 23, 10, 0, seconds, 123)
  expect(processes).toEqual([
    {
      pid: 7004,
      parent: 6000,
      name: 'node.exe',
      command: '"C:\\Program Files\\nodejs\\node.exe" server.js --name "Jürgen \\"J\\" 💡"',
      user: 'alice',
      startedAt: at(7),
    },
    {
      pid: 6000,
      parent: 5000,
      name: 'cmd.exe',
      command: '"C:\\Windows\\system32\\cmd.exe"',
      startedAt: at(6),
    },
    // Its parent has ended: the process with that number is younger.
    { pid: 5000, name: 'explorer.exe', command: 'C:\\Windows\\Explorer.EXE', startedAt: at(5) },
  ])
  expect(commands.map(({ file }) => file)).toEqual(['netstat.exe', 'powershell.exe'])
  expect(commands[1]?.args.at(-1)).toContain('@(7004)')
  expect(commands[1]?.args.at(-1)).not.toContain('"')
})

test('finds all sockets, in all states', () => {
  const { sockets } = reportOf([NONE, BOTH, ALL_STATES, ''], [NETSTAT, POWERSHELL])
  expect(
    sockets.map(({ port, protocol, address, state, pids }) => [
      protocol,
      address,
      port,
      state,
      ...pids,
    ]),
  ).toEqual([
    ['tcp', '0.0.0.0', 135, State.LISTENING, 1044],
    ['tcp', '0.0.0.0', 3000, State.LISTENING, 7004],
    ['tcp', '127.0.0.1', 3001, State.LISTENING], // process 9999 has ended
    ['tcp', '127.0.0.1', 52100, State.CONNECTED], // process 7100 too
    ['tcp', '127.0.0.1', 3000, State.CONNECTED, 7004],
    ['tcp', '192.168.1.20', 3000, State.TIME_WAIT],
    ['tcp', '::', 135, State.LISTENING, 1044],
    ['tcp', '::', 3000, State.LISTENING, 7004],
    ['tcp', '::1', 8080, State.CONNECTED, 7004],
    ['udp', '0.0.0.0', 123, State.BOUND],
    ['udp', '::', 123, State.BOUND],
    ['udp', 'fe80::aede:48ff:fe00:1122%12', 1900, State.BOUND],
  ])
})

test('does not depend on the language', () => {
  const { sockets } = reportOf([NONE, BOTH, ALL_STATES, ''], [GERMAN, POWERSHELL])
  expect(sockets.map(({ state }) => state)).toEqual([
    State.LISTENING,
    State.CONNECTED,
    State.TIME_WAIT,
    State.CONNECTED,
    State.LISTENING,
  ])
})

test('asks only for the protocols of the question', () => {
  const { sockets } = reportOf([NONE, Ask.UDP, ALL_STATES, ''], [NETSTAT, POWERSHELL])
  expect(sockets.map(({ protocol }) => protocol)).toEqual(['udp', 'udp', 'udp'])
})

describe('without PowerShell', () => {
  test.each([
    ['it is missing', null],
    ['it prints an error', 'powershell is disabled by your administrator {}\r\n'],
  ])('tells the names: %s', (_why, output) => {
    const { sockets, processes } = reportOf(
      [of3000, BOTH, HOLDING, ''],
      [NETSTAT, output, TASKLIST],
    )
    expect(sockets.map(({ pids }) => pids)).toEqual([[7004], [7004]])
    expect(processes).toEqual([{ pid: 7004, name: 'node.exe' }])
  })

  test('and without tasklist tells the number of the process', () => {
    const { sockets, processes } = reportOf([of3000, BOTH, HOLDING, ''], [NETSTAT, null, null])
    expect(sockets.map(({ pids }) => pids)).toEqual([[7004], [7004]])
    expect(processes).toEqual([])
  })
})

test('tells the working directory of this process', () => {
  const row = `  TCP    127.0.0.1:3000    0.0.0.0:0    LISTENING    ${process.pid}\r\n`
  const own = { pid: process.pid, parent: 0, name: 'node.exe', command: null, user: 'alice' }
  const { processes } = reportOf(
    [of3000, BOTH, HOLDING, ''],
    [row, line({ ...own, started: started(9) })],
  )
  expect(processes).toMatchObject([{ pid: process.pid, cwd: process.cwd() }])
})

test('runs nothing else if there is no such socket', () => {
  const { commands, ...report } = reportOf([Uint16Array.of(9), BOTH, ALL_STATES, ''], [NETSTAT])
  expect(report).toEqual({ sockets: [], processes: [] })
  expect(commands.length).toBe(1)
})

test('a failure of netstat is an error of the system', () => {
  const steps = netstatSteps(NONE, BOTH, HOLDING, '')
  steps.next()
  const failed = { code: 'UNKNOWN', syscall: 'netstat' }
  expect(() => steps.next({ stdout: '', status: 1 })).toThrow(expect.objectContaining(failed))
})
