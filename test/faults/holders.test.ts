// Tests whoHas() where the system hides something, has too little of something, or changes meanwhile.

import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ROOT } from '../support/paths.js'
import { allowingOnly } from '../support/permission.js'
import { OWN_NETWORK, preloading, script } from '../support/run.js'

const IS_NATIVE = process.env.PORT4ME_ENGINE === 'native'
const IS_ROOT = process.getuid?.() === 0
const EPERM = '1'

let folder: string
let library: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'port4me-'))
  library = join(folder, 'deny_call.so')
  const source = fileURLToPath(new URL('deny_call.cc', import.meta.url))
  execFileSync('g++', ['-shared', '-fPIC', '-o', library, source, '-ldl'])
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Opens servers of this process, asks about each, and returns the answers without what every process has. */
const ASK = `
  const net = require('node:net'); const dgram = require('node:dgram'); const { once } = require('node:events')
  const servers = []
  for (const where of [{ host: '127.0.0.1' }, { host: '0.0.0.0' }, { host: '::', ipv6Only: true }, { host: '::' }]) {
    const server = net.createServer().listen({ port: 0, ...where })
    await once(server, 'listening'); servers.push(server)
  }
  const udp = dgram.createSocket('udp4').bind(0); await once(udp, 'listening'); servers.push(udp)
  const answers = []
  for (const server of servers) {
    try {
      for (const holder of port4me.whoHas(server.address().port)) {
        const { protocol, family, address, state, pid, uid } = holder
        answers.push([protocol, family, address, state, pid === process.pid ? 'this process' : String(pid), uid].join(' '))
      }
    } catch ({ code, errno, message }) { answers.push([code, errno, message].join(' ')) }
  }
  for (const server of servers) server.close()
  return answers`

const rows = (pid: string) =>
  [
    'tcp ipv4 127.0.0.1 listening',
    'tcp ipv4 0.0.0.0 listening',
    'tcp ipv6 :: listening',
    'tcp both :: listening',
    'udp ipv4 0.0.0.0 bound',
  ].map((row) => `${row} ${pid} ${process.getuid?.()}`)

const inNetwork = (...more: readonly string[]) => [
  ...OWN_NETWORK,
  ...['sh', '-c', 'ip link set lo up; exec "$@"', 'sh', ...more],
]
/** Words that run a command without sockets of netlink. */
const withoutNetlink = () => [
  'env',
  ...['DENY=netlink', `DENY_ERRNO=${EPERM}`, `LD_PRELOAD=${preloading(library).LD_PRELOAD}`],
]
// (AddressSanitizer reads its options from /proc.)
const hasProc = process.env.ASAN_OPTIONS !== undefined
const [unshare = '', flags = ''] = OWN_NETWORK
const hidingProc = [
  ...[unshare, `${flags}m`, 'sh', '-c'],
  ...['ip link set lo up && mount -t tmpfs none /proc && exec "$@"', 'sh'],
]

test('where netlink is forbidden, the tables of /proc/net tell the same', () => {
  expect(script(ASK, { before: inNetwork(...withoutNetlink()) })).toEqual(rows('this process'))
})

test('where netlink is forbidden, a lease is told that others have asked about', () => {
  const body = `
    const lease = port4me.leasePort()
    const probe = 'require(' + JSON.stringify(require.resolve(${JSON.stringify(ROOT)})) + ').isFree(' + lease.port + ')'
    // The lock may then have a connection that was not accepted.
    require('node:child_process').execFileSync(process.execPath, ['-e', probe])
    const found = port4me.whoHas(lease.port).map(({ pid, lease }) => [pid === process.pid, lease])
    lease.release()
    return found`
  expect(script(body, { before: inNetwork(...withoutNetlink()) })).toEqual([[true, true]])
})

describe.skipIf(hasProc)('without /proc', () => {
  test.runIf(IS_NATIVE)('the sockets are told, but no processes', () => {
    expect(script(ASK, { before: hidingProc })).toEqual(rows('undefined'))
  })

  test('and without netlink the question is an error, not "nobody"', () => {
    const before = [...hidingProc, ...withoutNetlink()]
    const error = expect.stringMatching(/^ERR_SYSTEM ENOENT .*\/proc\/net\/(tcp|udp)/)
    expect(script(ASK, { before })).toEqual(rows('').map(() => error))
  })
})

test.runIf(IS_ROOT)('a /proc of another pid namespace tells the sockets, but no processes', () => {
  // The process ids in it are not those that kill() takes.
  const before = ['unshare', '--pid', '--fork', '--kill-child']
  expect(script(ASK, { before })).toEqual(rows('undefined'))
})

test.runIf(IS_ROOT)('with hidepid=2 another user still learns the user of the socket', () => {
  const hide = 'ip link set lo up; mount -o remount,hidepid=2 /proc; exec "$@"'
  const before = [
    ...OWN_NETWORK,
    '--mount',
    '--pid',
    '--fork',
    '--mount-proc',
    'sh',
    '-c',
    hide,
    'sh',
  ]
  const asNobody = `['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, '-e', code]`
  const body = `
    const server = require('node:net').createServer().listen(0, '127.0.0.1')
    await require('node:events').once(server, 'listening')
    const { port } = server.address()
    const code = 'console.log(JSON.stringify(require(' + JSON.stringify(require.resolve(${JSON.stringify(ROOT)})) + ').whoHas(' + port + ')))'
    const { stdout, stderr } = require('node:child_process').spawnSync('setpriv', ${asNobody}, { encoding: 'utf8' })
    server.close()
    return stdout === '' ? stderr : JSON.parse(stdout)`
  expect(script(body, { before })).toEqual([
    expect.objectContaining({ state: 'listening', user: 'root', uid: 0, address: '127.0.0.1' }),
  ])
  expect(script(body, { before })).not.toEqual([
    expect.objectContaining({ pid: expect.anything() }),
  ])
})

