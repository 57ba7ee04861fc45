// Gives a server a port that is held: as a socket that listens on it already.

import type { Server } from 'node:net'
import type { Hold } from '../binding.js'
import { builtin } from './builtin.js'
import { asSystemError, Port4meError } from './errors.js'
import { hrtime, nextTurn, setTimeout } from './timers.js'
import type { Listenable, ListenOptions } from './types.js'

/** Where to bind a leased port by its number. */
export interface LeasedPlace {
  readonly port: number
  /** Default: every address. */
  readonly host?: string
  readonly ipv6Only?: boolean
}

/** The backlog of net.Server's listen() by default. */
const BACKLOG = 511

/**
 * Whether servers can take over a socket that listens. In Bun 1.4 none takes a handle, and those of
 * node:http take no descriptor either.
 */
const TAKES_SOCKETS = process.versions.bun === undefined

/**
 * How long to try while others listen, and how long to pause after each try: 1 ms or more. A program
 * that looks for free ports listens for a tenth of a millisecond; but where many wait for a processor,
 * it may wait for its next share of one meanwhile.
 */
const PATIENCE_NS = 300_000_000n
const LONGEST_PAUSE_MS = 3

type Emitter = NodeJS.EventEmitter & { readonly listening?: unknown }

/** The servers that were given a leased port. */
const served = new WeakSet<object>()

/** One server's way to a leased port. */
export class HandOver {
  readonly #server: Listenable
  readonly #hold: Hold
  readonly #place: LeasedPlace
  readonly #options: ListenOptions
  readonly #backlog: number
  readonly #end: End
  /** Whether the server listened when its listen() was called, or it was not called. */
  #listenedBefore = true
  /** What is to listen: the server, or what its listen() returned. */
  #listener: unknown
  #socket: ListeningSocket | undefined

  /**
   * @param server what is to listen
   * @param hold what holds the port
   * @param place where to bind when the hold has no socket to give
   * @param options as the server's user gave them
   */
  constructor(server: Listenable, hold: Hold, place: LeasedPlace, options: ListenOptions) {
    this.#server = server
    this.#hold = hold
    this.#place = place
    this.#options = options
    this.#backlog = options.backlog ?? BACKLOG
    this.#end = new End(options.signal)
    this.#listener = server
  }

