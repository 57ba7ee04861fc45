// The thread of blocking.ts.

import { workerData } from 'node:worker_threads'
import type { Answered, BlockingCall, ThreadData } from './blocking.js'
import { answer } from './index.js'

const { port, answers } = workerData as ThreadData

port.on('message', async (call: BlockingCall) => {
  let answered: Answered
  try {
    answered = { answer: await answer(call) }
  } catch (error) {
    const { code, syscall, message } = error as NodeJS.ErrnoException
    answered = { failure: { ...(code && { code }), ...(syscall && { syscall }), message } }
  }
  port.postMessage(answered)
  Atomics.add(answers, 0, 1)
  Atomics.notify(answers, 0)
})
