// whoHas() and listHolders(), compared with sockets and processes that the test itself started.

import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import net from 'node:net'
import { release, tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import type { PortHolder } from '../../lib/types.js'
import { freePort } from '../support/listeners.js'
import { port4me as api } from '../support/package.js'
import { type Companion, start } from '../support/processes.js'
import { OWN_NETWORK, script } from '../support/run.js'

const isLinux = process.platform === 'linux'
const HOLDER = fileURLToPath(new URL('../support/holder.py', import.meta.url))
const [major = 0, minor = 0] = release().split('.').map(Number)
/** Whether the engine learns of TCP sockets that are only bound: sock_diag(7) tells them since Linux 6.8. */
const TELLS_BOUND = isLinux && api.engine === 'native' && (major > 6 || (major === 6 && minor >= 8))

const me = { pid: process.pid, user: userInfo().username, cwd: process.cwd() }
const companions: Companion[] = []
afterEach(async () => {
  for (const { process, ended } of companions.splice(0)) {
    process.stdin?.end()
    await ended
  }
})

interface Wanted {
  readonly protocol: 'tcp' | 'udp'
  readonly address: string
  readonly v6only?: boolean
  readonly listen?: boolean
}

interface HoldOptions {
  /** The words that start the process. */
  readonly before?: readonly string[]
  readonly children?: number
  readonly parent?: string
  readonly uid?: number
}

interface Held {
  readonly ports: readonly number[]
  readonly pids: readonly number[]
  readonly parent: number
  readonly companion: Companion
}

/** Starts a process that holds ports: test/support/holder.py. */
async function hold(
  sockets: readonly Wanted[],
  { before = [] as readonly string[], ...task }: HoldOptions = {},
): Promise<Held> {
  const [file = 'python3', ...args] = [...before, 'python3', HOLDER]
  const companion = start(file, [...args, JSON.stringify({ sockets, ...task })])
  companions.push(companion)
  return { ...(JSON.parse(await companion.line()) as Omit<Held, 'companion'>), companion }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** The facts that each row must have, without what no test knows before. */
function facts({ parents, startedAt, ...holder }: PortHolder): object {
  return holder
}

/** What `ps` and /proc say about a process: a second source. */
function seenByPs(pid: number): { command: string; startedAt: number } {
  const field = (name: string) =>
    execFileSync('ps', ['-ww', '-o', `${name}=`, '-p', String(pid)], { encoding: 'utf8' }).trim()
  return {
    command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1).join(' '),
    startedAt: Date.now() - Number(field('etimes')) * 1000,
  }
}

describe.runIf(isLinux)('whoHas()', () => {
  const TCP: readonly Wanted[] = [
    { protocol: 'tcp', address: '127.0.0.1', listen: true },
    { protocol: 'tcp', address: '0.0.0.0', listen: true },
    { protocol: 'tcp', address: '::1', listen: true },
    { protocol: 'tcp', address: '::', listen: true, v6only: true },
    { protocol: 'tcp', address: '::', listen: true },
    { protocol: 'tcp', address: '::ffff:127.0.0.1', listen: true },
  ]
  const bound = TCP.map((wanted) => ({ ...wanted, listen: false }))
  const udp = bound.map((wanted): Wanted => ({ ...wanted, protocol: 'udp' }))

  const familyOf = ({ address, v6only }: Wanted) =>
    address.includes('.') ? 'ipv4' : address === '::' && !v6only ? 'both' : 'ipv6'
  const addressOf = ({ address }: Wanted) => address.replace('::ffff:', '')

  test.each([
    ['TCP servers', TCP, true],
    ['TCP sockets that are only bound', bound, TELLS_BOUND],
    ['UDP sockets', udp, true],
  ] as const)('tells %s of another process', async (_, wanted, isTold) => {
    const { ports, pids } = await hold(wanted)
    const pid = pids[0] as number
    const { command, startedAt } = seenByPs(pid)
    const rows = ports.map((port) => api.whoHas(port))
    expect(rows.map((holders) => holders.map(facts))).toEqual(
      wanted.map((one, i) =>
        isTold
          ? [
              {
                port: ports[i],
                protocol: one.protocol,
                family: familyOf(one),
                address: addressOf(one),
                state: one.listen ? 'listening' : 'bound',
                ...me,
                pid,
                uid: process.getuid?.(),
                name: expect.stringMatching(/^python3/),
                command,
                project: expect.stringMatching(/\S/),
                lease: false,
              },
            ]
          : [],
      ),
    )
    for (const holder of rows.flat()) {
      expect(Math.abs(Number(holder.startedAt) - startedAt)).toBeLessThan(2000)
      expect(holder.parents?.[0]).toEqual({ pid: process.pid, name: expect.any(String) })
      expect(holder.parents?.at(-1)?.pid).toBe(1)
    }
    expect(await api.whoHasAsync(ports[0] as number)).toEqual(rows[0])
    const listed = api.listHolders({ ports }).map(({ port }) => port)
    expect(listed).toEqual(isTold ? [...ports].sort((a, b) => a - b) : [])
  })

  test('tells a socket of each family only to questions about that family', async () => {
    const { ports } = await hold(TCP)
    const count = (family: 'ipv4' | 'ipv6') =>
      ports.map((port) => api.whoHas(port, { family }).length)
    expect(count('ipv4')).toEqual([1, 1, 0, 0, 1, 1])
    expect(count('ipv6')).toEqual([0, 0, 1, 1, 1, 0])
  })

  test('tells a lease of this process, and the server that takes it over', async () => {
    const lease = api.leasePort()
    const held = api.whoHas(lease.port)
    expect(held.length).toBeGreaterThan(0)
    for (const holder of held) {
      expect(holder).toMatchObject({ ...me, lease: true, protocol: 'tcp' })
    }
    const server = net.createServer()
    await lease.listen(server)
    expect(api.whoHas(lease.port, { states: ['listening'] })).toMatchObject([
      { ...me, lease: false, state: 'listening', family: 'both', address: '::' },
    ])
    server.close()
    await once(server, 'close')
    expect(api.whoHas(lease.port)).toEqual([])
  })

  test.each(['native', 'fallback'])(
    'tells a lease of the %s engine in another process',
    async (engine) => {
      const leaser = fileURLToPath(new URL('../processes/leaser.cjs', import.meta.url))
      const root = fileURLToPath(new URL('../..', import.meta.url))
      const companion = start(process.execPath, [leaser, root, '1', 'holders'], {
        PORT4ME_ENGINE: engine,
      })
      companions.push(companion)
      const [port] = JSON.parse(await companion.line()) as [number]
      // The lock may then have a connection that was not accepted.
      const variables = { PORT4ME_ENGINE: 'native' }
      expect(script(`return port4me.isFree(${port})`, { variables })).toBe(false)
      const held = api.whoHas(port)
      expect(held.length).toBeGreaterThan(0)
      for (const holder of held) {
        expect(holder).toMatchObject({
          port,
          pid: companion.process.pid,
          user: me.user,
          lease: true,
        })
      }
    },
  )

  // Elsewhere the two cannot be told apart.
  test.runIf(TELLS_BOUND)(
    'tells a server of the process that has leased its port as no lease',
    async () => {
      const lease = api.leasePort()
      const server = net.createServer().listen(lease.port, '127.0.0.1')
      await once(server, 'listening')
      const found = api.whoHas(lease.port).map(({ state, lease }) => [state, lease])
      server.close()
      lease.release()
      expect(found).toContainEqual(['listening', false])
      expect(found).toContainEqual(['bound', true])
    },
  )

  test.runIf(process.getuid?.() === 0)("tells a lease of another user's process", () => {
    const lease = api.leasePort({ protocol: 'udp' })
    const asNobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
    const found = script(`return port4me.whoHas(${lease.port})`, { before: asNobody })
    lease.release()
    const rows = found as PortHolder[]
    expect(rows.length).toBeGreaterThan(0)
    for (const row of rows) {
      expect(row).toMatchObject({ address: expect.any(String), lease: true, uid: 0 })
    }
  })

  test.each(['keeps', 'closes', 'ends'])(
    'names both children that inherited a socket, and the parent, which %s it',
    async (parent) => {
      // The shell keeps the input open when the parent has ended.
      const before = ['sh', '-c', '"$@"; cat', 'sh']
      const {
        ports,
        pids,
        parent: pid,
      } = await hold([TCP[4] as Wanted], { before, children: 2, parent })
      while (parent === 'ends' && isRunning(pid)) await setTimeout(5)
      const held = api.whoHas(ports[0] as number)
      expect(held.map(({ pid }) => pid)).toEqual([...pids].sort((a, b) => a - b))
    },
  )

  test('names a child that has the socket under another number', async () => {
    const server = net.createServer().listen(0)
    await once(server, 'listening')
    const { port } = server.address() as net.AddressInfo
    const { fd } = (server as unknown as { _handle: { fd: number } })._handle
    const children = [0, 1].map(() =>
      start(
        'sh',
        ['-c', `exec python3 -c 'import sys; print(1, flush=True); sys.stdin.read()' `],
        {},
        [fd],
      ),
    )
    companions.push(...children)
    for (const child of children) await child.line()
    const pids = [process.pid, ...children.map(({ process }) => process.pid)]
    expect(api.whoHas(port).map(({ pid }) => pid)).toEqual(
      pids.sort((a, b) => Number(a) - Number(b)),
    )
    server.close()
  })

  test('tells connections and TIME_WAIT only when asked', async () => {
    const server = net.createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as net.AddressInfo
    const accepted = once(server, 'connection')
    const client = net.connect(port, '127.0.0.1')
    const [socket] = (await accepted) as [net.Socket]
    expect(api.whoHas(port)).toHaveLength(1)
    const connected = api.whoHas(port, { states: ['connected'] })
    expect(connected).toMatchObject([{ ...me, state: 'connected', address: '127.0.0.1' }])
    // The side that closes first has the TIME_WAIT.
    socket.destroy()
    await once(client, 'close')
    server.close()
    await once(server, 'close')
    expect(api.whoHas(port)).toEqual([])
    const [waiting, ...others] = api.whoHas(port, { states: ['time-wait', 'connected'] })
    expect(waiting).toMatchObject({ port, state: 'time-wait', family: 'ipv4' })
    expect(waiting).not.toHaveProperty('pid')
    // The system does not tell whose connection it was.
    expect(waiting).not.toHaveProperty('uid')
    expect(waiting).not.toHaveProperty('user')
    expect(others).toEqual([])
  })

  test.runIf(process.getuid?.() === 0)('names another user, and its process', async () => {
    const { ports, pids } = await hold([TCP[0] as Wanted], { uid: 65534 })
    expect(api.whoHas(ports[0] as number)).toMatchObject([
      { pid: pids[0], user: 'nobody', uid: 65534, state: 'listening', cwd: process.cwd() },
    ])
  })

  test.runIf(process.getuid?.() === 0)(
    'does not name the user who opened the socket if the process has become another, without a name',
    async () => {
      const code = `import os, socket, sys
server = socket.create_server(("127.0.0.1", 0)); os.setuid(4242)
print(server.getsockname()[1], flush=True); sys.stdin.read()`
      const companion = start('python3', ['-c', code])
      companions.push(companion)
      const [holder] = api.whoHas(Number(await companion.line()))
      expect(holder).toMatchObject({ pid: companion.process.pid, uid: 4242 })
      expect(holder).not.toHaveProperty('user')
    },
  )

  test('tells that a server takes both families while it has a client on IPv4', async () => {
    const server = net.createServer().listen(0, '::')
    await once(server, 'listening')
    const { port } = server.address() as net.AddressInfo
    const client = net.connect(port, '127.0.0.1')
    await Promise.all([once(server, 'connection'), once(client, 'connect')])
    const found = api.whoHas(port, { states: ['listening', 'connected'] })
    const families = found.map(({ state, family }) => [state, family])
    client.destroy()
    server.close()
    expect(families).toEqual([
      ['connected', 'ipv4'],
      ['listening', 'both'],
    ])
  })

  test.runIf(process.getuid?.() === 0)(
    'names at least the user of a process that it may not look at',
    async () => {
      const { ports } = await hold([TCP[0] as Wanted])
      const [port] = ports
      const asNobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
      const folder = mkdtempSync(join(tmpdir(), 'port4me-'))
      const found = script(`return port4me.whoHas(${port})`, { before: asNobody })
      rmSync(folder, { recursive: true })
      expect(found).toEqual([
        {
          port,
          protocol: 'tcp',
          family: 'ipv4',
          address: '127.0.0.1',
          state: 'listening',
          user: me.user,
          uid: 0,
          lease: false,
        },
      ])
    },
  )

  test.runIf(process.getuid?.() === 0)(
    'names a process of another pid namespace by its id here',
    async () => {
      const before = ['unshare', '--pid', '--fork', '--kill-child']
      const { ports, companion } = await hold([TCP[0] as Wanted], { before })
      const outer = companion.process.pid as number
      const inner = Number(readFileSync(`/proc/${outer}/task/${outer}/children`, 'utf8'))
      expect(api.whoHas(ports[0] as number)).toMatchObject([
        { pid: inner, user: 'root', state: 'listening' },
      ])
    },
  )

  test('does not see another network namespace', async () => {
    const before = [...OWN_NETWORK, 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh']
    const { ports } = await hold([TCP[1] as Wanted], { before })
    expect(api.whoHas(ports[0] as number)).toEqual([])
  })

  test('looks at the working directory and the project of the process', async () => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'port4me-')))
    mkdirSync(join(folder, '.git'))
    mkdirSync(join(folder, 'deep', 'down'), { recursive: true })
    const before = ['env', '-C', join(folder, 'deep', 'down')]
    const { ports } = await hold([TCP[1] as Wanted], { before })
    expect(api.whoHas(ports[0] as number)).toMatchObject([
      { cwd: join(folder, 'deep', 'down'), project: folder },
    ])
    rmSync(folder, { recursive: true })
  })

  test('gives a long, strange command line whole', async () => {
    const strange = ['\u001b[31mred\u0007', 'x'.repeat(100_000), 'last']
    const companion = start('python3', [HOLDER, JSON.stringify({ sockets: [TCP[0]] }), ...strange])
    companions.push(companion)
    const { ports } = JSON.parse(await companion.line()) as { ports: [number] }
    const [holder] = api.whoHas(ports[0])
    expect(holder?.command?.endsWith(strange.join(' '))).toBe(true)
  })

  test('replaces bytes of a command line that are not UTF-8', async () => {
    const task = JSON.stringify({ sockets: [TCP[0]] })
    const companion = start('sh', [
      '-c',
      `exec python3 '${HOLDER}' '${task}' "$(printf 'a\\377b')"`,
    ])
    companions.push(companion)
    const { ports } = JSON.parse(await companion.line()) as { ports: [number] }
    expect(api.whoHas(ports[0])[0]?.command?.endsWith(' a\ufffdb')).toBe(true)
  })
})

