// Several callers ask for the same port at the same moment. Counts those that get another port because they see the
// probes of the others. Prints a JSON line.
//
//   node test/stress/simultaneous.mjs processes [rounds]   16 processes, at the same millisecond
//   node test/stress/simultaneous.mjs threads [calls]      two copies of the addon, in two threads
//   node test/stress/simultaneous.mjs turns [calls]        the same in one thread: pickAsync
//
// PORT4ME_ENGINE names the engine. Run it in its own network, because no other program may use the ports.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isMainThread, Worker, workerData } from 'node:worker_threads'

const PROCESSES = 16
/** Milliseconds from one round to the next, and milliseconds of busy waiting before a round begins. */
const ROUND = 20
const SPIN = 2
const PORT = 23456

const ROOT = join(import.meta.dirname, '../..')
const require = createRequire(import.meta.url)
const [, , way, argument] = process.argv

if (!isMainThread) await countOther(workerData)
else if (process.send !== undefined) await start(Number(argument))
else {
  const ways = { processes, threads, turns }
  const count = Number(argument ?? (way === 'processes' ? 300 : 60_000))
  console.log(JSON.stringify({ way, ...(await ways[way](count)) }))
}

/** Runs the rounds: in each, processes wait for the same moment and then ask. */
async function processes(rounds) {
  const children = Array.from({ length: PROCESSES }, () =>
    fork(import.meta.filename, [way, String(rounds)]),
  )
  await Promise.all(children.map((child) => once(child, 'message')))
  const begin = Date.now() + 200
  const answers = children.map((child) => once(child, 'message'))
  for (const child of children) child.send(begin)
  const others = (await Promise.all(answers)).reduce((sum, [other]) => sum + other, 0)
  return { asked: PROCESSES * rounds, others }
}

/** One of the processes. */
async function start(rounds) {
  const { port4me, listPorts } = require('../..')
  const mine = listPorts(1)[0]
  let others = 0
  if (port4me() !== mine) throw new Error(`${mine} is not free`)
  process.send('ready')
  const [begin] = await once(process, 'message')
  for (let round = 0; round < rounds; round++) {
    const at = begin + round * ROUND
    await new Promise((resolve) => setTimeout(resolve, at - SPIN - Date.now()))
    while (Date.now() < at);
    if (port4me() !== mine) others++
  }
  process.send(others)
  process.disconnect()
}

/** Calls `use` with two engines that do not know about each other. */
async function withTwoEngines(use) {
  const folder = mkdtempSync(join(tmpdir(), 'port4me-'))
  try {
    const file =
      process.env.PORT4ME_ENGINE === 'fallback'
        ? require.resolve('../../dist/fallback.js')
        : join(process.env.PORT4ME_PREBUILD ?? ROOT, 'build/Release/port4me.node')
    const files = ['a', 'b'].map((name) =>
      join(folder, `${name}${file.slice(file.lastIndexOf('.'))}`),
    )
    for (const copy of files) copyFileSync(file, copy)
    return await use(files)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function engineOf(file) {
  return require(file).fallback ?? require(file)
}

/** The arguments of a pick for TCP (binding.d.ts). Only one port is allowed. */
function question(port) {
  const candidates = new Uint8Array(8192)
  candidates[port >> 3] = 1 << (port & 7)
  return [0, candidates, new Uint16Array(), 0, 65535, 1 + 4 + 8, '']
}

async function countOther({ file, calls, shared }) {
  const engine = engineOf(file)
  const words = new Int32Array(shared)
  Atomics.add(words, 0, 1)
  while (Atomics.load(words, 0) < 2);
  for (let i = 0; i < calls / 2; i++) {
    if (engine.pick(...question(PORT)) % 65536 !== PORT) Atomics.add(words, 1, 1)
  }
}

async function threads(calls) {
  return await withTwoEngines(async (files) => {
    const shared = new SharedArrayBuffer(8)
    const workers = files.map(
      (file) => new Worker(import.meta.filename, { workerData: { file, calls, shared } }),
    )
    await Promise.all(workers.map((worker) => once(worker, 'exit')))
    return { asked: calls, others: new Int32Array(shared)[1] }
  })
}

async function turns(calls) {
  return await withTwoEngines(async (files) => {
    let others = 0
    const ask = async (engine) => {
      for (let i = 0; i < calls / 2; i++) {
        if ((await engine.pickAsync(...question(PORT))) % 65536 !== PORT) others++
      }
    }
    await Promise.all(files.map(engineOf).map(ask))
    return { asked: calls, others }
  })
}
