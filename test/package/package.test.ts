// Tests the package as npm packs it, in an empty project.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { installPackage } from '../support/installed.js'
import { freePort } from '../support/listeners.js'
import { ROOT } from '../support/paths.js'
import { environment, run } from '../support/run.js'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'port4me-package-'))
  installPackage(folder)
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true }))

const node = (args: readonly string[]): string =>
  execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8', env: environment() })

describe('the installed package', () => {
  test('needs no compiler: it has the binary of this system', () => {
    const code = 'console.log(require("port4me").engine)'
    const output = execFileSync(process.execPath, ['-e', code], {
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: join(folder, 'node_modules', '.bin') },
    })
    expect(output).toBe('native\n')
  })

  test('can be loaded with require', () => {
    const code =
      'const p = require("port4me"); console.log(p.listPorts(1, { user: "alice" }), p.port4me() > 0, typeof require("port4me/get-port"))'
    expect(node(['-e', code])).toBe('[ 30845 ] true function\n')
  })

  test('can be imported, with named exports', () => {
    const code =
      'import { engine, isFree, port4me } from "port4me"; import getPort from "port4me/get-port"; console.log(engine, isFree(port4me()), await getPort() > 0)'
    expect(node(['--input-type=module', '-e', code])).toBe('native true true\n')
  })

  test('answers a question that needs its thread', async () => {
    const code = `process.env.PORT4ME_ENGINE = "fallback"
      console.log(require("port4me").isFreeTcp(${await freePort()}, { host: "127.0.0.1" }))`
    expect(node(['-e', code])).toBe('true\n')
  })

  test('brings its programs', () => {
    const variables = { _PORT4ME_CHECK_AVAILABLE_PORTS_: 'any' }
    const bin = join(folder, 'node_modules', '.bin')
    expect(run(join(bin, 'port4me'), ['--user=alice'], variables).stdout).toBe('30845\n')
    expect(run(join(bin, 'openport'), ['15000', '16000']).status).toBe(0)
  })

  test.each(['node16', 'nodenext', 'bundler'])(
    'has types for moduleResolution %s',
    (moduleResolution) => {
      const source = `
      import { createServer, type Server } from 'node:http'
      import type { Server as NetServer } from 'node:net'
      import { engine, isFree, leasePort, leasePorts, listPorts, Port4meError, PortReservation, port4me, port4meAsync, portRange, probe, sharedPort, type LeaseOptions, type PortLease, type PortStatus } from 'port4me'
      import getPort, { clearLockedPorts, portNumbers, type Options } from 'port4me/get-port'
      const options: Options = { port: portNumbers(3000, 3100) }
      const ports: number[] = [port4me({ tool: 'a', worker: { index: 0, count: 2 } }), ...listPorts(3, 'tool')]
      const statuses: PortStatus[] = probe(portRange(8000, 8010), { protocol: 'udp', family: 'ipv4' })
      const name: 'native' | 'fallback' = engine
      const reserved: number | undefined = new PortReservation('8000-8010').reservePort()
      export const all: unknown[] = [options, ports, statuses, name, reserved, isFree(80, { host: '::1' }), Port4meError, clearLockedPorts]
      export const later: Promise<number>[] = [port4meAsync(), getPort(options)]
      const settings: LeaseOptions = { tool: 'a', protocol: 'both' }
      const leases: PortLease[] = [leasePort(settings), leasePort('a'), leasePort(), ...leasePorts(2, 'a')]
      export const served: Promise<Server> = leases[0]!.listen(createServer(), { host: 'localhost', backlog: 9 })
      // As Fastify declares it: the last signature takes a callback, and returns nothing.
      interface FastifyLike {
        listen(options: { port?: number; host?: string }, callback: (error: Error | null, address: string) => void): void
        listen(options?: { port?: number; host?: string }): Promise<string>
        listen(callback: (error: Error | null, address: string) => void): void
      }
      type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
      const address = leases[0]!.listen({} as FastifyLike)
      const byNumber = leases[0]!.listen({ listen: (port: number) => port })
      const tcp = leases[0]!.listen({} as NetServer)
      export const same: [Same<typeof address, Promise<string>>, Same<typeof byNumber, Promise<number>>, Same<typeof tcp, Promise<NetServer>>] = [true, true, true]
      export const done: [boolean, number, void] = [leases[0]!.released, sharedPort('a'), leases[0]!.release()]
      // @ts-expect-error: there is no lease of no port
      leasePort({ mustWork: false })
      // @ts-expect-error: no server
      leases[0]!.listen({})
      // @ts-expect-error: a tool is a string
      port4me(5)
      // @ts-expect-error: no such protocol
      isFree(80, { protocol: 'sctp' })
    `
      const extension = moduleResolution === 'bundler' ? 'ts' : 'mts'
      writeFileSync(join(folder, `consumer.${extension}`), source)
      const module = moduleResolution === 'bundler' ? 'esnext' : moduleResolution
      const tsc = join(ROOT, 'node_modules', '.bin', 'tsc')
      const flags = [
        '--ignoreConfig',
        '--noEmit',
        '--strict',
        '--target',
        'es2022',
        '--module',
        module,
      ]
      const resolution = [
        '--moduleResolution',
        moduleResolution,
        '--typeRoots',
        join(ROOT, 'node_modules/@types'),
        '--types',
        'node',
      ]
      expect(run(tsc, [...flags, ...resolution, join(folder, `consumer.${extension}`)])).toEqual({
        status: 0,
        stdout: '',
        stderr: '',
      })
    },
  )

  test.each(['nodenext', 'esnext'])(
    'has types for a consumer without those of Node.js, with module %s',
    (module) => {
      const source = `
      import { leasePort, Port4meError, port4me, probe } from 'port4me'
      import getPort from 'port4me/get-port'
      export const all: unknown[] = [port4me(), probe(80), getPort({ port: 80 }), Port4meError, leasePort()[Symbol.dispose]]
    `
      writeFileSync(join(folder, 'plain.mts'), source)
      const flags = ['--ignoreConfig', '--noEmit', '--strict', '--target', 'es2022']
      const libraries = ['--lib', 'es2022', '--typeRoots', folder]
      const resolution = module === 'esnext' ? ['--moduleResolution', 'bundler'] : []
      const tsc = join(ROOT, 'node_modules', '.bin', 'tsc')
      const args = [...flags, ...libraries, '--module', module, ...resolution]
      expect(run(tsc, [...args, join(folder, 'plain.mts')])).toEqual({
        status: 0,
        stdout: '',
        stderr: '',
      })
    },
  )

  test('prints an error that is not caught in few lines', () => {
    const { status, stderr } = run(process.execPath, [
      '-e',
      `require(${JSON.stringify(join(folder, 'node_modules/port4me'))}).port4me({ skip: -1 })`,
    ])
    expect(status).toBe(1)
    expect(stderr).toContain('\nPort4meError: options.skip must be an integer from 0 to')
    expect(Math.max(...stderr.split('\n').map((line) => line.length))).toBeLessThan(600)
  })
})
