import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'
import { leasePorts } from 'port4me'

// Each server must know the other's port before it listens: the leases keep them until then.
const [apiLease, webLease] = leasePorts(2, { tool: 'hello', host: '127.0.0.1' })
const api = createServer((_request, response) => {
  response.setHeader('access-control-allow-origin', `http://127.0.0.1:${webLease.port}`)
  response.end('hello')
})
const web = createServer((_request, response) => {
  response.end(`<script>const api = 'http://127.0.0.1:${apiLease.port}'</script>`)
})

before(() => Promise.all([apiLease.listen(api), webLease.listen(web)]))
after(() => {
  api.close()
  web.close()
})

test('two servers that know of each other', async () => {
  const page = await (await fetch(`http://127.0.0.1:${webLease.port}`)).text()
  const [apiUrl] = /http:[^']+/.exec(page)
  const response = await fetch(apiUrl)
  assert.equal(await response.text(), 'hello')
  assert.equal(
    response.headers.get('access-control-allow-origin'),
    `http://127.0.0.1:${webLease.port}`,
  )
})
