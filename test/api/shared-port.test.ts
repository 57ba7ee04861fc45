// sharedPort(): one port for a process tree.

import { createServer } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { freePort } from '../support/listeners.js'
import { port4me as api } from '../support/package.js'
import { script } from '../support/run.js'

const recorded = (): [string, string][] =>
  Object.entries(process.env).filter(([name]) => name.startsWith('PORT4ME_SHARED_')) as [
    string,
    string,
  ][]

afterEach(() => {
  for (const [name] of recorded()) delete process.env[name]
})

describe('sharedPort', () => {
  test('is the port of port4me(), and stays the same while the port is taken', async () => {
    const port = api.sharedPort('shared')
    expect(port).toBe(api.port4me('shared'))
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(port, resolve))
    expect(api.port4me('shared')).not.toBe(port)
    expect(api.sharedPort('shared')).toBe(port)
    expect(api.sharedPort({ tool: 'shared' })).toBe(port)
    await new Promise((resolve) => server.close(resolve))
  })

  test('reads its options once, because some iterables can be read only once', async () => {
    const port = await freePort()
    expect(api.sharedPort({ tool: 'once', include: new Set([port]).values() })).toBe(port)
    expect(api.sharedPort({ tool: 'once', include: [port] })).toBe(port)
    expect(recorded()).toHaveLength(1)
  })

  test('differs for each tool, user and setting', () => {
    const all = [
      api.sharedPort('a'),
      api.sharedPort('b'),
      api.sharedPort({ tool: 'a', user: 'alice' }),
      api.sharedPort({ tool: 'a', skip: 1 }),
      api.sharedPort({ tool: 'a', include: '8000-8999' }),
      api.sharedPort({ tool: 'a', prepend: '8000' }),
      api.sharedPort({ tool: 'a', worker: { index: 1, count: 2 } }),
      api.sharedPort({ tool: 'a', family: 'ipv4' }),
      api.sharedPort({ tool: 'a', maxTries: 5 }),
    ]
    expect(recorded()).toHaveLength(all.length)
    expect(api.sharedPort('a')).toBe(all[0])
    expect(recorded()).toHaveLength(all.length)
  })

  test('tools with the same hashcode have different ports', () => {
    // "Aa" and "BB" have the same hashcode, and therefore the same candidates.
    expect(api.listPorts(3, 'Aa')).toEqual(api.listPorts(3, 'BB'))
    api.sharedPort('Aa')
    api.sharedPort('BB')
    expect(recorded()).toHaveLength(2)
  })

  test('whether debugging is on makes no difference', () => {
    const port = api.sharedPort('a')
    expect(api.sharedPort({ tool: 'a', debug: false })).toBe(port)
    expect(recorded()).toHaveLength(1)
  })

  test.each(['foo', '0', '65536', '-1', '80.5', '0x50', '8080 8081'])(
    'a recorded %j is an error that names the variable',
    (value) => {
      api.sharedPort('shared')
      const [[name = ''] = []] = recorded()
      process.env[name] = value
      expect(() => api.sharedPort('shared')).toThrow(
        `${name} must be an integer from 1 to 65535, not ${JSON.stringify(value)}`,
      )
    },
  )

  test('an empty variable counts as not set', () => {
    const port = api.sharedPort('shared')
    const [[name = ''] = []] = recorded()
    process.env[name] = ''
    expect(api.sharedPort('shared')).toBe(port)
    expect(process.env[name]).toBe(String(port))
  })

  test('if no port is free, nothing is recorded', async () => {
    const port = await freePort()
    const options = { include: port, mustWork: false }
    const lease = api.leasePort({ include: port })
    expect(api.sharedPort(options)).toBe(-1)
    lease.release()
    expect(api.sharedPort(options)).toBe(port)
  })

  test('a config that is evaluated in a parent whose server listens, and in 4 children, gets one port', () => {
    const config = `const { sharedPort } = require(process.env.PACKAGE); module.exports = { port: sharedPort('one config') }`
    const body = `
      const fs = require('node:fs'), os = require('node:os'), path = require('node:path')
      const { fork } = require('node:child_process'); const { once } = require('node:events')
      const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'port4me-shared-'))
      const config = path.join(folder, 'config.cjs')
      fs.writeFileSync(config, ${JSON.stringify(config)})
      fs.writeFileSync(path.join(folder, 'child.cjs'), 'process.send(require("./config.cjs").port); process.disconnect()')
      process.env.PACKAGE = require.resolve('port4me')
      const first = port4me.port4me('one config')
      const { port } = require(config)
      const server = require('node:net').createServer(); await once(server.listen(port), 'listening')
      const children = Array.from({ length: 4 }, () => fork(path.join(folder, 'child.cjs')))
      const ports = await Promise.all(children.map(async (child) => (await once(child, 'message'))[0]))
      server.close(); fs.rmSync(folder, { recursive: true })
      return [port, first, ports]`
    const [port, first, ports] = script(body) as [number, number, number[]]
    expect(port).toBe(first)
    expect(ports).toEqual(Array(4).fill(port))
  })
})
