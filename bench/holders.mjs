// Measures whoHas() and `port4me who` beside many processes with many descriptors.

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const PROCESSES = 200
const DESCRIPTORS = 44
const path = (relative) => fileURLToPath(new URL(relative, import.meta.url))

/** Asks for a port 50 times and writes the median time. The port is a server of this process, or of its child. */
const ASKER = `
  const { whoHas } = require('port4me')
  const [given] = process.argv.slice(1)
  const ask = (port, pid) => {
    const times = Array.from({ length: 21 }, () => {
      const start = performance.now()
      const holders = whoHas(port, { protocol: 'tcp' })
      const spent = performance.now() - start
      if (holders.length !== 1 || (pid && holders[0].pid !== pid)) throw new Error(JSON.stringify(holders))
      return spent
    })
    require('node:fs').writeSync(1, String(times.sort((a, b) => a - b)[10]))
    child?.kill()
    process.exit()
  }
  let child
  const serve = "require('net').createServer().listen(0, function () { process.send(this.address().port) })"
  if (given === 'own') {
    const server = require('node:net').createServer().listen(0, () => ask(server.address().port, process.pid))
  } else if (given === 'child') {
    child = require('node:child_process').spawn(process.execPath, ['-e', serve], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'], cwd: '/',
    })
    child.on('message', (port) => ask(port, child.pid))
  } else ask(Number(given))
`

/** Asks for the port of a service 50 times and writes the median time. */
const SERVICE_ASKER = `
  const { servicePort } = require(process.argv[1])
  const times = Array.from({ length: 51 }, () => {
    const start = performance.now()
    servicePort('bench')
    return performance.now() - start
  })
  require('node:fs').writeSync(1, String(times.sort((a, b) => a - b)[25]))
`

/** A server on the port of a service. */
const SERVICE = `
  const { servicePort } = require(process.argv[1])
  require('net').createServer().listen(servicePort('bench'), function () { console.log(this.address().port) })
  process.stdin.resume().on('end', () => process.exit())`

/** Returns the times of each question, by what was measured. */
export async function compareHolders(rounds, floor, variables) {
  const fillers = spawn(path('../build/floor'), ['fill', PROCESSES, DESCRIPTORS], {
    cwd: '/',
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const [line] = await once(createInterface({ input: fillers.stdout }), 'line')
  const [port, inode] = line.split(' ').map(Number)
  // A server in this folder, which is neither this process nor a child of the one that asks.
  const neighbour = spawn(process.execPath, ['-e', SERVER], {
    cwd: path('..'),
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const [folderPort] = (await once(createInterface({ input: neighbour.stdout }), 'line')).map(
    Number,
  )

  const project = mkdtempSync(join(tmpdir(), 'port4me-'))
  const times = { who: {}, 'who, program': {}, service: {} }
  const record = (question, name, time) => {
    times[question][name] ??= []
    times[question][name].push(time)
  }
  const env = { ...variables, PREBUILDS_ONLY: '' }
  const node = (args, cwd = path('..')) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd, env })
    if (status !== 0) throw new Error(`${args}: ${stderr}`)
    return Number(stdout) * 1e6
  }
  const program = (name, file, args) => {
    const start = performance.now()
    const { status, stderr, error } = spawnSync(file, args, { cwd: '/', env })
    if (error?.code === 'ENOENT') return // not installed
    if (status !== 0) throw new Error(`${file} ${args}: ${stderr}`)
    record('who, program', name, (performance.now() - start) * 1e6)
  }
  try {
    for (let round = 0; round < rounds; round++) await measure()
    const askService = () => node(['-e', SERVICE_ASKER, path('..')], project)
    for (let round = 0; round < rounds; round++) record('service', 'free', askService())
    const service = spawn(process.execPath, ['-e', SERVICE, path('..')], {
      cwd: project,
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    await once(createInterface({ input: service.stdout }), 'line')
    for (let round = 0; round < rounds; round++) record('service', 'running', askService())
    service.stdin.end()
  } finally {
    fillers.stdin.end()
    neighbour.stdin.end()
    rmSync(project, { recursive: true })
  }
  return times

  async function measure() {
    record('who', 'floor', await floor.ask('links', inode, 3))
    for (const [name, asked] of [
      ["a stranger's port", port],
      ['own port', 'own'],
      ["a child's port", 'child'],
      ["this folder's port", folderPort],
    ]) {
      record('who', name, node(['-e', ASKER, String(asked)]))
    }
    program('port4me who PORT', process.execPath, [
      path('../dist/port4me-cli.js'),
      'who',
      String(port),
    ])
    program('ss -ltnp', 'ss', ['-ltnp'])
    program('lsof -nP -iTCP:PORT', 'lsof', ['-nP', `-iTCP:${port}`])
  }
}

const SERVER = `require('net').createServer().listen(0, function () { console.log(this.address().port) })
process.stdin.resume().on('end', () => process.exit())`
