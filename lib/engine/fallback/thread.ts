// The script of the thread that blocking.ts starts.

import { workerData } from 'node:worker_threads'
import {
  type Answered,
  BEAT_MS,
  failureOf,
  type Sent,
  Shared,
  type ThreadData,
} from './blocking.js'
import { answer, release } from './index.js'

const { port, shared } = workerData as ThreadData

process.on('exit', () => {
  Atomics.store(shared, Shared.LIFE, Shared.ENDED)
  Atomics.notify(shared, Shared.ANSWERS)
})

const beat = () => Atomics.add(shared, Shared.LIFE, 1)
beat()

port.on('message', async (sent: Sent) => {
  if (typeof sent === 'number') return release(sent)
  // The timer runs only while there is work. Otherwise it would wake an idle machine.
  const beating = setInterval(beat, BEAT_MS)
  let answered: Answered
  try {
    answered = { answer: await answer(sent) }
  } catch (error) {
    answered = { failure: failureOf(error as Error) }
  }
  clearInterval(beating)
  port.postMessage(answered)
  Atomics.add(shared, Shared.ANSWERS, 1)
  Atomics.notify(shared, Shared.ANSWERS)
})
