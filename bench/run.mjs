// Compares this package with others. They run in turns, so that a slow minute of the machine affects all of them.
// Prints a table of medians and ratios, writes bench/results.json, and draws the charts of docs/images/.

import { fork, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { drawCharts } from './charts.mjs'
import { compareHolders } from './holders.mjs'

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 25)
const BUSY = 100
const path = (relative) => fileURLToPath(new URL(relative, import.meta.url))

const SUBJECTS = [
  { name: 'port4me (native)', adapter: 'port4me', engine: 'native' },
  { name: 'port4me (fallback)', adapter: 'port4me', engine: 'fallback' },
  ...['get-port', 'get-port-please', 'detect-port', 'portfinder', 'pick-port'].map((adapter) => ({
    name: adapter,
    adapter,
  })),
]

/** The targets: a question, the subject, what it is compared with, and how many times as long it may take. */
const TARGETS = [
  ['free', 'port4me (native)', 'floor', 1.5, 'goal 1.25'],
  ['free', 'port4me (native)', 'get-port', 1 / 20],
  ['free', 'port4me (native)', 'portfinder', 1 / 5],
  ['free', 'port4me (native)', 'get-port-please', 1],
  ['free', 'port4me (native)', 'detect-port', 1],
  ['free', 'port4me (native)', 'pick-port', 1],
  ['fresh', 'port4me (native)', 'floor', 2, 'goal 1.6'],
  ['fresh', 'port4me (native), no USER', 'floor', 2, 'goal 1.6'],
  ...['get-port', 'get-port-please', 'detect-port', 'portfinder', 'pick-port'].map((name) => [
    'fresh',
    'port4me (native)',
    name,
    1,
  ]),
  ['async', 'port4me (native)', 'port4me(), synchronous', 2],
  ['busy', 'port4me (native)', 'floor', 1.4, 'goal 1.25'],
  ['all', 'port4me (native)', 'floor', 1.3],
  ['list', 'port4me (fallback)', 'port4me (native)', 5],
  ['load', 'port4me (native)', 'get-port-please', 0.75, 'goal 0.65'],
  ['load', 'port4me (native)', 'get-port', 0.5],
  ['load', 'port4me (native), no USER', 'get-port-please', 0.75, 'goal 0.65'],
  ['program', 'port4me', 'node -e 0', 1.1],
  ['who', "a stranger's port", 'floor', 1.2],
  ['who, program', 'port4me who PORT', 'ss -ltnp', 1],
  ['who, program', 'port4me who PORT', 'lsof -nP -iTCP:PORT', 1],
]

/** The most milliseconds that a subject may take for a question. */
const LIMITS = [
  ['who', 'own port', 3],
  ['who', "a child's port", 3],
  ['who', "this folder's port", 3],
  ['service', 'free', 0.3],
  ['service', 'running', 4],
]

/** How many ports "fresh" uses, one for each call. */
const FRESH_PORTS = 3000

const { servers, ports } = await holdConsecutivePorts(BUSY)
// NODE_EXTRA_CA_CERTS makes every start of Node.js take much longer. The time of the programs would be lost in it.
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^_?PORT4ME_|^NODE_EXTRA_CA_CERTS$/.test(name)),
)
// With a variable that names the user, as nearly every shell has it, and without one.
const { LOGNAME, USER, LNAME, USERNAME, ...nobody } = environment
const named = { ...nobody, USER: 'bench' }
const results = {
  free: await compareCalls('free', [ports.at(-1)]),
  fresh: await compareFreshCalls(),
  async: await compareAsync(ports.at(-1)),
  busy: await compareCalls('busy', ports),
  all: await compareCalls(
    'all',
    Array.from({ length: 64512 }, (_, i) => 1024 + i),
  ),
  list: await compareCalls('list', [64_000]),
  load: compareLoads(),
  program: comparePrograms({
    'node -e 0': ['-e', '0'],
    port4me: [path('../dist/port4me-cli.js')],
  }),
}
for (const server of servers) server.close()
const linksFloor = startFloor()
for (const [question, times] of Object.entries(
  await compareHolders(Math.ceil(ROUNDS / 3), linksFloor, named),
)) {
  results[question] = medians(times)
}
linksFloor.stop()

report('free', 'a call, first candidate free', 'floor')
report('fresh', 'a call with new options and another port each time', 'floor')
report('async', 'a call off the event loop, first candidate free', 'port4me(), synchronous')
report('busy', `a call, first ${BUSY} candidates busy`, 'floor')
report('all', 'probe() of all ports from 1024, TCP', 'floor')
report('list', 'listPorts(64000)', 'port4me (native)')
report('load', 'loading the package and a first port', 'addon alone')
report('program', 'the program', 'node -e 0')
report('who', 'who has a port, beside 265 processes with 9,000 descriptors', 'floor')
report('who, program', 'the same as a program', 'ss -ltnp')
report('service', 'servicePort(), beside the same processes', 'free')
reportStalls()
const missed = reportTargets()
writeFileSync(
  path('results.json'),
  `${JSON.stringify({ node: process.version, results }, null, 2)}\n`,
)
drawCharts(results)
process.exitCode = missed ? 1 : 0

