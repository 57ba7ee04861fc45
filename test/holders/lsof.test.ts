// Tests the way to find holders on macOS and the BSDs: on Linux with the real lsof and ps, whose output has the same
// form, and with output of macOS.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { HoldersReport } from '../../binding.js'
import { Ask, State } from '../../lib/codes.js'
import { lsofSteps } from '../../lib/engine/fallback/holders/lsof.js'
import { findLater, findNow } from '../../lib/engine/fallback/holders/steps.js'
import type { Command } from '../../lib/system-program.js'
import { freePort } from '../support/listeners.js'

const BOTH = Ask.TCP | Ask.UDP
const HOLDING = State.LISTENING | State.BOUND
const NONE = new Uint16Array(0)

/** Opens sockets, tells their ports, and waits. It inherits the listening socket at descriptor 3. */
const PROGRAM = `
  const net = require('node:net'), dgram = require('node:dgram')
  const listen = (options) => new Promise((resolve) => {
    const server = net.createServer().listen({ port: 0, ...options }, () => resolve(server.address().port))
  })
  const bind = (type, address) => new Promise((resolve) => {
    const socket = dgram.createSocket(type)
    socket.bind(0, address, () => resolve(socket.address().port))
  })
  void (async () => {
    const ports = {
      ipv4: await listen({ host: '127.0.0.1' }),
      all4: await listen({ host: '0.0.0.0' }),
      ipv6: await listen({ host: '::1' }),
      all: await listen({}),
      udp4: await bind('udp4', '127.0.0.1'),
      udp: await bind('udp6'),
    }
    net.connect(ports.ipv4, '127.0.0.1', () => console.log(JSON.stringify(ports)))
  })()
`

describe.skipIf(process.platform === 'win32')('with the lsof of this system', () => {
  let folder: string
  let child: ChildProcess
  let startedAt: number
  let inherited: Server
  let ports: Record<string, number>
  beforeAll(async () => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'port4me-höl ders-')))
    inherited = createServer().listen(0, '127.0.0.1')
    await once(inherited, 'listening')
    const { fd } = (inherited as unknown as { _handle: { fd: number } })._handle
    startedAt = Date.now()
    child = spawn(process.execPath, ['-e', PROGRAM, 'a word'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit', fd],
    })
    const [line] = (await once(child.stdout ?? child, 'data')) as [Buffer]
    ports = JSON.parse(String(line)) as Record<string, number>
  })
  afterAll(async () => {
    child.kill()
    inherited.close()
    await once(child, 'exit')
    rmSync(folder, { recursive: true })
  })

  const socketsOf = ({ sockets }: HoldersReport, port: number) =>
    sockets.filter((socket) => socket.port === port)

  test('finds each socket, its state and its process', () => {
    const report = findNow(lsofSteps(Uint16Array.from(Object.values(ports)), BOTH, HOLDING, ''))
    const expected = {
      ipv4: { protocol: 'tcp', address: '127.0.0.1', state: State.LISTENING },
      all4: { protocol: 'tcp', address: '0.0.0.0', state: State.LISTENING },
      ipv6: { protocol: 'tcp', address: '::1', state: State.LISTENING },
      all: { protocol: 'tcp', address: '::', state: State.LISTENING },
      udp4: { protocol: 'udp', address: '127.0.0.1', state: State.BOUND },
      udp: { protocol: 'udp', address: '::', state: State.BOUND },
    }
    for (const [name, socket] of Object.entries(expected)) {
      const port = ports[name] ?? 0
      expect(socketsOf(report, port), name).toEqual([{ ...socket, port, pids: [child.pid] }])
    }
    expect(report.sockets.length).toBe(6)
  })

  test('finds out about the process and its ancestors', () => {
    const { processes } = findNow(lsofSteps(Uint16Array.of(ports.ipv4 ?? 0), Ask.TCP, HOLDING, ''))
    const { uid, username } = userInfo()
    const [holder, parent, ...others] = processes
    expect(holder).toMatchObject({
      pid: child.pid,
      parent: process.pid,
      name: expect.stringMatching(/^node$|MainThread$/), // Linux: the name of the main thread
      uid,
      user: username,
      cwd: folder,
    })
    expect(holder?.command).toMatch(/ a word$/)
    expect(Math.abs((holder?.startedAt ?? 0) - startedAt)).toBeLessThan(3000)
    expect(parent).toMatchObject({ pid: process.pid, parent: process.ppid })
    expect(others.map(({ pid }) => pid)).toContain(process.ppid)
  })

  test('names all processes that have one socket', () => {
    const { port } = inherited.address() as { port: number }
    const { sockets, processes } = findNow(lsofSteps(Uint16Array.of(port), BOTH, HOLDING, ''))
    expect(sockets.length).toBe(1)
    const both = [process.pid, child.pid].sort()
    expect([...(sockets[0]?.pids ?? [])].sort()).toEqual(both)
    expect(processes.map(({ pid }) => pid)).toEqual(expect.arrayContaining(both))
  })

  test('tells connected sockets from listening ones', () => {
    const port = ports.ipv4 ?? 0
    const { sockets } = findNow(lsofSteps(Uint16Array.of(port), BOTH, State.CONNECTED, ''))
    expect(sockets.map(({ state, pids }) => ({ state, pids }))).toEqual([
      { state: State.CONNECTED, pids: [child.pid] },
    ])
  })

  test('finds the same without blocking the event loop', async () => {
    const question = [NONE, BOTH, HOLDING, ''] as const
    const ofChild = ({ sockets }: HoldersReport) =>
      sockets.filter(({ pids }) => child.pid !== undefined && pids.includes(child.pid))
    const now = ofChild(findNow(lsofSteps(...question)))
    expect(ofChild(await findLater(lsofSteps(...question)))).toEqual(now)
    expect(now.length).toBe(7)
  })

  test('finds nobody if nobody has the port', async () => {
    const report = findNow(lsofSteps(Uint16Array.of(await freePort()), BOTH, 15, ''))
    expect(report).toEqual({ sockets: [], processes: [] })
  })

  test('says that lsof is missing', async () => {
    vi.stubEnv('PATH', folder)
    const expected = {
      code: 'ENOENT',
      syscall: 'spawn lsof',
      message: expect.stringContaining('without lsof'),
    }
    const error = catchError(() => findNow(lsofSteps(NONE, BOTH, HOLDING, '')))
    expect(error).toMatchObject(expected)
    await expect(findLater(lsofSteps(NONE, BOTH, HOLDING, ''))).rejects.toMatchObject(expected)
    vi.unstubAllEnvs()
  })
})

