import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { afterEach, test } from 'node:test'

const started = []
afterEach(async () => {
  for (const server of started.splice(0)) {
    const ended = once(server, 'close')
    if (server.kill()) await ended
  }
})

/** Starts a command, and returns when it has printed something. */
async function start(command, args) {
  const server = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  started.push(server)
  await once(server.stdout, 'data')
}

/** Writes .env, and returns its variables. */
function writeEnv() {
  execFileSync('npm', ['run', 'env'])
  const lines = readFileSync('.env', 'utf8').trimEnd().split('\n')
  return Object.fromEntries(lines.map((line) => line.split('=')))
}

async function fetchText(port) {
  const response = await fetch(`http://localhost:${port}/`)
  return await response.text()
}

test('programs that read .env have the ports of the services', async () => {
  const env = writeEnv()
  assert.deepEqual(Object.keys(env), ['WEB_PORT', 'DATABASE_PORT'])
  for (const variable of Object.keys(env)) {
    await start('node', ['--env-file=.env', 'server.js', variable])
    assert.equal(await fetchText(env[variable]), variable)
  }
  assert.deepEqual(writeEnv(), env) // while they run
})

test('.env stays the same while port4me run keeps the ports for others', async () => {
  const env = writeEnv()
  // This server runs in another folder, like the server of a container.
  const command = 'script=$PWD/server.js && cd "$0" && exec node "$script" WEB_PORT'
  await start('port4me', ['run', '--all', '--', 'sh', '-c', command, realpathSync(tmpdir())])
  assert.equal(await fetchText(env.WEB_PORT), 'WEB_PORT')
  assert.deepEqual(writeEnv(), env)
})
