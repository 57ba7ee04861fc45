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
  | { readonly name: 'release' | 'admitServers'; readonly args: readonly [id: number] }

/** What the thread is sent: a call, or the number of a hold to release without an answer. */
export type Sent = BlockingCall | number

/** What the thread is given at its start. */
export interface ThreadData {
  readonly port: MessagePort
  readonly shared: Int32Array
}

/** What the thread says of itself in the memory that it shares, since the other one waits and hears nothing. */
export const Shared = {
  /** How many answers it sent. */
  ANSWERS: 0,
  /** How often it was seen to live: 0 before it started, and ENDED for good. */
  LIFE: 1,
  LENGTH: 2,
  ENDED: -1,
} as const

/** What an error says that a message between threads would lose. */
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

/** How often the thread is seen to live while it works, and how often it is looked at: milliseconds. */
export const BEAT_MS = 100
const LOOK_MS = 250

/** So many looks in a row that see no life, 5 seconds, are the end; and so many looks at one call. */
const SILENT_LOOKS = 20
const LOOKS = 1200

/** thread.ts and all that it imports, as a script: scripts/bundle.mjs puts it here. */
declare const THREAD_CODE: string

let current: AnsweringThread | undefined

/** The thread, started when there is none. Throws an error of the system when that fails. */
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
      // The code itself, and no file: a bundle has no other file. Without flags and variables: what NODE_OPTIONS
      // preloads might ask a question too, and start a thread, and so on.
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
    this.#worker.on('error', () => {}) // the next call says so
    this.#worker.on('exit', () => {
      this.#isGone = true
    })
    this.#worker.unref()
    port1.unref()
    this.#port = port1
  }

  /** Whether it has ended, and with it all that it held. */
  get isGone(): boolean {
    return this.#isGone || Atomics.load(this.#shared, Shared.LIFE) === Shared.ENDED
  }

  /** Waits for the answer. Throws what the thread throws, or an error of the system when it is gone. */
  call(call: BlockingCall): unknown {
    const answers = Atomics.load(this.#shared, Shared.ANSWERS)
    this.#port.postMessage(call satisfies Sent)
    this.#waitForAnswer(answers)
    const { message } = receiveMessageOnPort(this.#port) as { message: Answered }
    if ('answer' in message) return message.answer
    throw Object.assign(new Error(message.failure.message), message.failure)
  }

  /** Releases a hold some time soon. */
  abandon(id: number): void {
    if (!this.isGone) this.#port.postMessage(id satisfies Sent)
  }

  #waitForAnswer(answers: number): void {
    let life = Atomics.load(this.#shared, Shared.LIFE)
    let silentLooks = 0
    for (let looks = 0; ; ) {
      const woken = Atomics.wait(this.#shared, Shared.ANSWERS, answers, LOOK_MS)
      // The notification of an answer before may come only now, and wake this in vain.
      if (Atomics.load(this.#shared, Shared.ANSWERS) !== answers) return
      if (this.isGone) throw threadError('ESRCH', 'the thread of the TypeScript engine has ended')
      if (woken !== 'timed-out') continue
      // Looks are counted, and not time: a process that was stopped meanwhile would find it all gone.
      const seen = Atomics.load(this.#shared, Shared.LIFE)
      silentLooks = seen === life ? silentLooks + 1 : 0
      life = seen
      if (silentLooks < SILENT_LOOKS && ++looks < LOOKS) continue
      this.#isGone = true
      void this.#worker.terminate() // and with it all that it holds ends
      const what = life === 0 ? 'does not start' : 'does not answer'
      throw threadError('ETIMEDOUT', `the thread of the TypeScript engine ${what}`)
    }
  }
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

/** A failure to be reported as one of the system. */
function threadError(code: string, message: string): NodeJS.ErrnoException {
  return Object.assign(new Error(message), { code, syscall: 'Worker' })
}
