// Asks a thread that has an event loop, and waits for it: Node.js binds a TCP socket to a given
// address only asynchronously.

import { closeSync, openSync } from 'node:fs'
import { devNull } from 'node:os'
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import type { Engine } from '../../../binding.js'

type Asked = 'pick' | 'isFree' | 'probe' | 'ephemeralPort'

export type BlockingCall =
  | {
      [Name in Asked]: { readonly name: Name; readonly args: Parameters<Engine[Name]> }
    }[Asked]
  | { readonly name: 'hold'; readonly args: readonly [id: number, ...Parameters<Engine['hold']>] }
  | { readonly name: 'release'; readonly args: readonly [id: number] }

/** What the thread is given at its start. */
export interface ThreadData {
  readonly port: MessagePort
  /** Counts the answers. */
  readonly answers: Int32Array
}

export type Answered =
  | { readonly answer: unknown }
  | { readonly failure: { code?: string; syscall?: string; message: string } }

/** No answer takes longer unless the thread is gone: the slowest, for all ports, takes seconds. */
const PATIENCE_MS = 300_000

let thread: { port: MessagePort; answers: Int32Array } | undefined

export function callBlocking(call: BlockingCall): unknown {
  thread ??= startThread()
  const { port, answers } = thread
  const before = Atomics.load(answers, 0)
  port.postMessage(call)
  // The notification of the answer before may come only now, and wake this in vain.
  while (Atomics.load(answers, 0) === before) {
    if (Atomics.wait(answers, 0, before, PATIENCE_MS) === 'timed-out') {
      thread = undefined
      throw threadError('ETIMEDOUT', 'the thread of the TypeScript engine does not answer')
    }
  }
  const { message } = receiveMessageOnPort(port) as { message: Answered }
  if ('answer' in message) return message.answer
  throw Object.assign(new Error(message.failure.message), message.failure)
}

/** Descriptors that a thread with an event loop takes, and some. */
const DESCRIPTORS = 16

/** A thread that lacks descriptors would end without a word. This throws as it should have. */
function checkDescriptors(): void {
  const held: number[] = []
  try {
    while (held.length < DESCRIPTORS) held.push(openSync(devNull, 'r'))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EMFILE' || code === 'ENFILE') throw error
    // A policy keeps it from being opened, which says nothing of descriptors.
  } finally {
    for (const descriptor of held) closeSync(descriptor)
  }
}

function startThread(): { port: MessagePort; answers: Int32Array } {
  checkDescriptors()
  const { port1, port2 } = new MessageChannel()
  const answers = new Int32Array(new SharedArrayBuffer(4))
  const workerData: ThreadData = { port: port2, answers }
  try {
    // A file of its own in dist/, beside the one that this is bundled into. Without flags and
    // variables: what NODE_OPTIONS preloads might ask a question too, and start a thread, and so on.
    const worker = new Worker(require.resolve('./fallback-thread.js'), {
      workerData,
      transferList: [port2],
      execArgv: [],
      env: {},
    })
    // Without a word, and all that it held is let go of: the next call starts another.
    worker.on('error', () => {})
    worker.on('exit', () => {
      if (thread?.answers === answers) thread = undefined
    })
    worker.unref()
  } catch (error) {
    const { code = 'UNKNOWN', message } = error as NodeJS.ErrnoException
    throw threadError(code, `the TypeScript engine cannot start its thread: ${message}`)
  }
  port1.unref()
  return { port: port1, answers }
}

/** A failure to be reported as one of the system. */
function threadError(code: string, message: string): NodeJS.ErrnoException {
  return Object.assign(new Error(message), { code, syscall: 'Worker' })
}
