import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { utimesSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { servicePort } from 'port4me'

const next = spawn('port4me', ['run', 'web', '--', 'next', 'dev'], {
  stdio: ['ignore', 'pipe', 'inherit'],
  env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NO_COLOR: '1' },
})
const ended = once(next, 'close')
let printed = ''
next.stdout.on('data', (chunk) => {
  printed += chunk
})

/** Waits until Next has printed a text. */
async function find(text) {
  while (!text.test(printed)) {
    assert.equal(next.exitCode, null, printed)
    await Promise.race([once(next.stdout, 'data'), ended])
  }
  return text.exec(printed)
}

let port
before(async () => {
  port = Number((await find(/http:\/\/localhost:(\d+)[\s\S]*Ready/))[1])
})
after(async () => {
  next.kill()
  await ended
})

async function heading() {
  const response = await fetch(`http://localhost:${port}/`)
  return /<h1>(.*)<\/h1>/.exec(await response.text())?.[1]
}

test('servicePort() finds the port where Next runs', async () => {
  assert.equal(servicePort('web'), port)
  assert.equal(await heading(), `port ${port}`)
})

test('when the config changes, Next restarts on the same port', async () => {
  const now = new Date()
  utimesSync('next.config.js', now, now)
  await find(/Ready[\s\S]*Ready/)

  assert.equal(servicePort('web'), port)
  assert.equal(await heading(), `port ${port}`)
})
