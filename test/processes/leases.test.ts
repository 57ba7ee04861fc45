// Tests leases across processes, threads and contexts.

import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { freePorts } from '../support/listeners.js'
import { port4me as api } from '../support/package.js'
import { ROOT } from '../support/paths.js'
import { type Companion, start } from '../support/processes.js'
import { OWN_NETWORK, script } from '../support/run.js'

const LEASER = fileURLToPath(new URL('leaser.cjs', import.meta.url))

/** On a network of their own (scripts/test.mjs) the tests have no neighbours. */
const PATIENCE_MS = process.env.TESTS_SHARE_NETWORK === undefined ? '0' : '5000'

const companions: Companion[] = []

function beside(...args: Parameters<typeof start>): Companion {
  const companion = start(...args)
  companions.push(companion)
  return companion
}

afterEach(async () => {
  await Promise.all(companions.splice(0).map((companion) => companion.kill('SIGKILL')))
})

/** Starts processes that lease with these engines at the same time, and returns what they get. */
async function leaseBeside(engines: readonly string[], count: number, tool: string) {
  const leasers = engines.map((PORT4ME_ENGINE) =>
    beside(process.execPath, [LEASER, ROOT, String(count), tool], { PORT4ME_ENGINE }),
  )
  const ports = await Promise.all(
    leasers.map(async (leaser) => JSON.parse(await leaser.line()) as number[]),
  )
  return { leasers, ports: ports.flat() }
}

const OWN = process.env.PORT4ME_ENGINE as 'native' | 'fallback'

describe.each([
  ['of this engine', Array<string>(16).fill(OWN)],
  ['of both engines', Array.from({ length: 16 }, (_, i) => (i % 2 ? 'native' : 'fallback'))],
])('16 processes %s that lease 25 ports each at the same time', (_which, engines) => {
  test('get 400 ports, each of which can be leased again after they are killed', async () => {
    const tool = 'sixteen'
    const { leasers, ports } = await leaseBeside(engines, 25, tool)
    expect(ports).toHaveLength(400)
    expect(new Set(ports).size).toBe(400)
    for (const status of api.probe(ports)) expect(status.reason).toBe('leased')
    expect(() => api.leasePort({ include: ports })).toThrow('400 candidates were tried')

    await Promise.all(leasers.map((leaser) => leaser.kill('SIGKILL')))
    const again = await leaseAll(ports)
    expect(again.map(({ port }) => port).sort()).toEqual(ports.sort())
    for (const lease of again) lease.release()
  })

  test('get all ports of the set', async () => {
    const include = await freePorts(64)
    const { ports } = await leaseBesideWithin(engines, 4, include)
    expect(ports.sort()).toEqual(include.sort())
  })
})

/** Leases all these ports. Waits for a port that another program has for a moment. */
async function leaseAll(ports: readonly number[]) {
  return await vi.waitFor(() => api.leasePorts(ports.length, { include: ports }), 5_000)
}

/** Like leaseBeside(), but only with these ports, each of which another program may have for a moment. */
async function leaseBesideWithin(
  engines: readonly string[],
  count: number,
  include: readonly number[],
) {
  const leasers = engines.map((PORT4ME_ENGINE) =>
    beside(process.execPath, [LEASER, ROOT, String(count), 'within', PATIENCE_MS], {
      PORT4ME_ENGINE,
      PORT4ME_INCLUDE: include.join(),
    }),
  )
  const ports = await Promise.all(
    leasers.map(async (leaser) => JSON.parse(await leaser.line()) as number[]),
  )
  return { ports: ports.flat() }
}

