import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { utimesSync } from 'node:fs'
import { get } from 'node:http'
import { after, before, test } from 'node:test'
import { servicePort } from 'port4me'

const vite = spawn('vite', {
  stdio: ['ignore', 'pipe', 'inherit'],
  env: { ...process.env, NO_COLOR: '1' },
})
const ended = once(vite, 'close')
let printed = ''
vite.stdout.on('data', (chunk) => {
  printed += chunk
})

/** Waits until Vite has printed a text. */
async function find(text) {
  while (!text.test(printed)) {
    assert.equal(vite.exitCode, null, printed)
    await Promise.race([once(vite.stdout, 'data'), ended])
  }
  return text.exec(printed)
}

let port
before(async () => {
  port = Number((await find(/http:\/\/localhost:(\d+)/))[1])
})
after(async () => {
  vite.kill()
  await ended
})

async function title() {
  const response = await fetch(`http://localhost:${port}/`)
  return /<title>(.*)<\/title>/.exec(await response.text())?.[1]
}

/** Connects as the page in a browser does, and returns what Vite says first. */
async function greeting() {
  const headers = {
    connection: 'upgrade',
    upgrade: 'websocket',
    'sec-websocket-key': randomBytes(16).toString('base64'),
    'sec-websocket-protocol': 'vite-hmr',
    'sec-websocket-version': '13',
  }
  const request = get({ host: 'localhost', port, headers })
  const [, socket, head] = await once(request, 'upgrade')
  const [frame] = head.length > 0 ? [head] : await once(socket, 'data')
  socket.destroy()
  return JSON.parse(frame.subarray(2)) // a short frame has two bytes before its text: RFC 6455, 5.2
}

test('servicePort() finds the port where Vite runs', async () => {
  assert.equal(servicePort('web'), port)
  assert.equal(await title(), 'port4me and Vite')
})

test('hot updates connect to the port', async () => {
  assert.deepEqual(await greeting(), { type: 'connected' })
})

test('when the config changes, Vite restarts on the same port', async () => {
  assert.doesNotMatch(printed, /server restarted/)
  const now = new Date()
  utimesSync('vite.config.ts', now, now)
  await find(/server restarted/)

  assert.equal(servicePort('web'), port)
  assert.equal(await title(), 'port4me and Vite')
  assert.deepEqual(await greeting(), { type: 'connected' })
})
