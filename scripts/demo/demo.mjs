// Shows what leases are for. Eight processes start HTTP servers again and again: they pick a port and then bind it. At the
// same time eight others do so with leases. The numbers are counted by these processes.
//
//   npm run demo
//   npm run demo -- --seconds=5

import { fork } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const { probe } = createRequire(import.meta.url)('../..')

const PROCESSES = 8
/** The candidates of each side. They are few, so that the processes want the same ports, as the workers of a test run do. */
const PORTS = 32
const MARKS_A_SECOND = 2
const WIDTH = 38

const SIDES = [
  { way: 'pick', title: 'pick, then bind', code: 'server.listen(port4me({ include }))' },
  { way: 'lease', title: 'lease', code: 'leasePort({ include }).listen(server)' },
].map((side) => ({ ...side, children: [], counts: new Map(), marks: [], marked: 0 }))

const seconds = readSeconds()
// TERM=dumb: the cursor cannot be moved.
const isLive = process.stdout.isTTY === true && process.env.TERM !== 'dumb'
const hasColors = isLive && process.stdout.hasColors()

let ended = false
let drawn = 0
let start = 0
const timers = []

// Also if this process crashes. A process that is killed cannot end the others; they see it, and end themselves.
process.on('exit', endChildren)
for (const [signal, status] of [
  ['SIGHUP', 129],
  ['SIGINT', 130],
  ['SIGTERM', 143],
]) {
  process.on(signal, () => end(status))
}

const [left, right] = [freeRow(10_000), freeRow(20_000)]
for (const [i, side] of SIDES.entries()) {
  side.include = [left, right][i]
  for (let n = 0; n < PROCESSES; n++) startChild(side)
}
console.log(
  `${PROCESSES} processes on each side start HTTP servers, one after another, for ${seconds} s.`,
)
console.log('Each server must answer one request before it is closed. Each process takes the')
console.log(`first of ${PORTS} ports that is free: left ${left}, right ${right}.\n`)

function startChild(side) {
  const worker = fileURLToPath(new URL('worker.mjs', import.meta.url))
  const child = fork(worker, [side.way, side.include])
  side.children.push(child)
  child.on('message', ({ ready, starts, collisions }) => {
    if (ready) {
      child.isReady = true
      const all = SIDES.flatMap(({ children }) => children)
      if (all.length === 2 * PROCESSES && all.every(({ isReady }) => isReady)) begin()
    } else {
      side.counts.set(child, { starts, collisions })
    }
  })
  child.on('error', ({ message }) => end(1, message))
  child.on('exit', (code, signal) => {
    if (!ended) end(1, `a process ended too early (${signal ?? code})`)
  })
}

function begin() {
  start = performance.now()
  for (const child of SIDES.flatMap(({ children }) => children)) child.send('go')
  if (isLive) timers.push(setInterval(draw, 100), setInterval(mark, 1000 / MARKS_A_SECOND))
  else timers.push(setInterval(printLine, 2000))
  timers.push(setTimeout(() => end(0), seconds * 1000))
}

/** Ends all processes, prints the totals, and ends this process with a status. */
function end(status, failure) {
  if (ended) return
  ended = true
  for (const timer of timers) clearInterval(timer)
  endChildren()
  if (isLive && start > 0) draw()
  if (failure !== undefined) console.error(`demo: ${failure}`)
  const totals = SIDES.map((side) => {
    const { starts, collisions } = sumOf(side)
    const percent = starts + collisions === 0 ? 0 : (100 * collisions) / (starts + collisions)
    return `${side.title}: ${count(starts)} starts, ${count(collisions)} collisions (${percent.toFixed(1)}%)`
  })
  console.log(`${isLive && start > 0 ? '\n' : ''}total: ${totals.join('; ')}`)
  const [, lease] = SIDES
  process.exitCode = status === 0 && sumOf(lease).collisions > 0 ? 1 : status
  for (const { children } of SIDES) for (const child of children) child.unref()
}

function endChildren() {
  for (const { children } of SIDES) for (const child of children) child.kill('SIGKILL')
}

function sumOf({ counts }) {
  let [starts, collisions] = [0, 0]
  for (const one of counts.values()) {
    starts += one.starts
    collisions += one.collisions
  }
  return { starts, collisions, rate: starts / Math.max(1e-3, elapsed()) }
}

function elapsed() {
  return start === 0 ? 0 : Math.min(seconds, (performance.now() - start) / 1000)
}

/** Notes how many collisions there were since the last mark. */
function mark() {
  for (const side of SIDES) {
    const { collisions } = sumOf(side)
    side.marks.push(collisions - side.marked)
    side.marked = collisions
  }
}

function draw() {
  const columns = SIDES.map((side) => {
    const { starts, collisions, rate } = sumOf(side)
    const color = collisions > 0 ? 31 : 32
    return [
      paint(1, side.title.padEnd(WIDTH)),
      side.code.padEnd(WIDTH),
      ''.padEnd(WIDTH),
      row('starts', starts),
      paint(color, row('collisions', collisions)),
      row('starts per second', Math.round(rate)),
      ''.padEnd(WIDTH),
      strip(side.marks.slice(-(WIDTH - 2))),
    ]
  })
  const [one, other] = columns
  const lines = one.map((line, i) => `${line}  ${other[i]}`.trimEnd())
  lines.push(
    '',
    `${elapsed().toFixed(0).padStart(3)} s; a mark is ${1000 / MARKS_A_SECOND} ms: its collisions (+: more than 9)`,
  )
  const up = drawn === 0 ? '' : `\x1b[${drawn}A`
  process.stdout.write(`${up}${lines.map((line) => `${line}\x1b[K\n`).join('')}`)
  drawn = lines.length
}

function row(name, number) {
  return `${name.padEnd(18)}${count(number).padStart(9)}`.padEnd(WIDTH)
}

/** A character for each mark: `·` for none, else how many. */
function strip(marks) {
  const shown = marks.map((number) =>
    number === 0 ? '·' : paint(31, number > 9 ? '+' : String(number)),
  )
  return shown.join('') + ' '.repeat(WIDTH - marks.length)
}

function printLine() {
  const parts = SIDES.map((side) => {
    const { starts, collisions, rate } = sumOf(side)
    return `${side.title}: ${count(starts)} starts, ${count(collisions)} collisions, ${count(Math.round(rate))} starts/s`
  })
  console.log(`${elapsed().toFixed(0).padStart(3)} s  ${parts.join('; ')}`)
}

function paint(code, text) {
  return hasColors ? `\x1b[${code}m${text}\x1b[0m` : text
}

function count(number) {
  return number.toLocaleString('en')
}

/** The first free ports in a row, from a port on. */
function freeRow(from) {
  let first = from
  for (const { port, free } of probe(`${from}-${from + 9999}`, { protocol: 'tcp' })) {
    if (!free) first = port + 1
    else if (port - first + 1 === PORTS) return `${first}-${port}`
  }
  throw new Error(`no ${PORTS} ports in a row are free from ${from} on`)
}

function readSeconds() {
  try {
    const { values } = parseArgs({ options: { seconds: { type: 'string', default: '20' } } })
    const number = Number(values.seconds)
    if (number >= 1 && number <= 3600) return number
    throw new Error(`--seconds must be a number from 1 to 3600, not "${values.seconds}"`)
  } catch ({ message }) {
    console.error(`demo: ${message}`)
    process.exit(2)
  }
}
