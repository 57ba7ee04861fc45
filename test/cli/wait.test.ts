// The command port4me wait.

import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { freePort, whileListening } from '../support/listeners.js'
import { PROGRAM } from '../support/paths.js'
import { start } from '../support/processes.js'
import { program } from '../support/run.js'

const silent = { status: 0, stdout: '', stderr: '' }

describe('port4me wait', () => {
  test('ends without a word when a server accepts connections', async () => {
    await whileListening({ host: '127.0.0.1' }, async (port) => {
      expect(program(['wait', `${port}`])).toEqual(silent)
      expect(program(['wait', `${port}`, '--host', '127.0.0.1', '--timeout=9'])).toEqual(silent)
    })
    const port = await freePort()
    const waiting = start(process.execPath, [PROGRAM, 'wait', `${port}`])
    const server = createServer().listen(port)
    await once(server, 'connection')
    expect(await waiting.ended).toBe(0)
    server.close()
  })

  test('--free waits until the port is free', async () => {
    const port = await freePort()
    expect(program(['wait', '--free', `${port}`])).toEqual(silent)
    const server = createServer().listen(port)
    await once(server, 'listening')
    expect(program(['wait', '--free', '--timeout=2', `${port}`])).toEqual({
      status: 1,
      stdout: '',
      stderr: `port4me: error: port ${port} is not free after 2 s: it is in use, on IPv4 and IPv6\n`,
    })
    const waiting = start(process.execPath, [PROGRAM, 'wait', '--free', `${port}`])
    server.close()
    expect(await waiting.ended).toBe(0)
  })

  test('after the timeout says why, with exit status 1', async () => {
    const port = await freePort()
    expect(program(['wait', `${port}`, '--timeout', '0.2'])).toEqual({
      status: 1,
      stdout: '',
      stderr: `port4me: error: port ${port} accepts no connections after 0.2 s: connect ECONNREFUSED 127.0.0.1:${port}\n`,
    })
  })

  test.each([
    [[], 'wait needs a port: port4me wait PORT [flags]'],
    [['web'], 'PORT must be an integer from 1 to 65535, not "web"'],
    [['0'], 'PORT must be an integer from 1 to 65535, not "0"'],
    [['80', '81'], 'only one port is allowed, but there are two: "80" and "81"'],
    [['80', '--timeout=0'], '--timeout must be a number of seconds greater than 0'],
    [['80', '--timeout=-1'], '--timeout must be a number of seconds greater than 0'],
    [['80', '--host='], '--host must not be empty'],
    [['80', '--free', '--host=example.org'], '--host must be an IP literal or "localhost"'],
    [['80', '--user=a'], 'unknown flag "--user"; the flags are --host, --free, --timeout, --help'],
    [['80', '--fre'], 'did you mean --free?'],
  ])('wait %j is wrong usage', (args, message) => {
    const { status, stdout, stderr } = program(['wait', ...args])
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(message)
  })
})