  /**
   * Resolves with what listen() of the server returns, when the server listens. Before it rejects, it
   * closes whatever it made listen.
   */
  async run(): Promise<unknown> {
    this.#end.watch(this.#server)
    try {
      const returned = TAKES_SOCKETS ? await this.#giveSocket() : await this.#giveNumber()
      this.#end.check()
      if (isEmitter(this.#listener) && this.#listener.listening === false) throw closedTooEarly()
      served.add(this.#listener as object)
      closeOnAbort(this.#listener, this.#options.signal)
      return returned
    } catch (error) {
      this.#closeAll()
      this.#options.signal?.throwIfAborted() // that is the reason, whatever came of it
      throw failureOf(error, this.#place.port)
    } finally {
      this.#end.unwatch()
    }
  }

  /**
   * Lets a server of ours listen first, and the given one take its socket over: attempts that fail are
   * no 'error' events of the given server.
   */
  async #giveSocket(): Promise<unknown> {
    const opened = this.#openSocket()
    // Not awaited without need: a server that is closed right after the call shall have been told.
    const ours = opened instanceof Promise ? await opened : opened
    const socket = new ListeningSocket(ours, this.#place.port)
    this.#socket = socket
    this.#end.check()
    let returned: unknown
    try {
      returned = await this.#listen(socket.options)
    } catch (error) {
      // A listen() that knows of numbers alone finds our own socket in its way.
      if (socket.isTaken || !isInUse(error)) throw error
      socket.close()
      return await this.#giveNumber()
    }
    if (!socket.isTaken) throw disobeyed(this.#place.port)
    return returned
  }

  #openSocket(): Server | Promise<Server> {
    let first: Server | undefined
    try {
      first = this.#tryToOpen()
    } catch (error) {
      if (!isInUse(error)) throw error
    }
    if (first?.listening) return first
    return patiently((tries) =>
      untilListening(tries === 0 && first !== undefined ? first : this.#tryToOpen()),
    )
  }

  /** A server that listens, or will tell. */
  #tryToOpen(): Server {
    // A cluster worker's listen() of a descriptor asks its primary, which does not have it.
    if (this.#options.host === undefined && !isClusterWorker()) {
      const fd = this.#hold.takeListeningDescriptor(this.#backlog)
      if (fd !== -1) return this.#openServer({ fd })
    }
    this.#hold.admitServers()
    return this.#openServer({ ...this.#place, exclusive: true })
  }

  #openServer(where: object): Server {
    const { createServer } = builtin('node:net')
    return createServer().listen(where, this.#backlog)
  }

  /** For a listen() that cannot take a socket over. */
  async #giveNumber(): Promise<unknown> {
    this.#hold.admitServers()
    return await patiently(() => this.#listen({ ...this.#place, exclusive: true }))
  }

  /** Calls listen() of the server, and waits until it listens. */
  async #listen(where: object): Promise<unknown> {
    const server: unknown = this.#server
    const settled = new AbortController()
    const listening = (emitter: Emitter): Promise<unknown> => {
      const told = events().once(emitter, 'listening', settled) // rejects on 'error'
      told.catch(ignore)
      return told
    }
    try {
      const ofServer = isEmitter(server) ? listening(server) : undefined
      const { backlog } = this.#options
      // Nothing more than is needed: a listen() of another kind may expect a callback there.
      const args = backlog === undefined ? [where] : [where, backlog]
      this.#listenedBefore = isListening(this.#server)
      const returned: unknown = Reflect.apply(this.#server.listen, server, args)
      let made = returned
      if (isThenable(returned)) {
        // A server that fails may leave its promise as it is.
        const failed = ofServer?.then(() => returned)
        made = await Promise.race([returned, this.#end.reached, ...(failed ? [failed] : [])])
      }
      if (isEmitter(made) && made !== this.#listener) {
        this.#listener = made
        this.#end.watch(made)
      }
      const listener: unknown = this.#listener
      if (isEmitter(listener)) {
        // 'listening' is emitted with process.nextTick(); one that listened before a promise was kept
        // may have emitted it already.
        const told = listener === server ? ofServer : listening(listener)
        const listens = listener.listening === true ? nextTurn() : told
        await Promise.race([listens, this.#end.reached])
      }
      if (listensElsewhere(listener, this.#place.port)) throw disobeyed(this.#place.port)
      return made
    } finally {
      settled.abort()
    }
  }

  /** Leaves nothing behind that listens, but what did before. */
  #closeAll(): void {
    if (isListening(this.#server) && !this.#listenedBefore) close(this.#server)
    const listener = this.#listener as object
    // A server that an earlier lease made listen goes on, unless it listens by this one.
    const isNew = this.#socket?.isTaken || !served.has(listener)
    if (listener !== this.#server && isListening(listener) && isNew) close(listener)
    // Two servers have one handle, which is closed once.
    this.#socket?.close()
  }
}

/** A server of ours, whose socket another can take over. */
class ListeningSocket {
  readonly options: object
  readonly #ours: Server
  #isOpen = true
  #isTaken = false

  constructor(ours: Server, port: number) {
    this.#ours = ours
    const take = (): unknown => this.#take()
    const { address: host } = ours.address() as { address: string }
    // As documented, listen() takes "anything with an underlying _handle member". The rest is for
    // what else reads it on the way, such as Fastify.
    this.options = Object.defineProperty({ port, host }, '_handle', { get: take, enumerable: true })
  }

  /** Whether somebody looked at the handle, as listen() of net.Server does to take it. */
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

/** What ends the wait for a server: it is closed, or a signal is aborted. */
class End {
  /** Rejects at the end. */
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
    const onAbort = (): void => this.#reject(undefined) // run() asks the signal for the reason
    signal.addEventListener('abort', onAbort)
    this.#undo.push(() => signal.removeEventListener('abort', onAbort))
  }

  watch(server: unknown): void {
    if (!isEmitter(server)) return
    const onClose = (): void => {
      // One that listens was closed earlier, and is told of it now.
      if (server.listening === true) return
      this.#isClosed = true
      this.#reject(closedTooEarly())
    }
    server.on('close', onClose)
    this.#undo.push(() => server.off('close', onClose))
  }

  /** Throws once the end is reached. */
  check(): void {
    this.#signal?.throwIfAborted()
    if (this.#isClosed) throw closedTooEarly()
  }

  unwatch(): void {
    for (const undo of this.#undo) undo()
  }
}

/** Tries again while somebody else listens. */
async function patiently<Answer>(attempt: (tries: number) => Promise<Answer>): Promise<Answer> {
  const until = hrtime.bigint() + PATIENCE_NS
  for (let tries = 0; ; tries++) {
    try {
      return await attempt(tries)
    } catch (error) {
      if (!isInUse(error) || hrtime.bigint() >= until) throw error
    }
    // Of random length, so as not to keep step with a prober.
    await new Promise((resolve) => setTimeout(resolve, Math.random() * LONGEST_PAUSE_MS))
  }
}

async function untilListening(server: Server): Promise<Server> {
  await events().once(server, 'listening')
  return server
}

/** Closes the server when the signal is aborted, as net.Server's listen() does. */
function closeOnAbort(server: unknown, signal: ListenOptions['signal']): void {
  if (signal === undefined) return
  const onAbort = (): void => close(server)
  signal.addEventListener('abort', onAbort)
  if (isEmitter(server)) server.once('close', () => signal.removeEventListener('abort', onAbort))
}

function close(server: unknown): void {
  ;(server as { close?: () => void }).close?.()
}

function isListening(server: unknown): boolean {
  return (server as { listening?: unknown }).listening === true
}

function listensElsewhere(server: unknown, port: number): boolean {
  const address = (server as Partial<Pick<Server, 'address'>>).address?.()
  return typeof address === 'object' && address !== null && address.port !== port
}

function disobeyed(port: number): Port4meError {
  return new Port4meError(
    'ERR_INVALID_ARG_VALUE',
    `server must listen where its listen() is told, on port ${port}, but does not`,
  )
}

function closedTooEarly(): Port4meError {
  return new Port4meError('ERR_LEASE_RELEASED', 'the server was closed before it listened')
}

/** An error as the user of a lease gets it. */
function failureOf(error: unknown, port: number): unknown {
  if (typeof error !== 'object' || error === null) return error
  const { message, syscall } = error as NodeJS.ErrnoException
  if (!isInUse(error) || syscall === undefined) return asSystemError(error)
  return new Port4meError(
    'ERR_SYSTEM',
    `another program listens on port ${port}, which is leased: ${message}`,
    error as NodeJS.ErrnoException,
  )
}

function isInUse(error: unknown): boolean {
  return (error as Partial<NodeJS.ErrnoException> | undefined)?.code === 'EADDRINUSE'
}

function isClusterWorker(): boolean {
  return (builtin('node:cluster') as unknown as typeof import('node:cluster').default).isWorker
}

function isEmitter(value: unknown): value is Emitter {
  return typeof value === 'object' && value !== null && 'once' in value && 'off' in value
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | undefined)?.then === 'function'
}

function events(): typeof import('node:events') {
  return builtin('node:events')
}

function ignore(): void {}
