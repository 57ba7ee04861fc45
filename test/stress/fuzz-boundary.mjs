// Makes random calls of the addon itself, with right and hostile arguments. During these calls prototypes have traps,
// descriptors run out, the stack is full and garbage is collected. If the addon crashes, a signal ends this process. Any
// other fault throws an exception. Prints a JSON line at the end.
//
//   node --expose-gc test/stress/fuzz-boundary.mjs <addon> <calls> [seed]
//
// Run it as fuzz-boundary.test.ts does: in its own network namespace, where it disturbs no other program, and with few
// descriptors. The same seed makes the same calls, but not at the same times.

import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { types } from 'node:util'

const [addonPath, callCount, seed = Math.floor(Math.random() * 2 ** 32)] = process.argv.slice(2)
const addon = createRequire(import.meta.url)(addonPath)
console.error(`seed ${seed}`)

// Random numbers: mulberry32.

let state = Number(seed) >>> 0
function random() {
  state = (state + 0x6d2b79f5) >>> 0
  let mixed = Math.imul(state ^ (state >>> 15), state | 1)
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
}
const below = (count) => Math.floor(random() * count)
const chance = (share) => random() < share
const oneOf = (list) => list[below(list.length)]

// Errors of the traps are of this class, to tell them from those of the addon.

class OnPurpose extends Error {}
const purpose = new OnPurpose('on purpose')
function trap() {
  throw purpose
}

// Arguments. Property descriptors have no prototype, because Object.prototype may have a trap "get".

const bare = (properties) => Object.assign(Object.create(null), properties)

function detached(array) {
  structuredClone(null, { transfer: [array.buffer] })
  return array
}

function shrunk(View) {
  const buffer = new ArrayBuffer(8192, bare({ maxByteLength: 16384 }))
  const view = chance(0.5) ? new View(buffer) : new View(buffer, 64, 64)
  buffer.resize(oneOf([0, 1, 63, 64, 100, 8191, 8192, 16384]))
  return view
}

const ports = () => Array.from(bare({ length: below(4) }), () => 20000 + below(64))

const fewPorts = new Uint8Array(8192).fill(255, 20000 / 8, 20064 / 8)
const allPorts = new Uint8Array(8192).fill(255)
const sharedPorts = new Uint8Array(new SharedArrayBuffer(8192)).fill(255, 20000 / 8, 20064 / 8)

const good = {
  text: () => oneOf(['', 'text', 'alice,rstudio', '\ud83d', '\ud83d\ude00', 'é\0']),
  seed: () => below(2 ** 32),
  candidates: () => oneOf([fewPorts, fewPorts, allPorts, sharedPorts, new Uint8Array(8192)]),
  skip: () => (chance(0.9) ? below(5) : Number.MAX_SAFE_INTEGER),
  out: () => new Uint16Array(below(100)),
  prepend: () => {
    const list = ports()
    if (chance(0.8)) return new Uint16Array(list)
    const shared = new Uint16Array(new SharedArrayBuffer(2 * list.length))
    shared.set(list)
    return shared
  },
  maxTries: () => below(6),
  question: () => oneOf([5, 9, 13, 13, 13, 14, 15, 29, 31]),
  host: () =>
    oneOf([
      '',
      '',
      '',
      'localhost',
      '127.0.0.1',
      '::1',
      '0.0.0.0',
      '::',
      '192.0.2.1',
      'fe80::1%lo',
    ]),
  port: () => 20000 + below(64),
  ports: () => new Uint16Array(ports()),
  exclusive: () => chance(0.5),
  backlog: () => 1 + below(100),
  protocols: () => oneOf([1, 2, 3]),
  states: () => 1 + below(15),
  folder: () => oneOf(['', '/', process.cwd()]),
}

const hostile = [
  () => undefined,
  () => null,
  () => chance(0.5),
  () => oneOf([-1, -0, 0.5, 1e300, 2 ** 31, 2 ** 32, 2 ** 53, 65536, Number.NaN, -Infinity]),
  () => 10n,
  () => Symbol('s'),
  () =>
    oneOf([
      'x',
      'x'.repeat(below(1000)),
      '127.1',
      '::1%',
      '\0',
      'é',
      '\ud800',
      `${seed}`.repeat(99),
    ]),
  () => ({}),
  () => [20000],
  () => trap,
  () => bare({ [Symbol.toPrimitive]: trap, valueOf: trap, toString: trap }),
  () => new Proxy({}, bare({ get: trap, has: trap, getPrototypeOf: trap })),
  () => new Proxy(new Uint8Array(8192), bare({ get: trap })),
  () => new Proxy(trap, bare({ apply: trap, construct: trap })),
  () => new ArrayBuffer(8192),
  () => new SharedArrayBuffer(8192),
  () => new DataView(new ArrayBuffer(8192)),
  () => new Uint8Array(oneOf([0, 1, 8191, 8193])),
  () => new Uint8Array(new ArrayBuffer(16384), below(8192), 8192),
  () => new Uint16Array([20000, 0, 20001]),
  () => new Uint16Array(new ArrayBuffer(100), 2 * below(40)),
  () => new Float64Array(8192),
  () => new BigUint64Array(8),
  () => new (class extends Uint16Array {})(ports()),
  () => detached(new Uint8Array(8192)),
  () => detached(new Uint16Array(4)),
  () => shrunk(Uint8Array),
  () => shrunk(Uint16Array),
  () => Object.freeze(new Date()),
  () => addon,
  () => oneOf(holds),
]