describe('wrong arguments', () => {
  const wrong = (call: () => unknown) => {
    try {
      call()
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      return `${code}: ${message}`
    }
    throw new Error('nothing was thrown')
  }

  test('name the argument, quote its value, and say what is allowed', () => {
    expect(wrong(() => api.whoHas(0))).toBe(
      'ERR_OUT_OF_RANGE: port must be an integer from 1 to 65535, not 0',
    )
    expect(wrong(() => api.whoHas('80' as never))).toBe(
      'ERR_INVALID_ARG_TYPE: port must be an integer from 1 to 65535, not "80" of type string',
    )
    expect(wrong(() => api.whoHas(80, { states: ['open' as never] }))).toBe(
      `ERR_INVALID_ARG_VALUE: each of options.states must be one of 'listening', 'bound', 'connected', 'time-wait', not "open"`,
    )
    expect(wrong(() => api.whoHas(80, { states: 'bound' as never }))).toMatch(
      /^ERR_INVALID_ARG_TYPE: options\.states must be an iterable of listening, .* not "bound"$/,
    )
    expect(wrong(() => api.whoHas(80, { states: [] }))).toMatch(
      /^ERR_INVALID_ARG_VALUE: options\.states/,
    )
    expect(wrong(() => api.whoHas(80, { port: 1 } as never))).toMatch(
      /options\.port is not an option; the options are protocol, family, states$/,
    )
    expect(wrong(() => api.listHolders({ ports: '80-x' }))).toMatch(
      /^ERR_PORT_SPEC: options\.ports /,
    )
    expect(wrong(() => api.listHolders({ protocol: 'sctp' as never }))).toMatch(
      /^ERR_INVALID_ARG_VALUE: options\.protocol .*"sctp"$/,
    )
  })

  test('reject the promise', async () => {
    await expect(api.whoHasAsync(70000)).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' })
    await expect(api.listHoldersAsync({ states: [] })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARG_VALUE',
    })
  })
})

test('no port at all has no holders', () => {
  expect(api.listHolders({ ports: [] })).toEqual([])
})

test('a free port has no holders', async () => {
  expect(api.whoHas(await freePort())).toEqual([])
})

test('listHolders() has the rows of whoHas(), and closes what it opens', async () => {
  const servers = [net.createServer().listen(0), net.createServer().listen(0, '127.0.0.1')]
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as net.AddressInfo).port)
  const count = () => (isLinux ? readdirSync('/proc/self/fd').length : 0)
  const before = count()
  const all = api.listHolders()
  for (const port of ports) {
    expect(all.filter((holder) => holder.port === port)).toEqual(api.whoHas(port))
  }
  expect((await api.listHoldersAsync()).length).toBeGreaterThanOrEqual(ports.length)
  expect(count()).toBe(before)
  for (const server of servers) server.close()
})
