// Tests the addon: what a policy forbids, or the machine lacks, says nothing about a port. Each script runs in its own
// process, with a preloaded library (deny.cc). It can use the raw addon as `addon`.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ADDON } from '../support/paths.js'
import { OWN_NETWORK, preloading, script } from '../support/run.js'

const folder = mkdtempSync(join(tmpdir(), 'port4me-'))
const library = join(folder, 'deny.so')
beforeAll(() => {
  const source = fileURLToPath(new URL('deny.cc', import.meta.url))
  execFileSync('g++', ['-shared', '-fPIC', '-o', library, source, '-ldl'])
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Runs a script in its own network, where no other program has its ports. */
const underPolicy = (
  body: string,
  variables: Readonly<Record<string, string>>,
  setUp = 'ip link set lo up',
): unknown =>
  script(`const addon = require(${JSON.stringify(ADDON)}); ${body}`, {
    before: [...OWN_NETWORK, 'sh', '-c', `${setUp}; exec "$@"`, 'sh'],
    variables: { ...preloading(library), ...variables },
  })

const caught = (call: string): string =>
  `try { return ${call} } catch (e) { return { code: e.code, errno: e.errno, syscall: e.syscall } }`

/** binding.d.ts: TCP, IPv4 and IPv6. */
const TCP = 1 + 4 + 8

describe.runIf(process.env.PORT4ME_ENGINE === 'native')('with the addon', () => {
  describe('where every bind is refused', () => {
    test.each([
      'port4me.port4me()',
      'await port4me.port4meAsync()',
      'port4me.port4me({ mustWork: false })',
      'port4me.port4me({ include: "4000-4010", protocol: "both" })',
      'port4me.isFreeTcp(54321)',
      'port4me.isFreeTcp(54321, { host: "127.0.0.1" })',
      'port4me.probe([54321, 54322, 80])',
      'await port4me.probeAsync(54321)',
      'port4me.leasePort()',
      'port4me.pickUnusedPort([4000, 4010])',
    ])('%s is ERR_SYSTEM, EPERM', (call) => {
      expect(underPolicy(caught(call), { DENY_BIND: '0' })).toEqual({
        code: 'ERR_SYSTEM',
        errno: 'EPERM',
        syscall: 'bind',
      })
    })

    test('the raw error names the address and the port, but no port if the system was to choose it', () => {
      const body = `
        const details = (ask) => { try { ask() } catch (e) { return [e.code, e.address, e.port ?? null] } }
        return [details(() => addon.isFree(54321, ${TCP}, '')),
                details(() => addon.isFree(54321, ${TCP}, '127.0.0.1')),
                details(() => addon.ephemeralPort(${TCP}, ''))]`
      expect(underPolicy(body, { DENY_BIND: '0' })).toEqual([
        ['EPERM', '::', 54321],
        ['EPERM', '127.0.0.1', 54321],
        ['EPERM', '::', null],
      ])
    })

    test('except that of one port, this port is found', () => {
      const body = `
        return [port4me.port4me({ prepend: [9000, 23457] }), port4me.isFreeTcp(23457),
                port4me.probe([9000, 23457], { protocol: 'tcp' }).map(({ reason }) => reason ?? 'free')]`
      expect(underPolicy(body, { DENY_BIND: '0', ALLOW_BIND: '23457' })).toEqual([
        23457,
        true,
        ['denied', 'free'],
      ])
    })
  })

  test('where binds of some ports are refused, these ports are denied', () => {
    const body = `
      const none = (() => { ${caught("port4me.port4me({ include: '6000-6010' })")} })()
      return [port4me.isFreeTcp(6000), port4me.probe(6000, { protocol: 'tcp' })[0].reason, none.code,
              port4me.port4me({ include: '6000-6010', mustWork: false })]`
    expect(underPolicy(body, { DENY_BIND: '5000' })).toEqual([
      false,
      'denied',
      'ERR_NO_FREE_PORT',
      -1,
    ])
  })

  test('where binds of some ports are refused, the error says so', () => {
    const body = `
      const said = []
      for (const include of ['6100', '6100,6101', '6100-6110']) {
        try { port4me.port4me({ include }) } catch (error) { said.push(error.message) }
        await port4me.port4meAsync({ include }).catch((error) => said.push(error.message))
      }
      return said`
    const expected = [
      'the one candidate, 6100, is denied by the system',
      '2 candidates were tried, and each is denied by the system',
      '11 candidates were tried, and each is taken, or denied by the system',
    ]
    expect(underPolicy(body, { DENY_BIND: '5000' })).toEqual(
      expected.flatMap((one) => [`no free port: ${one}`, `no free port: ${one}`]),
    )
  })

  describe('where connecting Unix sockets is refused', () => {
    const body = `
      const port = port4me.port4me('unix')
      return [port4me.isFreeTcp(port, { host: '127.0.0.1' }),
              port4me.port4me({ tool: 'unix', family: 'ipv4' }) === port,
              port4me.probe(port, { family: 'ipv4' })[0].free,
              (await port4me.probeAsync(port, { host: '::1' }))[0].free]`
    test.each(['EPERM', 'EACCES'] as const)('with %s, a port that can be bound is free', (name) => {
      const DENY_CONNECT = String(constants.errno[name])
      expect(underPolicy(body, { DENY_CONNECT })).toEqual(Array(4).fill(true))
    })

    test('only to a lease, the port is reported as leased', () => {
      const body = `
        const lease = port4me.leasePort({ prepend: 23457 })
        return [23457, 23458].map((port) => port4me.isFreeTcp(port, { host: '127.0.0.1' }))`
      const DENY_CONNECT = String(constants.errno.EPERM)
      const variables = { DENY_CONNECT, DENY_CONNECT_TO: 'port4me/tcp/23457' }
      expect(underPolicy(body, variables)).toEqual([false, true])
    })
  })

  test('where the machine has no IPv6 address, a listener on IPv4 is detected, and ports are found', () => {
    const body = `
      const net = require('node:net'); const { once } = require('node:events')
      const server = net.createServer().listen(0, '0.0.0.0'); await once(server, 'listening')
      const busy = server.address().port
      const answer = [port4me.isFreeTcp(busy), port4me.port4me({ prepend: busy }) === busy,
                      addon.ephemeralPort(${TCP}, '') > 0]
      const lease = port4me.leasePort('lease'); answer.push(port4me.isFreeTcp(lease.port)); lease.release()
      server.close(); await once(server, 'close')
      return [...answer, port4me.isFreeTcp(busy), port4me.isFree(busy)]`
    expect(underPolicy(body, { NO_IPV6_ADDRESS: '1' })).toEqual([
      false,
      false,
      true,
      false,
      true,
      true,
    ])
  })

  test('where the ephemeral range is used up, there is no such port, and no error', () => {
    const body = `
      const net = require('node:net'); const { once } = require('node:events')
      const [before, servers] = [addon.ephemeralPort(${TCP}, ''), []]
      for (const port of [40000, 40001]) {
        servers.push(net.createServer().listen(port)); await once(servers.at(-1), 'listening')
      }
      const answer = ['', '127.0.0.1'].map((host) => addon.ephemeralPort(${TCP}, host))
      answer.push(addon.ephemeralPort(${TCP + 1}, '') >= 40000, port4me.pickRandomUnusedPort() > 0)
      for (const server of servers) server.close()
      return [before >= 40000, ...answer]`
    const range = 'ip link set lo up; echo 40000 40001 > /proc/sys/net/ipv4/ip_local_port_range'
    expect(underPolicy(body, {}, range)).toEqual([true, 0, 0, true, true])
  })
})