test.skipIf(IS_NATIVE)('a permission of Node.js that is missing is an error', () => {
  const body = `try { return port4me.whoHas(80) } catch ({ code, message }) { return [code, message].join(' ') }`
  expect(script(body, { before: inNetwork(), nodeArgs: allowingOnly(ROOT) })).toMatch(
    /^ERR_SYSTEM .*(--allow-fs-read|restricted)/,
  )
})

test.each(['whoHas(80)', 'await port4me.whoHasAsync(80)', 'listHolders()'])(
  'without descriptors %s is an error',
  (call) => {
    const body = `
      const fs = require('node:fs'); const held = []; port4me.whoHas(81)
      try { for (;;) held.push(fs.openSync('/dev/null')) } catch {}
      process.on('exit', () => held.forEach((fd) => fs.closeSync(fd)))
      try { return ${call.startsWith('await') ? call : `port4me.${call}`} } catch ({ code, errno }) { return [code, errno].join() }`
    const before = ['sh', '-c', 'ulimit -n 64; exec "$@"', 'sh']
    expect(script(body, { before })).toBe('ERR_SYSTEM,EMFILE')
  },
)

test('processes that start and end meanwhile cause no error', () => {
  const body = `
    const { spawn } = require('node:child_process')
    const server = require('node:net').createServer().listen(0)
    await require('node:events').once(server, 'listening')
    const { port } = server.address()
    // Shells that start one short process after another.
    const churn = 'echo; while :; do /bin/true; done'
    const shells = [1, 2, 3].map(() => spawn('sh', ['-c', churn], { stdio: ['ignore', 'pipe', 'ignore'] }))
    for (const shell of shells) await require('node:events').once(shell.stdout, 'data')
    const pids = new Set(); let asked = 0
    for (const end = Date.now() + 1500; Date.now() < end || asked < 6; asked++) {
      for (const { pid } of await port4me.listHoldersAsync({ ports: [port] })) pids.add(pid)
      for (const { pid } of port4me.whoHas(port)) pids.add(pid)
      await new Promise(setImmediate)
    }
    for (const shell of shells) shell.kill()
    server.close()
    return { pids: [...pids].map((pid) => pid === process.pid), asked }`
  expect(script(body)).toEqual({
    pids: [true],
    asked: expect.toSatisfy((count: number) => count > 5),
  })
})

test('many questions at the same time leave room for other work', () => {
  // The questions take a second or longer.
  const body = `
    const begin = performance.now()
    const asked = Array.from({ length: 200 }, () => port4me.listHoldersAsync().catch(() => {}))
    const atStart = performance.now() - begin
    await new Promise((resolve) => require('node:fs').readFile('/dev/null', resolve))
    const read = performance.now() - begin
    await Promise.all(asked)
    return [atStart, read, performance.now() - begin]`
  const [atStart, read, all] = script(body) as [number, number, number]
  expect(atStart).toBeLessThan(all / 4)
  expect(read).toBeLessThan(all / 4)
})

test('one of 300 processes with 10,000 descriptors is found', () => {
  const fill = `
import os, socket, sys
for i in range(300):
    if os.fork() == 0:
        held = [os.dup(2) for _ in range(16)] + [socket.socket() for _ in range(16)]
        if i == 100:
            held[-1].bind(("127.0.0.1", 0)); held[-1].listen()
            print(held[-1].getsockname()[1], os.getpid(), flush=True)
        sys.stdin.read(); os._exit(0)
sys.stdin.read()`
  const body = `
    const child = require('node:child_process').spawn('python3', ['-c', ${JSON.stringify(fill)}], { stdio: ['pipe', 'pipe', 'inherit'] })
    const lines = require('node:readline').createInterface({ input: child.stdout })
    const [line] = await require('node:events').once(lines, 'line')
    const [port, pid] = String(line).split(' ').map(Number)
    const found = port4me.whoHas(port).map((holder) => holder.pid === pid)
    const again = (await port4me.whoHasAsync(port)).map((holder) => holder.pid === pid)
    child.stdin.end()
    await require('node:events').once(child, 'exit')
    return [found, again]`
  expect(script(body)).toEqual([[true], [true]])
})

const makesKernelSockets =
  IS_ROOT &&
  spawnSync('unshare', [
    '-n',
    'ip',
    'link',
    'add',
    'v',
    'type',
    'vxlan',
    'id',
    '1',
    'dstport',
    '4789',
  ]).status === 0

test.runIf(makesKernelSockets)('a port of the kernel has no process', () => {
  const make =
    'ip link set lo up; ip link add v type vxlan id 1 dstport 4789; ip link set v up; exec "$@"'
  const before = [...OWN_NETWORK, 'sh', '-c', make, 'sh']
  const body = `return port4me.whoHas(4789).map(({ protocol, state, pid }) => [protocol, state, pid ?? 'no process'])`
  const holders = script(body, { before }) as unknown[]
  expect(holders.length).toBeGreaterThan(0)
  for (const holder of holders) expect(holder).toEqual(['udp', 'bound', 'no process'])
})