const search = ['seed', 'candidates', 'prepend', 'skip', 'maxTries', 'question', 'host']
const functions = Object.entries({
  hashcode: ['text'],
  sequence: ['seed', 'candidates', 'skip', 'out'],
  pick: search,
  pickAsync: search,
  hold: [...search, 'exclusive'],
  isFree: ['port', 'question', 'host'],
  probe: ['ports', 'question', 'host'],
  probeAsync: ['ports', 'question', 'host'],
  ephemeralPort: ['question', 'host'],
  environmentGeneration: [],
}).map(([name, parameters]) => ({ call: addon[name], parameters }))
/** These take milliseconds, so they are called rarely. */
const slow = ['holders', 'holdersAsync'].map((name) => ({
  call: addon[name],
  parameters: ['ports', 'protocols', 'states', 'folder'],
}))

const Hold = addon.hold(
  0,
  new Uint8Array(8192),
  new Uint16Array(0),
  0,
  1,
  13,
  '',
  false,
).constructor
const isOver = Object.getOwnPropertyDescriptor(Hold.prototype, 'isOver').get
const methods = [
  { call: Hold.prototype.release, parameters: [] },
  { call: Hold.prototype.admitServers, parameters: [] },
  { call: Hold.prototype.takeListeningDescriptor, parameters: ['backlog'] },
  { call: isOver, parameters: [] },
]

function argumentsOf(parameters) {
  const share = oneOf([0, 0, 0.1, 0.5])
  const list = parameters.map((name) => (chance(share) ? oneOf(hostile)() : good[name]()))
  if (chance(0.05)) list.length = below(list.length + 1)
  if (chance(0.05)) list.push(...hostile.slice(0, below(8)).map((make) => make()))
  return list
}

// Traps.

const prototypes = [
  Object.prototype,
  Error.prototype,
  TypeError.prototype,
  RangeError.prototype,
  Array.prototype,
  Uint8Array.prototype,
  Function.prototype,
  Hold.prototype,
]
/** The traps with which Node.js itself still works between two turns of the event loop. */
const lasting = ['code', 'syscall', 'address', 'port', 'then', 'pick', 'pids', 'sockets']
const names = [
  ...lasting,
  ...[
    'message',
    'stack',
    'name',
    'cause',
    'errno',
    'length',
    'constructor',
    'byteLength',
    'buffer',
  ],
  ...['isOver', 'release', 'prototype', 'value', 'get', 'set', 'writable', 'enumerable'],
  ...[
    'configurable',
    'toString',
    'valueOf',
    Symbol.toPrimitive,
    Symbol.species,
    Symbol.hasInstance,
  ],
]

/** Sets traps, and returns a function that removes them. */
function setTraps(among) {
  const undo = []
  for (let count = below(4); count > 0; count--) {
    const prototype = oneOf(prototypes)
    const name = oneOf(among)
    const before = Object.getOwnPropertyDescriptor(prototype, name)
    if (before?.configurable === false) continue
    const descriptor = bare({ configurable: true, get: chance(0.5) ? trap : undefined, set: trap })
    undo[undo.length] = () => {
      if (before === undefined) delete prototype[name]
      else Object.defineProperty(prototype, name, Object.setPrototypeOf(before, null))
    }
    Object.defineProperty(prototype, name, descriptor)
  }
  if (chance(0.1)) {
    const handler = bare({ has: trap, get: trap, set: trap, getOwnPropertyDescriptor: trap })
    undo[undo.length] = () => Object.setPrototypeOf(Error.prototype, Object.prototype)
    Object.setPrototypeOf(Error.prototype, new Proxy({}, handler))
  }
  return () => {
    for (let i = undo.length - 1; i >= 0; i--) undo[i]()
  }
}

// The calls.

const holds = []
let pending = 0
const counts = { answers: 0, errors: 0, rejections: 0, traps: 0 }

