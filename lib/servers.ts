// Helpers of hand-over.ts: they work with servers of Node.js and with similar objects of other packages.

import type { Server } from 'node:net'
import { builtin } from './builtin.js'
import { Port4meError } from './errors.js'
import type { ListenOptions } from './types.js'

export type Emitter = NodeJS.EventEmitter & { readonly listening?: unknown }

/** A server of our own, whose socket another server can take over. */
export class ListeningSocket {
  readonly options: object
  readonly #ours: Server
  #isOpen = true
  #isTaken = false

  constructor(ours: Server, port: number) {
    this.#ours = ours
    const take = (): unknown => this.#take()
    const { address: host } = ours.address() as { address: string }
    // According to its documentation, listen() accepts "anything with an underlying _handle member". Frameworks such
    // as Fastify also read the port and the host.
    this.options = Object.defineProperty({ port, host }, '_handle', { get: take, enumerable: true })
  }

  /** Whether the handle was read. listen() of net.Server reads it when it takes the socket over. */
  get isTaken(): boolean {
    return this.#isTaken
  }

  close(): void {
    this.#isOpen = false
    this.#ours.close(ignore)
  }

  #take(): unknown {
    if (!this.#isOpen) throw closedTooEarly()
    this.#isTaken = true
    return (this.#ours as unknown as { readonly _handle: unknown })._handle
  }
}

/** Ends the wait for a server early: when the server is closed, or when the signal is aborted. */
export class End {
  /** Rejects when the server is closed or the signal is aborted. */
  readonly reached: Promise<never>
  readonly #signal: ListenOptions['signal']
  readonly #undo: (() => void)[] = []
  #reject: (reason: unknown) => void = ignore
  #isClosed = false

  constructor(signal: ListenOptions['signal']) {
    this.#signal = signal
    this.reached = new Promise((_resolve, reject) => {
      this.#reject = reject
    })
    this.reached.catch(ignore)
    if (signal === undefined) return
    const onAbort = (): void => this.#reject(undefined) // run() throws the reason of the signal
    signal.addEventListener('abort', onAbort)
    this.#undo.push(() => signal.removeEventListener('abort', onAbort))
  }

  watch(server: unknown): void {
    if (!isEmitter(server)) return
    const onClose = (): void => {
      // If the server listens, this event belongs to an earlier close().
      if (server.listening === true) return
      this.#isClosed = true
      this.#reject(closedTooEarly())
    }
    server.on('close', onClose)
    this.#undo.push(() => server.off('close', onClose))
  }

  /** Throws if the server was closed or the signal was aborted. */
  check(): void {
    this.#signal?.throwIfAborted()
    if (this.#isClosed) throw closedTooEarly()
  }

  unwatch(): void {
    for (const undo of this.#undo) undo()
  }
}

export async function untilListening(server: Server): Promise<Server> {
  await events().once(server, 'listening')
  return server
}

/** Closes the server when the signal is aborted, as listen() of net.Server does. */
export function closeOnAbort(server: unknown, signal: ListenOptions['signal']): void {
  if (signal === undefined) return
  const onAbort = (): void => close(server)
  signal.addEventListener('abort', onAbort)
  if (isEmitter(server)) server.once('close', () => signal.removeEventListener('abort', onAbort))
}

export function close(server: unknown): void {
  ;(server as { close?: () => void }).close?.()
}

export function isListening(server: unknown): boolean {
  return (server as { listening?: unknown }).listening === true
}

export function listensElsewhere(server: unknown, port: number): boolean {
  const address = (server as Partial<Pick<Server, 'address'>>).address?.()
  return typeof address === 'object' && address !== null && address.port !== port
}

export function closedTooEarly(): Port4meError {
  return new Port4meError('ERR_LEASE_RELEASED', 'the server was closed before it listened')
}

export function isEmitter(value: unknown): value is Emitter {
  return typeof value === 'object' && value !== null && 'once' in value && 'off' in value
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | undefined)?.then === 'function'
}

export function events(): typeof import('node:events') {
  return builtin('node:events')
}

export function ignore(): void {}
