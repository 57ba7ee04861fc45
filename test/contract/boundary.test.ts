// The addon checks every argument.

import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { EVERYWHERE, native, TCP } from '../support/engines.js'
import { freePort } from '../support/listeners.js'
import { ADDON } from '../support/paths.js'

const detached = <T extends Uint8Array | Uint16Array>(array: T): T => {
  structuredClone(null, { transfer: [array.buffer as ArrayBuffer] })
  return array
}

const hostile: readonly unknown[] = [
  undefined,
  null,
  true,
  '',
  'x'.repeat(1000),
  -1,
  0.5,
  1e300,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  10n,
  Symbol('s'),
  {},
  [],
  () => 0,
  new Proxy({}, {}),
  new ArrayBuffer(8192),
  new DataView(new ArrayBuffer(8192)),
  new Uint8Array(8191),
  new Uint8Array(0),
  new Float64Array(8192),
  new Uint16Array([0]),
  new Uint16Array([80, 0, 81]),
  detached(new Uint8Array(8192)),
]

const good = {
  hashcode: ['text'],
  sequence: [1, new Uint8Array(8192), 0, new Uint16Array(4)],
  pick: [1, new Uint8Array(8192), new Uint16Array(0), 0, 1, TCP, EVERYWHERE],
  pickAsync: [1, new Uint8Array(8192), new Uint16Array(0), 0, 1, TCP, EVERYWHERE],
  hold: [1, new Uint8Array(8192), new Uint16Array(0), 0, 1, TCP, EVERYWHERE, false],
  isFree: [54321, TCP, EVERYWHERE],
  probe: [new Uint16Array([54321]), TCP, EVERYWHERE],
  probeAsync: [new Uint16Array([54321]), TCP, EVERYWHERE],
  ephemeralPort: [TCP, EVERYWHERE],
  holders: [new Uint16Array([54321]), 3, 15, ''],
  holdersAsync: [new Uint16Array([54321]), 3, 15, ''],
} as const

type Name = keyof typeof good

function call(name: Name, args: readonly unknown[]): unknown {
  return (native[name] as (...args: readonly unknown[]) => unknown)(...args)
}