function catchError(call: () => unknown): unknown {
  try {
    return call()
  } catch (error) {
    return error
  }
}

describe('with output of macOS', () => {
  // The forms of lsof 4.91 and ps of macOS, as their manual pages describe them.
  const SOCKETS = `p321
cControlCenter
u501
Lalice
f9
tIPv4
d0x5e1c2b3a4d5f6071
PTCP
n*:7000
TST=LISTEN
TQR=0
TQS=0
f10
tIPv6
d0x5e1c2b3a4d5f6072
PTCP
n*:7000
TST=LISTEN
p4001
cGoogle\\x20Chrome
u501
Lalice
f20
tIPv4
d0x1111
PUDP
n*:*
f21
tIPv6
d0x2222
PUDP
n[fe80:4::aede:48ff:fe00:1122]:5353
f22
tIPv4
d0x3333
PTCP
n127.0.0.1:52100->127.0.0.1:3000
TST=ESTABLISHED
p4100
cnode
u501
Lalice
f18
tIPv6
d0x4444
PTCP
n*:3000
TST=LISTEN
f19
tIPv4
d0x5555
PTCP
n127.0.0.1:3001
TST=CLOSED
f20
tIPv4
d0x6666
PTCP
n127.0.0.1:3000->127.0.0.1:52100
TST=ESTABLISHED
p4101
cnode
u501
Lalice
f18
tIPv6
d0x4444
PTCP
n*:3000
TST=LISTEN
`
  const TABLE = `    1     0 12-03:04:05 /sbin/launchd
  300     1    02:03:04 /Applications/Some App.app/Contents/MacOS/Some App
  321     1 11-00:00:01 /System/Library/CoreServices/ControlCenter.app/Contents/MacOS/ControlCenter
 4100   300       00:59 node
 4101  4100       00:58 /opt/homebrew/bin/node
`
  const COMMANDS = ` 4100 node server.js --port 3000
 4101 /opt/homebrew/bin/node worker.js
`
  const FOLDERS = `p4100
fcwd
tDIR
n/Users/alice/My sh\\xc3\\xb6p
p4101
fcwd
tunknown
n(readlink: Permission denied)
`

  /** Runs the steps with these outputs; null stands for a program that cannot be run. */
  function reportOf(question: Parameters<typeof lsofSteps>, outputs: readonly (string | null)[]) {
    const steps = lsofSteps(...question)
    const commands: Command[] = []
    let step = steps.next()
    for (const stdout of outputs) {
      if (step.done || step.value === undefined) break
      commands.push(step.value)
      const error = Object.assign(new Error('spawn'), { code: 'ENOENT', syscall: 'spawn' })
      step = stdout === null ? steps.throw(error) : steps.next({ stdout, status: 0 })
    }
    if (!step.done) throw new Error('the steps need more output')
    return { report: step.value, commands }
  }

  test('finds sockets, processes and folders', () => {
    const now = Math.floor(Date.now() / 1000) * 1000
    const { report, commands } = reportOf(
      [Uint16Array.of(3000, 3001), Ask.TCP, HOLDING, ''],
      [SOCKETS, TABLE, COMMANDS, FOLDERS],
    )
    expect(report.sockets).toEqual([
      { port: 3000, protocol: 'tcp', address: '::', state: State.LISTENING, pids: [4100, 4101] },
      { port: 3001, protocol: 'tcp', address: '127.0.0.1', state: State.BOUND, pids: [4100] },
    ])
    const alice = { uid: 501, user: 'alice', startedAt: expect.any(Number) }
    expect(report.processes).toEqual([
      {
        pid: 4100,
        parent: 300,
        name: 'node',
        ...alice,
        command: 'node server.js --port 3000',
        cwd: '/Users/alice/My shöp',
      },
      { pid: 300, parent: 1, name: 'Some App', startedAt: expect.any(Number) },
      { pid: 1, name: 'launchd', startedAt: expect.any(Number) },
      {
        pid: 4101,
        parent: 4100,
        name: 'node',
        ...alice,
        command: '/opt/homebrew/bin/node worker.js',
      },
    ])
    const ages = report.processes.map(({ startedAt = 0 }) => Math.round((now - startedAt) / 1000))
    const expected = [59, 2 * 3600 + 184, 12 * 86400 + 3 * 3600 + 245, 58]
    for (const [i, age] of ages.entries()) {
      expect(Math.abs(age - (expected[i] ?? 0))).toBeLessThanOrEqual(1)
    }
    expect(commands.map(({ file }) => file)).toEqual(['lsof', 'ps', 'ps', 'lsof'])
    expect(commands[3]?.args).toContain('-p4100,4101')
  })

  test('finds the sockets of all ports, in all states', () => {
    const { report } = reportOf([NONE, BOTH, 15, ''], [SOCKETS, TABLE, COMMANDS, FOLDERS])
    expect(
      report.sockets.map(({ port, protocol, address, state }) => [port, protocol, address, state]),
    ).toEqual([
      [7000, 'tcp', '0.0.0.0', State.LISTENING],
      [7000, 'tcp', '::', State.LISTENING],
      [5353, 'udp', 'fe80::aede:48ff:fe00:1122%4', State.BOUND],
      [52100, 'tcp', '127.0.0.1', State.CONNECTED],
      [3000, 'tcp', '::', State.LISTENING],
      [3001, 'tcp', '127.0.0.1', State.BOUND],
      [3000, 'tcp', '127.0.0.1', State.CONNECTED],
    ])
  })

  test('needs only lsof to tell the process and its user', () => {
    const { report } = reportOf(
      [Uint16Array.of(5353), Ask.UDP, HOLDING, ''],
      [SOCKETS, null, null, null],
    )
    const process = { pid: 4001, name: 'Google Chrome', user: 'alice', uid: 501 }
    expect(report.processes).toEqual([process])
  })

  test('runs nothing else if there is no such socket', () => {
    const { report, commands } = reportOf([Uint16Array.of(9), BOTH, 15, ''], [SOCKETS])
    expect(report).toEqual({ sockets: [], processes: [] })
    expect(commands.length).toBe(1)
  })
})