test('8 worker threads that lease 25 ports each get 200 leases, which end with the threads', () => {
  const body = `
    const { Worker } = require('node:worker_threads'); const { once } = require('node:events')
    const code = 'const { leasePorts } = require(' + JSON.stringify(require.resolve('port4me')) + ');' +
      'const leases = leasePorts(25, "threads");' +
      'const { parentPort } = require("node:worker_threads");' +
      'parentPort.postMessage(leases.map(({ port }) => port)); parentPort.on("message", () => leases)'
    const workers = Array.from({ length: 8 }, () => new Worker(code, { eval: true }))
    const ports = (await Promise.all(workers.map((worker) => once(worker, 'message')))).flat(2)
    const reasons = new Set(port4me.probe(ports).map(({ reason }) => reason))
    await Promise.all(workers.map((worker) => worker.terminate()))
    const again = port4me.leasePorts(200, { include: ports })
    return [new Set(ports).size, [...reasons], again.length]`
  expect(script(body)).toEqual([200, ['leased'], 200])
})

test.each(['', 'exclusive'])(
  'a cluster worker leases a port, and listens with its own socket (%s)',
  (EXCLUSIVE) => {
    const body = `
    const cluster = require('node:cluster'); const { once } = require('node:events')
    cluster.setupPrimary({ exec: process.env.WORKER, execArgv: [] })
    const workers = [cluster.fork(), cluster.fork()]
    const served = await Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0]))
    const texts = await Promise.all(served.map(async ({ port, id }) =>
      await (await fetch('http://127.0.0.1:' + port)).text() === String(id)))
    for (const worker of workers) worker.process.kill('SIGKILL')
    return [...texts, served[0].port !== served[1].port]`
    const worker = fileURLToPath(new URL('cluster-server.cjs', import.meta.url))
    expect(script(body, { variables: { WORKER: worker, EXCLUSIVE } })).toEqual([true, true, true])
  },
)

test('contexts that each load the package lease different ports, which are released with the context', () => {
  // Jest creates such a context for each test file.
  const body = `
    const vm = require('node:vm'); const fs = require('node:fs')
    const file = require.resolve('port4me')
    const source = fs.readFileSync(file, 'utf8')
    const leaseInContext = () => {
      const module = { exports: {} }
      const context = vm.createContext({ process, AbortSignal })
      const load = vm.runInContext('(function (module, exports, require, __dirname) {' + source + '\\n})', context)
      load(module, module.exports, require('node:module').createRequire(file), require('node:path').dirname(file))
      return module.exports.leasePort('contexts').port
    }
    const ports = Array.from({ length: 10 }, leaseInContext)
    const distinct = new Set(ports).size
    for (let tries = 0; tries < 100 && port4me.leasePort('contexts').port !== ports[0]; tries++) {
      gc(); await new Promise((resolve) => setImmediate(resolve))
    }
    return [distinct, port4me.probe(ports).filter(({ free }) => !free).length <= 1]`
  expect(script(body, { nodeArgs: ['--expose-gc'] })).toEqual([10, true])
})

describe('two copies of the package', () => {
  let copy: string
  beforeAll(() => {
    copy = mkdtempSync(join(tmpdir(), 'port4me-copy-'))
    for (const part of ['package.json', 'dist', 'build/Release']) {
      cpSync(join(ROOT, part), join(copy, part), { recursive: true })
    }
  })
  afterAll(() => rmSync(copy, { recursive: true }))

  test('in one process respect each other', () => {
    const body = `
      const other = require(process.env.COPY)
      const [mine, theirs] = [port4me.leasePort('copies'), other.leasePort('copies')]
      const reasons = [other.probe(mine.port)[0].reason, port4me.probe(theirs.port)[0].reason]
      mine.release(); theirs.release()
      return [port4me.engine === other.engine, mine.port !== theirs.port, ...reasons,
              other.leasePort('copies').port === mine.port]`
    expect(script(body, { variables: { COPY: copy } })).toEqual([
      true,
      true,
      'leased',
      'leased',
      true,
    ])
  })
})