/** Starts servers on `count` ports in a row. The last port of `ports`, which follows them, is free. */
async function holdConsecutivePorts(count) {
  for (let start = 20000; ; start += count + 1) {
    const held = []
    for (let port = start; port <= start + count; port++) {
      const server = createServer()
      server.listen(port)
      if (!(await once(server, 'listening').catch(() => false))) break
      held.push(server)
    }
    if (held.length > count) {
      held.pop().close()
      return { servers: held, ports: Array.from({ length: count + 1 }, (_, i) => start + i) }
    }
    for (const server of held) server.close()
  }
}

async function compareCalls(question, ports) {
  const times = {}
  const floor = startFloor()
  const subjects = []
  for (const { name, adapter, engine } of SUBJECTS) {
    const env = engine === undefined ? environment : { ...environment, PORT4ME_ENGINE: engine }
    const child = fork(path('subject.mjs'), [adapter], { env })
    const [{ ready }] = await once(child, 'message')
    if (ready.includes(question)) subjects.push({ name, child })
    else child.kill()
  }
  const rounds = question === 'all' ? Math.ceil(ROUNDS / 5) : ROUNDS
  for (let round = 0; round < rounds; round++) {
    const record = (name, time) => {
      times[name] ??= []
      times[name].push(time)
    }
    const asked = { free: 5000, busy: 500, all: 1 }[question]
    if (asked !== undefined) record('floor', await floor.ask(question, ports[0], asked))
    for (const subject of subjects) {
      if (subject.failure) continue
      subject.child.send({ question, ports })
      const [answer] = await once(subject.child, 'message')
      if (answer.failure) {
        subject.failure = answer.failure
        console.error(`${subject.name}: left out of "${question}": ${answer.failure}`)
      } else record(subject.name, answer.nanoseconds)
    }
  }
  floor.stop()
  for (const { child } of subjects) child.kill()
  return medians(times)
}

/**
 * Measures each subject in a process of its own that has just warmed up. If no variable names the user, this package
 * asks the system for the account.
 */
async function compareFreshCalls() {
  const first = freshPorts()
  const ports = Array.from({ length: FRESH_PORTS }, (_, i) => first + i)
  const subjects = [
    ...SUBJECTS.map((subject) => ({ ...subject, env: named })),
    { ...SUBJECTS[0], name: 'port4me (native), no USER', env: nobody },
  ]
  const times = { floor: [] }
  const floor = startFloor()
  for (let round = 0; round < Math.ceil(ROUNDS / 3); round++) {
    times.floor.push(await floor.ask('fresh', first, FRESH_PORTS))
    for (const { name, adapter, engine, env } of subjects) {
      const variables = engine === undefined ? env : { ...env, PORT4ME_ENGINE: engine }
      const child = fork(path('subject.mjs'), [adapter], { env: variables })
      await once(child, 'message')
      child.send({ question: 'fresh', ports })
      const [{ failure, nanoseconds }] = await once(child, 'message')
      child.kill()
      if (failure) throw new Error(`${name}: ${failure}`)
      times[name] ??= []
      times[name].push(nanoseconds)
    }
  }
  floor.stop()
  return medians(times)
}

/** The first of FRESH_PORTS free ports in a row. */
function freshPorts() {
  const { probe } = createRequire(import.meta.url)('..')
  let first = 10000
  for (const { port, free } of probe('10000-65535', { protocol: 'tcp' })) {
    if (!free) first = port + 1
    else if (port - first + 1 === FRESH_PORTS) return first
  }
  throw new Error(`no ${FRESH_PORTS} ports in a row are free`)
}

/** Compares port4meAsync() with port4me(), both with the addon. */
async function compareAsync(port) {
  const [{ adapter, engine }] = SUBJECTS
  const child = fork(path('subject.mjs'), [adapter], {
    env: { ...environment, PORT4ME_ENGINE: engine },
  })
  await once(child, 'message')
  const times = { 'port4me(), synchronous': [], 'port4me (native)': [] }
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, question] of [
      ['port4me(), synchronous', 'free'],
      ['port4me (native)', 'async'],
    ]) {
      child.send({ question, ports: [port] })
      const [{ failure, nanoseconds }] = await once(child, 'message')
      if (failure) throw new Error(failure)
      times[name].push(nanoseconds)
    }
  }
  child.kill()
  return medians(times)
}

function startFloor() {
  const child = spawn(path('../build/floor'), { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })
  return {
    ask: async (question, port, times) => {
      child.stdin.write(`${question} ${port} ${times}\n`)
      const [line] = await once(lines, 'line')
      return Number(line.split(' ')[0])
    },
    stop: () => child.stdin.end(),
  }
}

