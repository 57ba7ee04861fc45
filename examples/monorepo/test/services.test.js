import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { after, before, test } from 'node:test'
import { listServices, servicePort } from 'port4me'

const started = []

/** Starts a server in one of the two folders, and returns its process when it listens. */
async function start(folder, command, ...args) {
  const env = { ...process.env, NO_COLOR: '1' }
  const server = spawn(command, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] })
  started.push(server)
  let printed = ''
  for await (const chunk of server.stdout.iterator({ destroyOnReturn: false })) {
    printed += chunk
    if (/http:\/\/localhost:\d+/.test(printed)) {
      server.stdout.resume()
      return server
    }
  }
  throw new Error(`${folder} ended: ${printed}`)
}

async function end(server) {
  if (server.exitCode === null && server.kill('SIGKILL')) await once(server, 'close')
}

let api
before(async () => {
  await start('web', 'vite')
  api = await start('api', 'node', 'server.js')
})
after(() => Promise.all(started.map(end)))

/** Fetches a path of the API from the server of the page, as a browser does. */
async function fetchFromWeb(path) {
  const response = await fetch(`http://localhost:${servicePort('web')}${path}`)
  return await response.json()
}

test('each service runs on a port of its own', () => {
  const services = listServices()
  assert.deepEqual(
    services.map(({ name, running }) => ({ name, running })),
    [
      { name: 'api', running: true },
      { name: 'web', running: true },
    ],
  )
  assert.notEqual(services[0].port, services[1].port)
})

test('web passes requests on to api', async () => {
  assert.deepEqual(await fetchFromWeb('/api/hello'), { path: '/api/hello', pid: api.pid })
})

test('a new api gets the same port, and web finds it there', async () => {
  const port = servicePort('api')
  await end(api)
  api = await start('api', 'node', 'server.js')
  assert.equal(servicePort('api'), port)
  assert.deepEqual(await fetchFromWeb('/api/hello'), { path: '/api/hello', pid: api.pid })
})