describe('while a port is leased', () => {
  let folder: string
  let cServer: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'port4me-server-'))
    cServer = join(folder, 'server')
    const source = fileURLToPath(new URL('server.c', import.meta.url))
    execFileSync('gcc', ['-Wall', '-Werror', '-o', cServer, source])
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const NODE = `require('node:net').createServer((socket) => socket.end('served'))
    .listen(Number(process.argv[1]), () => console.log('listening'))`
  const PYTHON = `import socketserver, sys
class Handler(socketserver.BaseRequestHandler):
    def handle(self): self.request.sendall(b'served')
socketserver.TCPServer.allow_reuse_address = True
with socketserver.TCPServer(('', int(sys.argv[1])), Handler) as server:
    print('listening', flush=True)
    server.handle_request()`

  test.each([
    ['Node.js', () => [process.execPath, '-e', NODE]],
    ['Python', () => ['python3', '-c', PYTHON]],
    ['C', () => [cServer]],
  ])('a server in %s can bind it and serve, and others stay out', async (_language, words) => {
    const lease = api.leasePort('served')
    const [command = '', ...args] = words()
    const server = beside(command, [...args, String(lease.port)])
    expect(await server.line()).toBe('listening')
    const connection = createConnection(lease.port, '127.0.0.1')
    expect(String(await connection.toArray())).toBe('served')
    expect(api.isFreeTcp(lease.port)).toBe(false)
    expect(api.probe(lease.port)[0]?.reason).toBe('leased')
    expect(() => api.leasePort({ include: lease.port })).toThrow('no free port')
    await server.kill('SIGKILL')
    lease.release()
  })

  test('20000 ports that the system chooses are different ones', () => {
    // The system chooses from 100 ports, of which 60 are leased.
    const body = `
      const net = require('node:net'); const { once } = require('node:events')
      const leases = port4me.leasePorts(60, { include: '30000-30099', protocol: 'both' })
      const leased = new Set(leases.map(({ port }) => port))
      let clashes = 0; const seen = new Set()
      for (let i = 0; i < 20000; i++) {
        const server = net.createServer().listen(0)
        if (!server.listening) throw new Error('no port')
        const { port } = server.address()
        seen.add(port); if (leased.has(port)) clashes++
        server.close(); await once(server, 'close')
      }
      const server = net.createServer((socket) => socket.on('error', () => {}))
      await once(server.listen(0, '127.0.0.1'), 'listening')
      for (let i = 0; i < 500; i++) {
        const client = net.connect(server.address().port, '127.0.0.1'); await once(client, 'connect')
        if (leased.has(client.localPort)) clashes++
        client.resetAndDestroy(); await once(client, 'close')
      }
      server.close()
      return [leases.filter(({ released }) => !released).length, clashes, seen.size, [...seen].every((port) => 30000 <= port && port < 30100)]`
    const narrow =
      'ip link set lo up; echo 30000 30099 > /proc/sys/net/ipv4/ip_local_port_range; exec "$@"'
    const [leased, clashes, seen, within] = script(body, {
      before: [...OWN_NETWORK, 'sh', '-c', narrow, 'sh'],
    }) as [number, number, number, boolean]
    expect({ leased, clashes, within }).toEqual({ leased: 60, clashes: 0, within: true })
    expect(seen).toBeGreaterThan(1)
  })

  test('the port is free after its holder has died in any way', async () => {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const { leasers, ports } = await leaseBeside([OWN], 1, 'dies')
      const [port = 0] = ports
      expect(api.isFreeTcp(port)).toBe(false)
      await leasers[0]?.kill(signal)
      expect(api.isFreeTcp(port)).toBe(true)
    }
  })
})

test('a lease that nothing refers to is released', () => {
  const body = `
    const { port } = port4me.leasePort('forgotten')
    for (let tries = 0; tries < 100 && !port4me.isFreeTcp(port); tries++) {
      gc(); await new Promise((resolve) => setImmediate(resolve))
    }
    return port4me.isFreeTcp(port)`
  expect(script(body, { nodeArgs: ['--expose-gc'] })).toBe(true)
})
