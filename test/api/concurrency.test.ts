// Threads, and calls at the same time.

import { describe, expect, test } from 'vitest'
import { port4me as api } from '../support/package.js'
import { OWN_NETWORK, script } from '../support/run.js'

test('calls at the same time give the same port', async () => {
  const port = api.port4me('at once')
  for (let round = 0; round < 20; round++) {
    const calls = Array.from({ length: 20 }, () => api.port4meAsync('at once'))
    expect(api.port4me('at once')).toBe(port)
    expect(new Set(await Promise.all(calls))).toEqual(new Set([port]))
  }
})

test('simultaneous questions about one port and host all say that it is free', async () => {
  const port = api.port4me('at once')
  const options = { host: '127.0.0.1' }
  const answers = await Promise.all(Array.from({ length: 50 }, () => api.probeAsync(port, options)))
  expect(answers.flat().filter(({ free }) => !free)).toEqual([])
})

test('a worker thread can end while a question is not answered', () => {
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
])('a worker thread can be ended in the middle of %s', (work) => {
  const answer = script(
    `const { Worker } = require('node:worker_threads'); const { once } = require('node:events')
     const load = 'const p = require(' + JSON.stringify(require.resolve('port4me')) + ');' +
       'require("node:worker_threads").parentPort.postMessage(0);'
     for (let i = 0; i < 60; i++) {
       const worker = new Worker(load + process.env.WORK, { eval: true })
       await once(worker, 'message')
       await new Promise((resolve) => setTimeout(resolve, i % 12)) // at any point of its work
       await worker.terminate()
     }
     return 'survived'`,
    { variables: { WORK: work } },
  )
  expect(answer).toBe('survived')
})

test('variables can change in a worker that shares them', () => {
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

describe('questions off the event loop', () => {
  /** Runs in its own network, where each port is free. */
  const before = [...OWN_NETWORK, 'sh', '-c', 'ip link set lo up; exec "$@"', 'sh']

  test('do not delay the end of the process', () => {
    /** Milliseconds from process.exit() to the end of the process, while questions are not answered. */
    const ending = (questions: number): number => {
      const started = script(
        `for (let i = 0; i < ${questions}; i++) port4me.probeAsync('1024-65535')
         await new Promise((resolve) => setTimeout(resolve, 100))
         console.log(Date.now())
         process.exit()`,
        { before },
      )
      return Date.now() - Number(started)
    }
    const [without, four, many] = [ending(0), ending(4), ending(32)]
    console.log(`exit: ${without} ms; with 4 questions ${four} ms, with 32 ${many} ms`)
    expect(Math.max(four, many)).toBeLessThan(without + 1000)
  })

  test('do not delay the end of a worker thread', () => {
    const [terminated, exited] = script(
      `const { Worker } = require('node:worker_threads'); const { once } = require('node:events')
       const load = 'const p = require(' + JSON.stringify(require.resolve('port4me')) + ');' +
         'for (let i = 0; i < 32; i++) p.probeAsync("1024-65535");' +
         'const { parentPort } = require("node:worker_threads");' +
         'parentPort.once("message", () => process.exit());' +
         'setTimeout(() => parentPort.postMessage(0), 100)'
       const worker = new Worker(load, { eval: true })
       await once(worker, 'message')
       const start = Date.now()
       await worker.terminate()
       const terminated = Date.now() - start
       const another = new Worker(load, { eval: true })
       await once(another, 'message')
       const exitStart = Date.now()
       another.postMessage(0)
       await once(another, 'exit')
       return [terminated, Date.now() - exitStart]`,
      { before },
    ) as [number, number]
    console.log(`a worker with 32 questions: terminate() ${terminated} ms, exit ${exited} ms`)
    expect(Math.max(terminated, exited)).toBeLessThan(1000)
  })

  test('leave libuv threads to others, even if there is only one', () => {
    const [milliseconds, answered] = script(
      `const { stat } = require('node:fs/promises')
       let answered = 0
       for (let i = 0; i < 8; i++) port4me.probeAsync('1024-65535').then(() => { answered++ })
       await new Promise((resolve) => setImmediate(resolve))
       const start = performance.now()
       await stat('.')
       console.log(JSON.stringify([performance.now() - start, answered]))
       process.exit()`,
      { before, variables: { UV_THREADPOOL_SIZE: '1' } },
    ) as [number, number]
    console.log(`beside 8 questions the state of a file takes ${milliseconds.toFixed()} ms`)
    expect(answered).toBe(0)
    expect(milliseconds).toBeLessThan(1000)
  })

  test('do not wait for longer ones that were asked before', () => {
    const answer = script(
      `const order = []
       const ask = (name, question) => question.then(() => { order.push(name) })
       const long = Array.from({ length: 4 }, () => ask('long', port4me.probeAsync('1024-8191')))
       await new Promise((resolve) => setImmediate(resolve))
       await Promise.all([
         ask('short', port4me.port4meAsync('short')),
         ask('short', port4me.probeAsync('8080')),
         ...long,
       ])
       return order`,
      { before },
    )
    expect(answer).toEqual(['short', 'short', 'long', 'long', 'long', 'long'])
  })

  test('get the same answers as single questions', () => {
    const answer = script(
      `const { createServer } = require('node:net'); const { once } = require('node:events')
       const { isDeepStrictEqual } = require('node:util')
       for (const port of [2000, 2001, 5000, 60000]) {
         await once(createServer().unref().listen(port), 'listening')
       }
       const ports = ['2000-3023', '4990-5010', '59000-60999', '2001']
       const tools = ['a', 'b', 'c']
       const asked = ports.map((spec) => port4me.probeAsync(spec))
       const picked = tools.map((tool) => port4me.port4meAsync({ tool, prepend: '2000,5000' }))
       const answers = await Promise.all(asked)
       const picks = await Promise.all(picked)
       const busy = answers.map((one) => one.filter(({ free }) => !free).map(({ port }) => port))
       return [
         busy,
         answers.every((one, i) => isDeepStrictEqual(one, port4me.probe(ports[i]))),
         isDeepStrictEqual(picks, tools.map((tool) => port4me.port4me({ tool, prepend: '2000,5000' }))),
       ]`,
      { before },
    )
    expect(answer).toEqual([[[2000, 2001], [5000], [60000], [2001]], true, true])
  })
})
