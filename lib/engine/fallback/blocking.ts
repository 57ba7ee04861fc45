// Asks a thread that has an event loop, and waits for its answer. This is needed because without net.BoundSocket
// Node.js binds a TCP socket to a given address only asynchronously.

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
  | { readonly name: 'release' | 'admitServers'; readonly args: readonly [id: number] }

/** A message to the thread: a call, or the number of a hold. The thread releases this hold and sends no answer. */
export type Sent = BlockingCall | number

/** What the thread receives when it starts. */
export interface ThreadData {
  readonly port: MessagePort
  readonly shared: Int32Array
}

/** Numbers in shared memory. The thread writes them, because the thread that waits for it receives no events. */
export const Shared = {
  /** How many answers the thread has sent. */
  ANSWERS: 0,
  /** A counter that grows while the thread works. 0: it has not started. ENDED: it has ended. */
  LIFE: 1,
  LENGTH: 2,
  ENDED: -1,
} as const

/** The fields of an error that would be lost in a message between threads. */
const FIELDS = ['code', 'errno', 'syscall', 'address', 'port'] as const

export type Failure = { readonly message: string } & {
  readonly [Field in (typeof FIELDS)[number]]?: unknown
}

export type Answered = { readonly answer: unknown } | { readonly failure: Failure }

export function failureOf(error: Failure): Failure {
  const fields = FIELDS.filter((field) => error[field] !== undefined)
  const entries = fields.map((field) => [field, error[field]] as const)
  return { message: error.message, ...Object.fromEntries(entries) }
}

/** How often the thread increases LIFE while it works, and how often a waiting call reads LIFE, in milliseconds. */
export const BEAT_MS = 100
const LOOK_MS = 250

/**
 * A call fails, and the thread is terminated, after SILENT_LOOKS looks in a row (5 seconds) that find LIFE unchanged,
 * or after LOOKS looks in total (5 minutes).
 */
const SILENT_LOOKS = 20
const LOOKS = 1200

/** The text of a script: thread.ts and everything that it imports. scripts/bundle.mjs inserts it here. */
declare const THREAD_CODE: string

let current: AnsweringThread | undefined

/** Returns the thread. Starts one if there is none, and throws a system error if that fails. */
export function currentThread(): AnsweringThread {
  if (current === undefined || current.isGone) current = new AnsweringThread()
  return current
}

export function callBlocking(call: BlockingCall): unknown {
  return currentThread().call(call)
}

export class AnsweringThread {
  readonly #worker: Worker
  readonly #port: MessagePort
  readonly #shared = new Int32Array(
    new SharedArrayBuffer(Shared.LENGTH * Int32Array.BYTES_PER_ELEMENT),
  )
  #isGone = false

  constructor() {
    checkDescriptors()
    const { port1, port2 } = new MessageChannel()
    const workerData: ThreadData = { port: port2, shared: this.#shared }
    try {
      // The worker runs this text and not a file, because a bundle has no other file. It gets no flags and no
      // variables: a module that NODE_OPTIONS preloads might ask a question too, which would start another thread, and
      // so on.
      this.#worker = new Worker(THREAD_CODE, {
        eval: true,
        workerData,
        transferList: [port2],
        execArgv: [],
        env: {},
      })
    } catch (error) {
      const { code = 'UNKNOWN', message } = error as NodeJS.ErrnoException
      throw threadError(code, `the TypeScript engine cannot start its thread: ${message}`)
    }
    this.#worker.on('error', () => {}) // a call notices that the thread has ended
    this.#worker.on('exit', () => {
      this.#isGone = true
    })
    this.#worker.unref()
    port1.unref()
    this.#port = port1
  }

  /** Whether the thread has ended. Then all its holds have ended too. */
  get isGone(): boolean {
    return this.#isGone || Atomics.load(this.#shared, Shared.LIFE) === Shared.ENDED
  }

  /** Sends a call and waits for the answer. Throws what the thread throws, or a system error if the thread is gone. */
  call(call: BlockingCall): unknown {
    const answers = Atomics.load(this.#shared, Shared.ANSWERS)
    this.#port.postMessage(call satisfies Sent)
    this.#waitForAnswer(answers)
    const { message } = receiveMessageOnPort(this.#port) as { message: Answered }
    if ('answer' in message) return message.answer
    throw Object.assign(new Error(message.failure.message), message.failure)
  }

  /** Asks the thread to release a hold. Does not wait for it. */
  abandon(id: number): void {
    if (!this.isGone) this.#port.postMessage(id satisfies Sent)
  }

  #waitForAnswer(answers: number): void {
    let life = Atomics.load(this.#shared, Shared.LIFE)
    let silentLooks = 0
    for (let looks = 0; ; ) {
      const woken = Atomics.wait(this.#shared, Shared.ANSWERS, answers, LOOK_MS)
      // A late notification of an earlier answer may end the wait although there is no new answer.
      if (Atomics.load(this.#shared, Shared.ANSWERS) !== answers) return
      if (this.isGone) throw threadError('ESRCH', 'the thread of the TypeScript engine has ended')
      if (woken !== 'timed-out') continue
      // This counts looks and does not measure time. If the process was stopped meanwhile, all the time would be over
      // when it continues.
      const seen = Atomics.load(this.#shared, Shared.LIFE)
      silentLooks = seen === life ? silentLooks + 1 : 0
      life = seen
      if (silentLooks < SILENT_LOOKS && ++looks < LOOKS) continue
      this.#isGone = true
      void this.#worker.terminate() // this also ends all its holds
      const what = life === 0 ? 'does not start' : 'does not answer'
      throw threadError('ETIMEDOUT', `the thread of the TypeScript engine ${what}`)
    }
  }
}

/** How many descriptors a thread with an event loop needs, with some to spare. */
const DESCRIPTORS = 16

/** Throws an error if there are too few descriptors for a thread. Such a thread would end without any error. */
function checkDescriptors(): void {
  const held: number[] = []
  try {
    while (held.length < DESCRIPTORS) held.push(openSync(devNull, 'r'))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EMFILE' || code === 'ENFILE') throw error
    // A policy forbids to open the file. This says nothing about descriptors.
  } finally {
    for (const descriptor of held) closeSync(descriptor)
  }
}

/** Returns an error in the form of a failed system call, so that it is reported as one. */
function threadError(code: string, message: string): NodeJS.ErrnoException {
  return Object.assign(new Error(message), { code, syscall: 'Worker' })
}