describe('the addon', () => {
  test.each(Object.keys(good) as Name[])('%s accepts right arguments', async (name) => {
    await expect(Promise.resolve(call(name, good[name]))).resolves.toBeDefined()
  })

  test.each(Object.keys(good) as Name[])('%s survives any value as any argument', async (name) => {
    let refused = 0
    for (const [i] of good[name].entries()) {
      for (const value of hostile) {
        const args = good[name].with(i, value as never) as readonly unknown[]
        try {
          // A wrong argument throws at once; it never rejects a promise.
          const answer = call(name, args)
          await Promise.resolve(answer).catch((error: NodeJS.ErrnoException) => {
            expect(error.syscall).toBeDefined()
          })
        } catch (error) {
          const { syscall } = error as NodeJS.ErrnoException
          if (syscall === undefined) expect(error).toSatisfy(isTypeOrRangeError)
          refused++
        }
      }
    }
    expect(refused).toBeGreaterThan(10 * good[name].length)
  })

  test.each(Object.keys(good) as Name[])('%s refuses missing arguments', (name) => {
    for (let count = 0; count < good[name].length; count++) {
      expect(() => call(name, good[name].slice(0, count))).toThrow(TypeError)
    }
    expect(() => call(name, [])).toThrow(TypeError)
  })

  test.each([0, 65536, -1, 1.5])('isFree refuses port %d', (port) => {
    expect(() => call('isFree', [port, TCP, EVERYWHERE])).toThrow(RangeError)
  })

  test.each([0, 1, 4, 12, 32, 64])(
    'the question %d, which lacks a protocol or a family or is too large, is refused',
    (question) => {
      expect(() => call('isFree', [80, question, EVERYWHERE])).toThrow(RangeError)
    },
  )

  test.each(['foo', '127.1', '127.0.0.1 ', '::1%', 'LOCALHOST', '\0', 'é', 'a'.repeat(100_000)])(
    'host %j is refused',
    (host) => {
      for (const name of ['isFree', 'probe', 'probeAsync'] as const) {
        expect(() => call(name, good[name].with(-1, host as never))).toThrow(RangeError)
      }
    },
  )

  test('accepts the largest counts', () => {
    const { MAX_SAFE_INTEGER } = Number
    const all = new Uint8Array(8192).fill(255)
    const out = new Uint16Array(3)
    expect(native.sequence(2 ** 32 - 1, all, MAX_SAFE_INTEGER, out)).toBe(true)
    expect(
      native.pick(
        1,
        new Uint8Array(8192),
        new Uint16Array(0),
        MAX_SAFE_INTEGER,
        MAX_SAFE_INTEGER,
        TCP,
        EVERYWHERE,
      ),
    ).toBe(0)
  })

  test('works on copies of arrays during a pick off the event loop', async () => {
    const all = new Uint8Array(8192).fill(255, 128)
    const none = new Uint16Array(0)
    const first = native.pick(1, all, none, 0, 65535, TCP, EVERYWHERE)
    const picking = native.pickAsync(1, all, none, 0, 65535, TCP, EVERYWHERE)
    all.fill(0)
    expect(first).toBeGreaterThan(65536)
    expect(await picking).toBe(first)

    const [port, another] = [await freePort(), await freePort()]
    const prepend = new Uint16Array([port])
    const pickingPrepended = native.pickAsync(1, all, prepend, 0, 65535, TCP, EVERYWHERE)
    prepend[0] = another
    expect(await pickingPrepended).toBe(65536 + port)
  })

  test('the methods of a hold can be called only on a hold', () => {
    const hold = native.hold(...good.hold)
    for (const receiver of [
      undefined,
      null,
      1,
      {},
      native,
      Object.create(hold),
      new Proxy(hold, {}),
    ]) {
      for (const method of [hold.release, hold.admitServers, hold.takeListeningDescriptor]) {
        expect(() => Reflect.apply(method, receiver, [])).toThrow(TypeError)
      }
    }
    const Hold = hold.constructor as new (...args: unknown[]) => typeof hold
    for (const value of hostile) {
      const empty = new Hold(value)
      expect(empty.takeListeningDescriptor(1)).toBe(-1)
      expect(empty.release()).toBeUndefined()
    }
    expect(() => Reflect.apply(Hold, undefined, [])).toThrow(TypeError)
  })

  test.each([
    [0, 1],
    [4, 1],
    [1, 0],
    [1, 16],
  ])('holders() refuses the protocols %d with the states %d', (protocols, states) => {
    const ports = new Uint16Array([80])
    expect(() => call('holders', [ports, protocols, states, ''])).toThrow(RangeError)
  })

  test.each(['x', '0123 ', 'ABC', 'a'.repeat(33), '/', '\0'])(
    'hold() refuses the label %j',
    (label) => {
      expect(() => call('hold', [...good.hold, label])).toThrow(RangeError)
    },
  )

  test.each([null, 1, {}])('hold() refuses the label %j, which is no text', (label) => {
    expect(() => call('hold', [...good.hold, label])).toThrow(TypeError)
  })

  test('holders() works whatever Object.prototype and Array.prototype have', () => {
    const seen = inAnotherProcess(`
      const server = require('node:net').createServer().listen(0)
      await require('node:events').once(server, 'listening')
      const ports = new Uint16Array([server.address().port])
      const trap = { configurable: true, get() {}, set() { throw new Error('on purpose') } }
      const names = ['port', 'protocol', 'address', 'state', 'pids', 'sockets', 'processes', 'pid', 'name']
      for (const name of names) Object.defineProperty(Object.prototype, name, trap)
      for (const index of ['0', '1']) Object.defineProperty(Array.prototype, index, trap)
      const found = [addon.holders(ports, 3, 3, ''), await addon.holdersAsync(ports, 3, 3, '')]
      for (const name of names) delete Object.prototype[name]
      for (const index of ['0', '1']) delete Array.prototype[index]
      for (const { sockets, processes } of found) {
        seen.push(sockets[0].pids[0] === process.pid, processes.length > 1)
      }
      server.close()`)
    expect(seen).toEqual([true, true, true, true])
  })

  test('a hold works whatever Object.prototype has', () => {
    Object.defineProperty(Object.prototype, 'pick', {
      configurable: true,
      set() {
        throw new Error('on purpose')
      },
    })
    try {
      expect(native.hold(...good.hold).pick).toBe(0)
    } finally {
      Reflect.deleteProperty(Object.prototype, 'pick')
    }
  })

  test.each(['Object.prototype', 'Error.prototype'])(
    'the error of a failed system call has its own properties, whatever %s has',
    (prototype) => {
      const seen = inAnotherProcess(`
        const unwelcome = ['code', 'syscall', 'address', 'port', 'message', 'stack', 'name', 'then', 'cause']
        for (const name of unwelcome) {
          const before = Object.getOwnPropertyDescriptor(${prototype}, name)
          Object.defineProperty(${prototype}, name, {
            configurable: true,
            get() {},
            set() { throw new Error('the setter of ' + name + ' was called') },
          })
          const errors = []
          for (const call of Object.values(calls)) await settled(call('192.0.2.1'), errors)
          for (const call of Object.values(calls)) await settled(call('nonsense'), [])
          delete ${prototype}[name]
          if (before !== undefined) Object.defineProperty(${prototype}, name, before)
          for (const [i, error] of errors.entries()) {
            const { stack, ...properties } = Object.getOwnPropertyDescriptors(error)
            seen.push([Object.keys(calls)[i], error instanceof Error, properties])
          }
        }`)
      expect(seen).toHaveLength(9 * 7)
      const property = (value: unknown) => ({
        value,
        writable: true,
        enumerable: true,
        configurable: true,
      })
      for (const [call, isError, properties] of seen as [string, boolean, object][]) {
        expect(isError).toBe(true)
        expect(properties).toEqual({
          message: {
            ...property(expect.stringMatching(/^bind EADDRNOTAVAIL: .+, 192\.0\.2\.1(:\d+)?$/)),
            enumerable: false,
          },
          code: property('EADDRNOTAVAIL'),
          syscall: property('bind'),
          address: property('192.0.2.1'),
          // ephemeralPort() is not about a certain port.
          ...(call === 'ephemeralPort' ? {} : { port: property(expect.any(Number)) }),
        })
      }
    },
  )

  test('a getter "then" that throws rejects the promise, and does no other harm', () => {
    const [answers, rejections] = inAnotherProcess(`
      Object.defineProperty(Object.prototype, 'then', {
        configurable: true,
        get() { throw new Error('on purpose') },
      })
      const answers = [], errors = []
      const asked = [calls.pickAsync, calls.probeAsync, calls.pickAsync].map((call) =>
        settled(call('127.0.0.1').then((answer) => { answers.push(typeof answer) }), errors))
      for (const promise of asked) await promise
      delete Object.prototype.then
      seen.push(answers, errors.map(({ message }) => message))`)
    expect(answers).toEqual(['number', 'number'])
    expect(rejections).toEqual(['on purpose'])
  })

  test('several worker threads can load and unload it at the same time', () => {
    const body = `
      const { Worker, isMainThread } = require('node:worker_threads')
      if (isMainThread) for (let i = 0; i < 8; i++) new Worker(__filename, { argv: [] })
      const addon = require(${JSON.stringify(ADDON)})
      const all = new Uint8Array(8192).fill(255, 128)
      addon.pick(1, all, new Uint16Array(0), 0, 9, 13, '')
      addon.pickAsync(1, all, new Uint16Array(0), 0, 9, 13, '').then(() => console.log('done'))`
    const output = execFileSync(process.execPath, [
      '-e',
      `
      const fs = require('node:fs'), os = require('node:os'), path = require('node:path')
      const file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'port4me-')), 'worker.js')
      fs.writeFileSync(file, ${JSON.stringify(body)})
      require(file)`,
    ])
    expect(output.toString().match(/done/g)).toHaveLength(9)
  })
})

