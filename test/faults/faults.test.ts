// Tests what happens when the system refuses something. Each script runs in its own process.

import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { PROGRAM } from '../support/paths.js'
import {
  NO_ACCOUNT,
  OWN_NETWORK,
  preloading,
  program,
  run,
  script,
  UNPRIVILEGED,
} from '../support/run.js'

/** The error that a script throws, as JSON. */
const caught = (call: string): string =>
  `try { return ${call} } catch (e) { return { name: e.name, code: e.code, errno: e.errno, syscall: e.syscall } }`

describe('without descriptors', () => {
  const exhaust = `const fs = require('node:fs'); const held = []
    port4me.port4me(); port4me.isFreeTcp(54321)
    try { for (;;) held.push(fs.openSync('/dev/null')) } catch {}
    process.on('exit', () => held.forEach((fd) => fs.closeSync(fd)));`
  const limited = { before: ['sh', '-c', 'ulimit -n 64; exec "$@"', 'sh'] }
  const emfile = {
    name: 'Port4meError',
    code: 'ERR_SYSTEM',
    errno: 'EMFILE',
    syscall: expect.any(String),
  }

  test.each([
    'port4me.port4me()',
    'await port4me.port4meAsync()',
    'port4me.isFreeTcp(54321)',
    'port4me.port4me({ mustWork: false })',
  ])('%s throws ERR_SYSTEM with EMFILE', (call) => {
    expect(script(`${exhaust} ${caught(call)}`, limited)).toEqual(emfile)
  })

  test.each([
    'port4me.port4me()',
    'port4me.isFreeTcp(54321)',
    'port4me.listPorts(1)',
    'port4me.engine',
    'await port4me.port4meAsync()',
  ])('%s as the first call is ERR_SYSTEM too', (call) => {
    const cold = `const fs = require('node:fs'); const held = []
      try { for (;;) held.push(fs.openSync('/dev/null')) } catch {}
      process.on('exit', () => held.forEach((fd) => fs.closeSync(fd)));`
    expect(script(`${cold} ${caught(call)}`, limited)).toEqual(emfile)
  })

  test('works again when there are descriptors', () => {
    const answer = script(
      `${exhaust} try { port4me.port4me() } catch {} ; fs.closeSync(held.pop()); fs.closeSync(held.pop());
       return port4me.port4me('a') === port4me.port4me('a')`,
      limited,
    )
    expect(answer).toBe(true)
  })

  test('no candidate leaves a descriptor open', () => {
    const answer = script(
      `const fs = require('node:fs'); const count = () => fs.readdirSync('/proc/self/fd').length
       port4me.port4me(); await port4me.port4meAsync()
       const before = count()
       for (let i = 0; i < 1000; i++) { port4me.port4me(); port4me.isFreeTcp(80) }
       for (let i = 0; i < 20; i++) await port4me.port4meAsync()
       await new Promise((resolve) => setImmediate(resolve))
       return count() - before`,
    )
    expect(answer).toBe(0)
  })
})

/** Builds a library for a suite and returns its path. If it is preloaded, socket(2) does not have a family. */
function withoutFamily(family: 'AF_INET6' | 'AF_UNIX'): string {
  const folder = join(tmpdir(), `port4me-${randomUUID()}`)
  const library = join(folder, 'no_family.so')
  beforeAll(() => {
    mkdirSync(folder)
    const source = fileURLToPath(new URL('no_family.cc', import.meta.url))
    const flags = ['-shared', '-fPIC', `-DNO_FAMILY=${family}`]
    execFileSync('g++', [...flags, '-o', library, source, '-ldl'])
  })
  afterAll(() => rmSync(folder, { recursive: true }))
  return library
}

