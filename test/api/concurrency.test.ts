// Threads, and calls at the same time.

import { expect, test } from 'vitest'
import { port4me as api } from '../support/package.js'
import { script } from '../support/run.js'

test('calls at the same time give the same port', async () => {
  const port = api.port4me('at once')
  for (let round = 0; round < 20; round++) {
    const calls = Array.from({ length: 20 }, () => api.port4meAsync('at once'))
    expect(api.port4me('at once')).toBe(port)
    expect(new Set(await Promise.all(calls))).toEqual(new Set([port]))
  }
})

test('questions at the same time about one port and host call it free', async () => {
  const port = api.port4me('at once')
  const options = { host: '127.0.0.1' }
  const answers = await Promise.all(Array.from({ length: 50 }, () => api.probeAsync(port, options)))
  expect(answers.flat().filter(({ free }) => !free)).toEqual([])
})

test('a worker thread may end while a question is open', () => {
  const answer = script(
    `const { Worker } = require('node:worker_threads'); const { once } = require('node:events')
     const load = 'const p = require(' + JSON.stringify(require.resolve('port4me')) + '); p.port4meAsync("x"); p.probeAsync("20000-20100");'
     for (let i = 0; i < 40; i++) {
       const exit = new Worker(load + 'process.exit()', { eval: true })
       await once(exit, 'exit')
       const ended = new Worker(load + 'require("node:worker_threads").parentPort.postMessage(0)', { eval: true })
       await once(ended, 'message'); await ended.terminate()
       const thrown = new Worker(load + 'throw new Error("on purpose")', { eval: true })
       thrown.on('error', () => {}); await once(thrown, 'exit').catch(() => {})
     }
     return 'survived'`,
  )
  expect(answer).toBe('survived')
})

test.each([
  'for (;;) p.leasePort("ends")',
  'for (;;) p.probe(8080)',
  '(async () => { for (;;) await p.probeAsync("8000-8010") })()',
  '(async () => { for (;;) await p.port4meAsync("ends") })()',
])('a worker thread may be ended in the middle of %s', (work) => {
  const answer = script(
    `const { Worker } = require('node:worker_threads'); const { once } = require('node:events')
     const load = 'const p = require(' + JSON.stringify(require.resolve('port4me')) + ');' +
       'require("node:worker_threads").parentPort.postMessage(0);'
     for (let i = 0; i < 60; i++) {
       const worker = new Worker(load + process.env.WORK, { eval: true })
       await once(worker, 'message')
       await new Promise((resolve) => setTimeout(resolve, i % 12)) // anywhere in its work
       await worker.terminate()
     }
     return 'survived'`,
    { variables: { WORK: work } },
  )
  expect(answer).toBe('survived')
})

test('variables may change in a worker that shares them', () => {
  const answer = script(
    `const { Worker, SHARE_ENV } = require('node:worker_threads')
     const worker = new Worker(
       'for (let i = 0, until = Date.now() + 2000; Date.now() < until; i++) {' +
       ' process.env["PORT4ME_X" + i % 2000] = String(i); delete process.env["PORT4ME_X" + (i + 1000) % 2000] }',
       { eval: true, env: SHARE_ENV })
     let ended = false; worker.on('exit', () => { ended = true })
     while (!ended) {
       for (let i = 0; i < 200; i++) port4me.listPorts(1)
       await new Promise((resolve) => setImmediate(resolve))
     }
     process.env.PORT4ME_USER = 'bob'
     return port4me.listPorts(1)`,
    { variables: { PORT4ME_USER: 'alice' } },
  )
  expect(answer).toEqual([54242])
})

test('worker threads ask at the same time, each about its own port', () => {
  const answer = script(
    `const { Worker } = require('node:worker_threads'); const { once } = require('node:events')
     const code = 'const { isFreeTcp, port4me } = require(' + JSON.stringify(require.resolve('port4me')) + ');' +
       'const { parentPort, threadId } = require("node:worker_threads"); const port = port4me("thread " + threadId);' +
       'parentPort.postMessage([port > 0, isFreeTcp(port, { host: "::1" })])'
     const workers = Array.from({ length: 4 }, () => new Worker(code, { eval: true }))
     return (await Promise.all(workers.map((worker) => once(worker, 'message')))).flat(2)`,
  )
  expect(answer).toEqual(Array(8).fill(true))
})
