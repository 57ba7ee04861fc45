import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { servicePort, waitForPort } from 'port4me'

async function start() {
  const server = spawn(process.execPath, ['dev-server.js'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [url] = await once(createInterface({ input: server.stdout }), 'line')
  return { server, url }
}

test('the dev server has the port that servicePort() tells, each time it starts', async () => {
  const urls = []
  for (const signal of ['SIGTERM', 'SIGKILL']) {
    const { server, url } = await start()
    assert.equal(url, `http://localhost:${servicePort('web')}/page.js`)
    const response = await fetch(url, { headers: { connection: 'close' } })
    assert.match(await response.text(), /port4me and esbuild/)
    urls.push(url)
    server.kill(signal)
    await once(server, 'exit')
    // esbuild listens in a process of its own, which ends a little later.
    await waitForPort(Number(new URL(url).port), { free: true, timeout: 10_000 })
  }
  assert.equal(urls[0], urls[1])
})