describe('without IPv6', () => {
  const preload = withoutFamily('AF_INET6')
  const probes = `
    const net = require('node:net'); const { once } = require('node:events')
    const server = net.createServer().listen(0, process.env.HOST); await once(server, 'listening')
    const busy = server.address().port
    const answer = [port4me.isFreeTcp(busy), port4me.port4me({ prepend: busy }) === busy,
                    await port4me.port4meAsync({ prepend: busy }) === busy]
    server.close(); await once(server, 'close')
    return [...answer, port4me.isFreeTcp(busy), port4me.port4me({ prepend: busy }) === busy]`
  const right = [false, false, false, true, true]

  test.each(['0.0.0.0', '127.0.0.1'])('in the kernel, a listener on %s is seen on IPv4', (HOST) => {
    expect(script(probes, { variables: { HOST, ...preloading(preload) } })).toEqual(right)
  })

  test('in a network namespace that has it disabled, IPv4 works', () => {
    const disable =
      'for f in all default lo; do echo 1 > /proc/sys/net/ipv6/conf/$f/disable_ipv6; done'
    const before = [...OWN_NETWORK, 'sh', '-c', `${disable}; exec "$@"`, 'sh']
    expect(script(probes, { before, variables: { HOST: '0.0.0.0' } })).toEqual(right)
    expect(script('return port4me.listPorts(1)[0] === port4me.port4me()', { before })).toBe(true)
  })

  test('running out of descriptors is still an error', () => {
    const answer = script(
      `const fs = require('node:fs'); const held = []; port4me.port4me()
       try { for (;;) held.push(fs.openSync('/dev/null')) } catch {}
       process.on('exit', () => held.forEach((fd) => fs.closeSync(fd)));
       ${caught('port4me.port4me()')}`,
      { before: ['sh', '-c', 'ulimit -n 64; exec "$@"', 'sh'], variables: preloading(preload) },
    )
    expect(answer).toMatchObject({ code: 'ERR_SYSTEM', errno: 'EMFILE' })
  })
})

describe('without Unix sockets', () => {
  const variables = preloading(withoutFamily('AF_UNIX'))

  test('a port that can be bound is free, because locks cannot be checked', () => {
    const body = `
      const port = port4me.port4me('unix')
      return [port4me.isFreeTcp(port), port4me.isFreeTcp(port, { host: '127.0.0.1' }),
              port4me.isFreeUdp(port), port4me.port4me({ tool: 'unix', family: 'ipv4' }) === port,
              port4me.probe(port)[0].free, (await port4me.probeAsync(port, { family: 'ipv4' }))[0].free]`
    expect(script(body, { variables })).toEqual(Array(6).fill(true))
  })

  test('a port that cannot be bound is in use', () => {
    const body = `
      const net = require('node:net'); const { once } = require('node:events')
      const server = net.createServer().listen(0, '127.0.0.1'); await once(server, 'listening')
      const busy = server.address().port
      const answer = [port4me.isFreeTcp(busy, { host: '127.0.0.1' }),
                      port4me.probe(busy, { protocol: 'tcp', family: 'ipv4' })[0].reason]
      server.close()
      return answer`
    expect(script(body, { variables })).toEqual([false, 'in-use'])
  })

  test('a lease is ERR_SYSTEM, with a message of one line', () => {
    const body =
      "try { port4me.leasePort('unix') } catch (e) { return [e.code, e.errno, e.message] }"
    expect(script(body, { variables })).toEqual([
      'ERR_SYSTEM',
      'EAFNOSUPPORT',
      expect.stringMatching(/^[\x20-\x7e]+$/),
    ])
  })
})

test('a privileged port is not free for a user without privilege', () => {
  // A new network namespace has its own net.ipv4.ip_unprivileged_port_start, which is 1024.
  const body =
    'return [port4me.isFreeTcp(80), port4me.port4me({ prepend: [80, 443, 8123], exclude: "1-65535" })]'
  expect(script(body, { before: OWN_NETWORK })).toEqual([true, 80])
  expect(script(body, { before: UNPRIVILEGED })).toEqual([false, 8123])
})