/** Throws unless this is an error that the addon or a trap may throw. */
function count(error, kind) {
  if (error === purpose) {
    counts.traps++
    return
  }
  counts[kind]++
  if (!types.isNativeError(error)) throw new Error('something else than an Error was thrown')
  const prototype = Object.getPrototypeOf(error)
  if (prototype === TypeError.prototype || prototype === RangeError.prototype) return
  // node-addon-api throws this when a method is called as a constructor.
  if (error.message === 'Invalid argument') return
  if (!Object.hasOwn(error, 'code') || !Object.hasOwn(error, 'syscall')) {
    throw new Error('an unexpected error', { cause: error })
  }
}

/** Makes one call. Its result or error is checked later, when there are no traps. */
function call() {
  const isMethod = chance(0.2)
  const { call, parameters } = oneOf(isMethod ? methods : chance(0.001) ? slow : functions)
  const list = argumentsOf(parameters)
  const receiver = chance(0.05) ? oneOf(hostile)() : isMethod ? oneOf(holds) : addon
  const asClass = chance(0.02) ? oneOf([Hold, call, call.bind(null)]) : undefined
  const newTarget = oneOf([Hold, class extends Hold {}, Date, Proxy])
  return () => {
    try {
      const answer =
        asClass === undefined
          ? Reflect.apply(call, receiver, list)
          : Reflect.construct(asClass, list, newTarget)
      return () => take(answer, call)
    } catch (error) {
      return () => count(error, 'errors')
    }
  }
}

function take(answer, from) {
  counts.answers++
  if (types.isPromise(answer)) {
    pending++
    const settle = (value, kind) => {
      pending--
      if (kind !== undefined) count(value, kind)
    }
    answer.then(settle, (error) => settle(error, 'rejections'))
  } else if (answer instanceof Hold) {
    if (holds.length < 8) holds.push(answer)
    else holds[below(holds.length)] = answer
  } else if (from === methods[2].call && typeof answer === 'number') {
    if (answer !== -1) closeSync(answer)
  }
}

/** Makes the call with a nearly full stack, at several depths below the overflow. */
function callDeep(make) {
  let left = 10
  const taken = []
  const deeper = () => {
    try {
      deeper()
    } catch {}
    if (left-- > 0) {
      try {
        taken.push(make())
      } catch {} // no room for the call itself
    }
  }
  deeper()
  for (const take of taken) take()
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve))

const openDescriptors = () => readdirSync('/proc/self/fd').length
const residentKilobytes = () =>
  Number(/VmRSS:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1])

/** Runs `use` with only a few descriptors left, or none. */
function exhausted(use) {
  const held = []
  try {
    for (;;) held.push(openSync('/dev/null'))
  } catch {}
  for (let spare = below(4); spare > 0 && held.length > 0; spare--) closeSync(held.pop())
  use()
  for (const descriptor of held) closeSync(descriptor)
}

async function settle() {
  while (pending > 0) await nextTurn()
}

/** Releases everything that the calls may hold. */
async function letGo() {
  await settle()
  holds.length = 0
  for (let i = 0; i < 3; i++) {
    gc()
    await nextTurn()
  }
}

/** Makes fifty calls, in one of many ways. */
async function round() {
  const batch = Array.from(bare({ length: ROUND }), call)
  const taken = []
  const make = () => {
    for (let i = 0; i < batch.length; i++) taken[i] = batch[i]()
  }
  if (chance(0.3)) {
    const away = setTraps(names)
    make()
    away()
  } else if (chance(0.02)) exhausted(make)
  else if (chance(0.01)) callDeep(batch.pop())
  else make()
  for (const take of taken) take()
  if (chance(0.02)) gc(bare({ type: oneOf(['major', 'minor']) }))
  if (chance(0.02)) holds.length = 0
  if (chance(0.2)) {
    // The traps are still set when the answers come.
    const turn = nextTurn()
    const away = setTraps(lasting)
    await turn
    away()
  }
  if (pending > 100) await settle()
}

const ROUND = 50
const calls = Number(callCount)
const start = performance.now()
let descriptors
let memory
for (let done = 0; done < calls; done += ROUND) {
  await round()
  if (descriptors === undefined && done >= calls / 10) {
    await letGo()
    descriptors = openDescriptors()
    memory = residentKilobytes()
  }
}
await letGo()
const after = openDescriptors()
if (after !== descriptors) throw new Error(`${descriptors} descriptors became ${after}`)
const seconds = Math.round((performance.now() - start) / 1000)
console.log(JSON.stringify({ calls, ...counts, seconds, kilobytes: [memory, residentKilobytes()] }))
