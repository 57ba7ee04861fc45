// Runs the package on a system, and writes the results to a file, because a script's output can be lost under Wine. It
// is plain JavaScript, so that any runtime with node:net can run it.
//
//   node exercise.cjs PACKAGE VECTORS RESULT

const dgram = require('node:dgram')
const fs = require('node:fs')
const http = require('node:http')
const net = require('node:net')

const [packageFolder, vectorsFile, resultFile] = process.argv.slice(2)

/** Long enough for an emulated system. Without this limit, a script that hangs would write no results. */
const TIMEOUT_MS = 240_000

const result = { runtime: process.versions, failures: [] }
const finish = () => {
  fs.writeFileSync(resultFile, JSON.stringify(result))
  process.exit(result.failures.length === 0 ? 0 : 1)
}
const timer = setTimeout(() => {
  result.failures.push('timed out')
  finish()
}, TIMEOUT_MS)

function check(name, condition) {
  if (!condition) result.failures.push(name)
}

const listen = (server, options) =>
  new Promise((resolve, reject) => server.once('error', reject).listen(options, resolve))
const close = (server) => new Promise((resolve) => server.close(resolve))
const read = (port) =>
  new Promise((resolve, reject) => {
    let text = ''
    net
      .connect(port, '127.0.0.1')
      .on('data', (data) => {
        text += data
      })
      .on('end', () => resolve(text))
      .on('error', reject)
  })

/** Whether servers can bind the first two candidates of a user, for each of these tools. */
async function areFree(tools, user, { listPorts }) {
  for (const port of tools.flatMap((tool) => listPorts(2, { user, tool }))) {
    const server = net.createServer()
    try {
      await listen(server, { port })
    } catch {
      return false
    }
    await close(server)
  }
  return true
}

/** Reads a site. Does not use fetch(), because Wine refuses its connect(). */
function readSite(port) {
  return new Promise((resolve, reject) => {
    const request = http.get({ port, agent: false }, async (response) => {
      let text = ''
      for await (const chunk of response) text += chunk
      resolve(text)
    })
    request.on('error', reject)
  })
}

async function main() {
  const port4me = require(packageFolder)
  result.engine = port4me.engine

  const lines = fs.readFileSync(vectorsFile, 'utf8').trimEnd().split('\n')
  result.vectors = 0
  const names = ['PORT4ME_USER', 'LOGNAME', 'USER', 'LNAME', 'USERNAME']
  for (const line of lines) {
    const { env, list, ports } = JSON.parse(line)
    for (const name of Object.keys(process.env)) {
      if (/^PORT4ME_(?!ENGINE)/.test(name) || names.includes(name)) delete process.env[name]
    }
    Object.assign(process.env, env)
    const actual = port4me.listPorts(list)
    if (actual.join() === ports.join()) result.vectors++
    else result.failures.push(`vector ${line}: ${actual}`)
    for (const name of Object.keys(env)) delete process.env[name]
  }
  result.vectorsExpected = lines.length

  // Finds a user whose first candidates are free.
  let user
  do user = `platform ${Math.random()}`
  while (!(await areFree(['0.0.0.0', '127.0.0.1', '::', '::1', 'lease'], user, port4me)))
  for (const host of ['0.0.0.0', '127.0.0.1', '::', '::1']) {
    const [first, second] = port4me.listPorts(2, { user, tool: host })
    const server = net.createServer()
    try {
      await listen(server, { host, port: first })
    } catch (error) {
      if (host.includes(':') && ['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL'].includes(error.code)) {
        continue // no IPv6 here
      }
      throw error
    }
    check(`a listener on ${host} makes its port busy`, !port4me.isFreeTcp(first))
    check(`the next candidate is picked`, port4me.port4me({ user, tool: host }) === second)
    check(
      'port4meAsync() picks it too',
      (await port4me.port4meAsync({ user, tool: host })) === second,
    )
    const [status] = port4me.probe(first, { protocol: 'tcp' })
    check(`${host} is in use, not ${status.reason}`, status.reason === 'in-use')
    await close(server)
    check(`${host} is free again`, port4me.isFreeTcp(first))
  }

  const socket = dgram.createSocket('udp4')
  await new Promise((resolve) => socket.bind(0, '127.0.0.1', resolve))
  const { port: udpPort } = socket.address()
  check('a UDP socket makes its port busy', !port4me.isFreeUdp(udpPort))
  await new Promise((resolve) => socket.close(resolve))
  check('its port is free again', port4me.isFreeUdp(udpPort))

  const lease = port4me.leasePort({ user, tool: 'lease' })
  check(
    'a lease has the first candidate',
    lease.port === port4me.listPorts(1, { user, tool: 'lease' })[0],
  )
  const [{ free, reason }] = port4me.probe(lease.port, { protocol: 'tcp' })
  result.leased = reason
  check('a leased port is not free', !free)
  check(
    'two leases differ',
    port4me.leasePorts(2, { user, tool: 'lease' }).every(({ port }) => port !== lease.port),
  )
  const server = await lease.listen(net.createServer((socket) => socket.end('served')))
  check('the server has the port', server.address().port === lease.port)
  check('it serves', (await read(lease.port)) === 'served')
  await close(server)
  check('the port of the server is free again', port4me.isFreeTcp(lease.port))

  const web = port4me.leasePort({ user, tool: 'web' })
  const site = await web.listen(http.createServer((_request, response) => response.end('site')))
  check('the HTTP server has the port', site.address().port === web.port)
  check('it answers', (await readSite(web.port)) === 'site')
  site.closeAllConnections()
  await close(site)
  check('the port of the HTTP server is free again', port4me.isFreeTcp(web.port))
}

main()
  .catch((error) => result.failures.push(String(error?.cause?.stack ?? error?.stack ?? error)))
  .finally(() => {
    clearTimeout(timer)
    finish()
  })