function isTypeOrRangeError(error: unknown): boolean {
  return error instanceof TypeError || error instanceof RangeError
}

/** Runs a script that has a function for each call in `calls`, about a host. Returns what it puts into `seen`. */
function inAnotherProcess(body: string): unknown[] {
  const code = `
    const addon = require(${JSON.stringify(ADDON)})
    const all = new Uint8Array(8192).fill(255, 128), none = new Uint16Array(0)
    const port = addon.ephemeralPort(${TCP}, ''), ports = new Uint16Array([port])
    const calls = {
      isFree: async (host) => addon.isFree(port, ${TCP}, host),
      probe: async (host) => void addon.probe(ports, ${TCP}, host),
      pick: async (host) => addon.pick(1, all, none, 0, 9, ${TCP}, host),
      hold: async (host) => void addon.hold(1, all, none, 0, 9, ${TCP}, host, false),
      ephemeralPort: async (host) => addon.ephemeralPort(${TCP}, host),
      probeAsync: async (host) => void (await addon.probeAsync(ports, ${TCP}, host)),
      pickAsync: async (host) => addon.pickAsync(1, all, none, 0, 9, ${TCP}, host),
    }
    const settled = (promise, errors) => promise.then(() => {}, (error) => { errors.push(error) })
    const seen = []
    ;(async () => { ${body} })().then(() => console.log(JSON.stringify(seen)))`
  return JSON.parse(execFileSync(process.execPath, ['-e', code], { encoding: 'utf8' }))
}
