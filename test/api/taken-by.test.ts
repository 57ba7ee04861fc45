// The message of an error about a taken port says who has it.

import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { freePort, whileListening } from '../support/listeners.js'
import { port4me as api, ERRORS_NAME_HOLDERS } from '../support/package.js'
import { start } from '../support/processes.js'
import { script } from '../support/run.js'

const { leasePort, leasePorts, port4me, port4meAsync, whoHas } = api

describe.runIf(ERRORS_NAME_HOLDERS)('who has a port that was not free', () => {
  test('is named, in a few words', async () => {
    const code = `const server = require("net").createServer().listen(0, "127.0.0.1",
      () => console.log(server.address().port))`
    const holder = start(process.execPath, ['-e', code, 'x'.repeat(10_000), '\x1b[31m\n'])
    try {
      const port = Number(await holder.line())
      const [shown] = whoHas(port)
      const message = `no free port: the one candidate, ${port}, is taken by ${shown?.name} (process ${holder.process.pid}, ${shown?.project})`
      expect(() => port4me({ include: port })).toThrow(message)
      await expect(port4meAsync({ include: port })).rejects.toThrow(message)
      expect(() => leasePort({ include: port })).toThrow(message)
      expect(() => leasePorts(2, { include: port })).toThrow(message)
      // A holder on another address is not the reason.
      await whileListening({ port, host: '::1' }, () => {
        expect(() => port4me({ include: port, host: '::1' })).toThrow(
          `${port}, is taken by this process (${process.pid})`,
        )
        expect(() => port4me({ include: port, host: '127.0.0.1' })).toThrow(message)
      })
    } finally {
      await holder.kill('SIGKILL')
    }
  })

  test('is named with its lease or its connection', async () => {
    using lease = leasePort()
    expect(() => port4me({ include: lease.port })).toThrow(
      `${lease.port}, is taken by ${process.platform === 'linux' ? 'a lease of ' : ''}this process (${process.pid})`,
    )
    await whileListening({ host: '127.0.0.1' }, async (port) => {
      const client = connect(port, '127.0.0.1')
      await once(client, 'connect')
      const { localPort } = client as { localPort: number }
      expect(() => port4me({ include: localPort })).toThrow(
        `${localPort}, is taken by a connection of this process (${process.pid})`,
      )
      client.destroy()
    })
  })

  test('is not named if nobody can look who has the port', async () => {
    await whileListening({}, (port) => {
      const answer = script(
        `const fs = require('fs')
         const folder = fs.mkdtempSync(require('path').join(require('os').tmpdir(), 'port4me-'))
         process.chdir(folder)
         fs.rmdirSync(folder) // now process.cwd() throws
         const messages = []
         try { port4me.port4me({ include: ${port} }) } catch ({ message }) { messages.push(message) }
         await port4me.port4meAsync({ include: ${port} }).catch(({ message }) => messages.push(message))
         return messages`,
      )
      const message = `no free port: the one candidate, ${port}, is taken`
      expect(answer).toEqual([message, message])
    })
  })

  test.runIf(process.platform === 'linux')(
    'is named when a leased port cannot be listened on',
    async () => {
      const lease = leasePort()
      const code = `require("net").createServer().listen(${lease.port}, () => console.log("up"))`
      const holder = start(process.execPath, ['-e', code])
      try {
        expect(await holder.line()).toBe('up')
        const [shown] = whoHas(lease.port, { states: ['listening'] })
        await expect(lease.listen(createServer())).rejects.toThrow(
          `node (process ${holder.process.pid}, ${shown?.project}) listens on port ${lease.port}, which is leased: listen EADDRINUSE`,
        )
      } finally {
        await holder.kill('SIGKILL')
      }
    },
  )
})

test('nobody is looked for if no error is wanted, or if leasePorts() has found a port before', async () => {
  const free = await freePort()
  await whileListening({}, (busy) => {
    // If the package looked, process.cwd() would be called.
    const answer = script(
      `let looks = 0
       const { cwd } = process
       process.cwd = () => { looks++; return cwd() }
       const answers = [port4me.port4me({ include: ${busy}, mustWork: false })]
       answers.push(await port4me.port4meAsync({ include: ${busy}, mustWork: false }))
       try { port4me.leasePorts(2, { include: [${busy}, ${free}] }) } catch ({ message }) { answers.push(message) }
       answers.push(looks)
       try { port4me.port4me({ include: ${busy} }) } catch {}
       return [...answers, looks]`,
    )
    expect(answer).toEqual([
      ...[-1, -1, 'no free port: 2 leases were asked for, but only 1 could be made'],
      ...[0, ERRORS_NAME_HOLDERS ? 1 : 0],
    ])
  })
})
