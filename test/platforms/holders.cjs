// Opens sockets of every kind, here and in another process, asks whoHas() about each, and writes to a file what was
// opened and what was answered. It is plain JavaScript, so that any runtime with node:net can run it.
//
//   node holders.cjs PACKAGE RESULT
//   node holders.cjs child FILE        opens one socket, and writes its port and process to FILE

const { spawn } = require('node:child_process')
const dgram = require('node:dgram')
const fs = require('node:fs')
const net = require('node:net')

const TIMEOUT_MS = 100_000

/** Listens, and returns the port. */
function listen(options) {
  return new Promise((resolve, reject) => {
    const server = net.createServer().once('error', reject)
    server.listen({ port: 0, ...options }, () => {
      // Wine keeps a listening socket in its own server, and then cannot tell whose it is. It gives the process a
      // descriptor when the process sets an option. On Windows this changes nothing for a listener.
      server._handle.setNoDelay(true)
      resolve(server.address().port)
    })
  })
}

/** Binds a UDP socket, and returns the port. */
function bind(options, address) {
  return new Promise((resolve, reject) => {
    const socket = dgram.createSocket(options).once('error', reject)
    socket.bind(0, address, () => resolve(socket.address().port))
  })
}

/** Starts this script as another process, and returns the port and the process that it reports. */
async function startChild(file) {
  fs.rmSync(file, { force: true }) // of an earlier run
  const child = spawn(process.execPath, [__filename, 'child', file], { stdio: 'ignore' })
  // Its pipes may not work under Wine, so it writes to a file.
  while (!fs.existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 50))
  return { child, ...JSON.parse(fs.readFileSync(file, 'utf8')) }
}

async function main(folder, resultFile) {
  const result = { rows: [] }
  const end = Date.now() + TIMEOUT_MS
  const finish = () => {
    fs.writeFileSync(resultFile, JSON.stringify(result))
    process.exit()
  }
  setTimeout(finish, TIMEOUT_MS)
  try {
    const { engine, listHolders, whoHas, whoHasAsync } = require(folder)
    result.engine = engine
    const child = await startChild(`${resultFile}.child`)
    const here = { pid: process.pid, started: Date.now() - process.uptime() * 1000 }
    const there = { pid: child.pid, started: child.started }
    const tcp = { protocol: 'tcp', state: 'listening', ...here }
    const udp = { protocol: 'udp', state: 'bound', ...here }
    const of = (address) => ({ address, family: address.includes(':') ? 'ipv6' : 'ipv4' })
    const opened = []
    for (const host of ['127.0.0.1', '0.0.0.0', '::1']) {
      opened.push({ ...tcp, ...of(host), port: await listen({ host }) })
    }
    const only6 = { host: '::', ipv6Only: true }
    opened.push({ ...tcp, ...of('::'), port: await listen(only6) })
    opened.push({ ...tcp, address: '::', family: 'both', port: await listen({ host: '::' }) })
    opened.push({ ...udp, ...of('127.0.0.1'), port: await bind('udp4', '127.0.0.1') })
    opened.push({ ...udp, ...of('0.0.0.0'), port: await bind('udp4') })
    opened.push({ ...udp, ...of('::1'), port: await bind('udp6', '::1') })
    opened.push({
      ...udp,
      ...of('::'),
      port: await bind({ type: 'udp6', ipv6Only: true }),
    })
    opened.push({ ...udp, address: '::', family: 'both', port: await bind('udp6') })
    opened.push({ ...tcp, ...of('127.0.0.1'), ...there, port: child.port })

    // A connected client of the child's port is no holder of it.
    const client = net.connect(child.port, '127.0.0.1')
    await new Promise((resolve, reject) => client.once('connect', resolve).once('error', reject))
    for (const expected of opened) {
      result.rows.push({ expected, actual: whoHas(expected.port) })
    }
    result.connected = whoHas(client.localPort, { states: ['connected'] }).map(
      ({ state, pid }) => ({ state, pid }),
    )
    result.clientPid = process.pid
    result.later = await whoHasAsync(child.port)
    const ports = new Set(opened.map(({ port }) => port))
    result.listed = listHolders().filter(({ port }) => ports.has(port)).length
    client.destroy()
    child.child.kill()
    await new Promise((resolve) => child.child.once('exit', resolve))
    do result.afterItsEnd = whoHas(child.port)
    while (result.afterItsEnd.length > 0 && Date.now() < end)
  } catch (error) {
    result.error = String(error?.stack ?? error)
  }
  finish()
}

async function childMain(file) {
  const port = await listen({ host: '127.0.0.1' })
  const started = Date.now() - process.uptime() * 1000
  fs.writeFileSync(`${file}.part`, JSON.stringify({ port, pid: process.pid, started }))
  fs.renameSync(`${file}.part`, file)
  setTimeout(() => process.exit(), TIMEOUT_MS)
}

const [first, second] = process.argv.slice(2)
if (first === 'child') void childMain(second)
else void main(first, second)