describe('a user id without an account', () => {
  const before = NO_ACCOUNT
  const variables = { PORT4ME_USER: '' }

  test('gives the user name uid followed by the number', () => {
    const body = `return [port4me.listPorts(3), port4me.listPorts(3, { user: 'uid4242' }),
      port4me.listPorts(3)]`
    const [ports, named, again] = script(body, { before, variables }) as number[][]
    expect(ports).toEqual(named)
    expect(again).toEqual(named)
  })

  test('is printed by --debug', () => {
    const code = `process.argv.splice(1, 0, 'port4me'); require(${JSON.stringify(PROGRAM)})`
    const [command = process.execPath, ...args] = [...before, process.execPath]
    const { status, stderr } = run(
      command,
      [...args, '-e', code, '--', '--debug', '--list=1'],
      variables,
    )
    expect(status).toBe(0)
    expect(stderr).toContain('port4me: user: uid4242 (from the user id, which has no account)\n')
  })

  test('is an error on systems without user ids', () => {
    const body = `delete process.geteuid; ${caught('port4me.port4me()')}`
    expect(script(body, { before, variables })).toMatchObject({
      name: 'Port4meError',
      code: 'ERR_NO_USER',
    })
  })
})

test.skipIf(process.getuid?.() !== 0)('another account after setuid is another user', () => {
  const body = `const ports = () => [port4me.listPorts(1), port4me.listPorts(1)]
    const before = ports()
    process.setgid(65534); process.setuid(65534)
    return [before, ports(), port4me.listPorts(1, { user: require('node:os').userInfo().username })]`
  const [before, after, named] = script(body, {
    variables: { PORT4ME_USER: '' },
  }) as number[][][]
  expect(after).toEqual([named, named])
  expect(after).not.toEqual(before)
})

test('without the addon, the answers are the same', () => {
  const ask =
    'return [port4me.engine, port4me.listPorts(5, { user: "alice" }), port4me.isFreeTcp(54321)]'
  const variables = { PORT4ME_ENGINE: 'auto' }
  const [engine, ...answers] = script(ask, { variables }) as unknown[]
  expect(engine).toBe('native')
  expect(script(ask, { variables, nodeArgs: ['--no-addons'] })).toEqual(['fallback', ...answers])
  expect(script(ask, { variables: { PORT4ME_ENGINE: 'fallback' } })).toEqual([
    'fallback',
    ...answers,
  ])
})

test('PORT4ME_ENGINE=native without an addon is a clear error', () => {
  const variables = { PORT4ME_ENGINE: 'native' }
  expect(() =>
    script('return port4me.port4me()', { variables, nodeArgs: ['--no-addons'] }),
  ).toThrow(/PORT4ME_ENGINE is "native", but no addon loads here: .*addons/)
  const { status, stdout, stderr } = program([], {
    PORT4ME_ENGINE: 'native',
    NODE_OPTIONS: '--no-addons',
  })
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
  expect(stderr).toContain('PORT4ME_ENGINE is "native"')
})

test('does not keep the event loop alive, and prints nothing', () => {
  const code =
    'const p = require("."); p.port4me(); p.isFreeTcp(80); p.port4meAsync().then(() => p.listPorts(9))'
  expect(run(process.execPath, ['-e', code])).toEqual({ status: 0, stdout: '', stderr: '' })
})

test('works in a cluster worker, whose primary would share its listeners', () => {
  const answer = script(
    `
    const cluster = require('node:cluster'); const { once } = require('node:events')
    cluster.setupPrimary({ exec: process.env.WORKER, execArgv: [] })
    const worker = cluster.fork(); const [answer] = await once(worker, 'message')
    worker.process.kill()
    return answer`,
    { variables: { WORKER: fileURLToPath(new URL('cluster-worker.cjs', import.meta.url)) } },
  )
  expect(answer).toEqual([true, false, true])
})