/** For each subject, code that loads the package and finds a first port. */
function loadScripts() {
  const firstPort = {
    port4me: "require('port4me').port4me()",
    'get-port': "(await import('get-port')).default()",
    'get-port-please': "require('get-port-please').getPort()",
    'detect-port': "require('detect-port').detect(0)",
    portfinder: "require('portfinder').getPortPromise()",
    'pick-port': "(await import('pick-port')).pickPort({ type: 'tcp' })",
  }
  const addon = path('../build/Release/port4me.node')
  const scripts = { 'addon alone': { code: `require(${JSON.stringify(addon)})` } }
  for (const { name, adapter, engine } of SUBJECTS) {
    scripts[name] = { code: firstPort[adapter], engine }
  }
  scripts['port4me (native), no USER'] = { ...scripts['port4me (native)'], env: nobody }
  return scripts
}

/** Measures the scripts, each in a process of its own, in turns. Each process measures the time itself. */
function compareLoads() {
  const times = {}
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, { code, engine, env }] of Object.entries(loadScripts())) {
      const script = `(async () => {
        const start = performance.now()
        const port = ${code}
        if (port instanceof Promise) await port
        require('node:fs').writeSync(1, String(performance.now() - start))
        process.exit()
      })()`
      const { milliseconds } = runNode(['-e', script], engine, env)
      times[name] ??= []
      times[name].push(milliseconds * 1e6)
    }
  }
  return medians(times)
}

/** Measures whole processes, in turns. */
function comparePrograms(programs) {
  const times = {}
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, args] of Object.entries(programs)) {
      times[name] ??= []
      times[name].push(runNode(args).spent)
    }
  }
  return medians(times)
}

function runNode(args, engine, variables = named) {
  // As in an installed package: the prebuilt binary, and not a fresh build.
  const installed = { ...variables, PREBUILDS_ONLY: '1' }
  const env = engine === undefined ? installed : { ...installed, PORT4ME_ENGINE: engine }
  const start = performance.now()
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: path('..'), env })
  const spent = (performance.now() - start) * 1e6
  if (status !== 0) throw new Error(`node ${args.join(' ')} failed: ${stderr}`)
  return { spent, milliseconds: Number(stdout) }
}

/** Prints the longest time that a timer had to wait during probeAsync() of all ports. */
function reportStalls() {
  console.log('\nlongest stall of the event loop during probeAsync() of all ports from 1024')
  for (const { name, engine } of SUBJECTS.slice(0, 2)) {
    const script = `(async () => {
      const { probeAsync } = require('port4me')
      const longest = []
      for (let round = 0; round < 5; round++) {
        let last = performance.now()
        let stall = 0
        const tick = () => {
          stall = Math.max(stall, performance.now() - last)
          last = performance.now()
        }
        const ticking = setInterval(tick, 1)
        await probeAsync('1024-65535', { protocol: 'tcp' })
        tick()
        clearInterval(ticking)
        longest.push(stall)
      }
      require('node:fs').writeSync(1, String(Math.max(...longest)))
    })()`
    console.log(
      `  ${name.padEnd(20)} ${runNode(['-e', script], engine).milliseconds.toFixed(1)} ms`,
    )
  }
}

function medians(times) {
  return Object.fromEntries(
    Object.entries(times).map(([name, all]) => {
      const sorted = all.toSorted((a, b) => a - b)
      return [name, sorted[sorted.length >> 1]]
    }),
  )
}

function report(question, title, base) {
  const times = results[question]
  console.log(`\n${title}`)
  for (const [name, time] of Object.entries(times)) {
    const ratio = (time / times[base]).toFixed(2)
    console.log(`  ${name.padEnd(20)} ${format(time).padStart(12)} ${ratio.padStart(10)} × ${base}`)
  }
}

function format(nanoseconds) {
  return nanoseconds < 1e6
    ? `${(nanoseconds / 1e3).toFixed(2)} µs`
    : `${(nanoseconds / 1e6).toFixed(2)} ms`
}

function reportTargets() {
  let missed = false
  console.log('\ntargets')
  for (const [question, name, base, most, note = ''] of TARGETS) {
    const ratio = results[question][name] / results[question][base]
    const held = ratio <= most
    missed ||= !held
    const wanted = most < 1 ? `1/${Math.round(1 / most)}` : String(most)
    const got = ratio < 1 ? `1/${(1 / ratio).toFixed(0)}` : ratio.toFixed(2)
    console.log(
      `  ${held ? 'held  ' : 'MISSED'} ${question}: ${name} takes ${got} of ${base}; at most ${wanted} ${note}`,
    )
  }
  for (const [question, name, most] of LIMITS) {
    const milliseconds = results[question][name] / 1e6
    const held = milliseconds <= most
    missed ||= !held
    console.log(
      `  ${held ? 'held  ' : 'MISSED'} ${question}: ${name} takes ${milliseconds.toFixed(2)} ms; at most ${most} ms`,
    )
  }
  return missed
}
