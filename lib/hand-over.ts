// Hands a held port over to a server, as a socket that already listens on it.

import type { Server } from 'node:net'
import type { Hold } from '../binding.js'
import { builtin } from './builtin.js'
import { asSystemError, Port4meError } from './errors.js'
import { listenerOf } from './holders/taken-by.js'
import {
  close,
  closedTooEarly,
  closeOnAbort,
  type Emitter,
  End,
  events,
  ignore,
  isEmitter,
  isListening,
  isThenable,
  ListeningSocket,
  listensElsewhere,
  untilListening,
} from './servers.js'
import { hrtime, nextTurn, setTimeout } from './timers.js'
import type { Listenable, ListenOptions } from './types.js'

/** Where a server binds a leased port by its number. */
export interface ListenAddress {
  readonly port: number
  /** The default is every address. */
  readonly host?: string
  readonly ipv6Only?: boolean
}

/** The default backlog of listen() of net.Server. */
const BACKLOG = 511

/**
 * Whether servers can take over a listening socket. In Bun 1.4 no server accepts a handle, and those of node:http
 * accept no descriptor either.
 */
const TAKES_SOCKETS = process.versions.bun === undefined

/**
 * If a bind fails because another program listens, it is tried again for RETRY_NS. The pause between two tries is at
 * most LONGEST_PAUSE_MS. (The shortest pause is 1 ms.) A program that looks for free ports listens for a tenth of a
 * millisecond. On a busy machine the system may interrupt it during that time.
 */
const RETRY_NS = 300_000_000n
const LONGEST_PAUSE_MS = 3

/** The servers that have received a leased port. */
const served = new WeakSet<object>()

/** The hand-over of one leased port to one server. */
export class HandOver {
  readonly #server: Listenable
  readonly #hold: Hold
  readonly #address: ListenAddress
  readonly #options: ListenOptions
  readonly #backlog: number
  readonly #end: End
  /**
   * Whether the server already listened when its listen() was called. Before this call it is true, because then
   * #closeAll() must not close the server.
   */
  #listenedBefore = true
  /** The object that should listen: the server, or what its listen() returned. */
  #listener: unknown
  #socket: ListeningSocket | undefined

  /**
   * @param server the server that should listen
   * @param hold the hold of the port
   * @param address where to bind if the hold has no socket to hand over
   * @param options the options of lease.listen()
   */
  constructor(server: Listenable, hold: Hold, address: ListenAddress, options: ListenOptions) {
    this.#server = server
    this.#hold = hold
    this.#address = address
    this.#options = options
    this.#backlog = options.backlog ?? BACKLOG
    this.#end = new End(options.signal)
    this.#listener = server
  }

  /**
   * When the server listens, the promise resolves with what the server's listen() returned. If the hand-over fails,
   * everything that it made listen is closed before the promise rejects.
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
      this.#options.signal?.throwIfAborted() // the reason takes precedence over errors that the abort caused
      throw await failureOf(error, this.#address)
    } finally {
      this.#end.unwatch()
    }
  }

  /**
   * First makes a server of our own listen. Then the given server takes over its socket. So a failed attempt emits no
   * 'error' event on the given server.
   */
  async #giveSocket(): Promise<unknown> {
    const opened = this.#openSocket()
    // `await` is used only for a promise. Otherwise the server's listen() is called at once, so that the caller may
    // close the server right after lease.listen().
    const ours = opened instanceof Promise ? await opened : opened
    const socket = new ListeningSocket(ours, this.#address.port)
    this.#socket = socket
    this.#end.check()
    let returned: unknown
    try {
      returned = await this.#listen(socket.options)
    } catch (error) {
      // If listen() of the server ignores the handle and binds the port by its number, it fails because our own socket
      // listens.
      if (socket.isTaken || !isInUse(error)) throw error
      socket.close()
      return await this.#giveNumber()
    }
    if (!socket.isTaken) throw ignoredPort(this.#address.port)
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
    return retryWhileInUse((tries) =>
      untilListening(tries === 0 && first !== undefined ? first : this.#tryToOpen()),
    )
  }

  /** Opens a server. It listens already, or it will emit 'listening' or 'error'. */
  #tryToOpen(): Server {
    if (this.#options.host === undefined) {
      const server = this.#hold.takeServer?.(this.#backlog)
      if (server !== undefined) return server
      // In a cluster worker, listen() with a descriptor passes its number to the primary process, which does not have
      // the descriptor.
      const fd = isClusterWorker() ? -1 : this.#hold.takeListeningDescriptor(this.#backlog)
      if (fd !== -1) return this.#openServer({ fd })
    }
    this.#hold.admitServers()
    return this.#openServer({ ...this.#address, exclusive: true })
  }

  #openServer(where: object): Server {
    const { createServer } = builtin('node:net')
    return createServer().listen(where, this.#backlog)
  }

  /** Lets the server's listen() bind the port by its number. For servers that cannot take over a socket. */
  async #giveNumber(): Promise<unknown> {
    this.#hold.admitServers()
    return await retryWhileInUse(() => this.#listen({ ...this.#address, exclusive: true }))
  }

  /** Calls listen() of the server and waits until the server listens. */
  async #listen(where: object): Promise<unknown> {
    const server: unknown = this.#server
    const waiting = new AbortController()
    const listening = (emitter: Emitter): Promise<unknown> => {
      const event = events().once(emitter, 'listening', waiting) // rejects on 'error'
      event.catch(ignore)
      return event
    }
    try {
      const ofServer = isEmitter(server) ? listening(server) : undefined
      const { backlog } = this.#options
      // The backlog is passed only if it is set, because another kind of listen() may expect a callback as its second
      // argument.
      const args = backlog === undefined ? [where] : [where, backlog]
      this.#listenedBefore = isListening(this.#server)
      const returned: unknown = Reflect.apply(this.#server.listen, server, args)
      let made = returned
      if (isThenable(returned)) {
        // If the server emits 'error', the promise that listen() returned may stay pending.
        const failed = ofServer?.then(() => returned)
        made = await Promise.race([returned, this.#end.reached, ...(failed ? [failed] : [])])
      }
      if (isEmitter(made) && made !== this.#listener) {
        this.#listener = made
        this.#end.watch(made)
      }
      const listener: unknown = this.#listener
      if (isEmitter(listener)) {
        // net.Server listens first, and emits 'listening' later, in process.nextTick(). If the server listens already,
        // it may have emitted the event while the promise was pending. So the event is awaited only if the server does
        // not listen yet.
        const event = listener === server ? ofServer : listening(listener)
        const listens = listener.listening === true ? nextTurn() : event
        await Promise.race([listens, this.#end.reached])
      }
      if (listensElsewhere(listener, this.#address.port)) throw ignoredPort(this.#address.port)
      return made
    } finally {
      waiting.abort()
    }
  }

  /** Closes everything that listens now and did not listen before. */
  #closeAll(): void {
    if (isListening(this.#server) && !this.#listenedBefore) close(this.#server)
    const listener = this.#listener as object
    // A listener that has received the port of an earlier lease is closed only if it listens on this lease's socket.
    const isNew = this.#socket?.isTaken || !served.has(listener)
    if (listener !== this.#server && isListening(listener) && isNew) close(listener)
    // Our own server and the given server share one handle, which is closed only once.
    this.#socket?.close()
  }
}

/** Calls `attempt` until it succeeds. Tries again, for RETRY_NS, only if another program listens. */
async function retryWhileInUse<Answer>(
  attempt: (tries: number) => Promise<Answer>,
): Promise<Answer> {
  const until = hrtime.bigint() + RETRY_NS
  for (let tries = 0; ; tries++) {
    try {
      return await attempt(tries)
    } catch (error) {
      if (!isInUse(error) || hrtime.bigint() >= until) throw error
    }
    // The pause is random, so that the tries do not stay in step with those of a prober.
    await new Promise((resolve) => setTimeout(resolve, Math.random() * LONGEST_PAUSE_MS))
  }
}

function ignoredPort(port: number): Port4meError {
  return new Port4meError(
    'ERR_INVALID_ARG_VALUE',
    `server must listen on port ${port}, which its listen() was given, but does not`,
  )
}

/** Converts an error to the one that the user of the lease gets. */
async function failureOf(error: unknown, { port }: ListenAddress): Promise<unknown> {
  if (typeof error !== 'object' || error === null) return error
  const { message, syscall } = error as NodeJS.ErrnoException
  if (!isInUse(error) || syscall === undefined) return asSystemError(error)
  const by = await listenerOf(port)
  return new Port4meError(
    'ERR_SYSTEM',
    `${by ?? 'another program'} listens on port ${port}, which is leased: ${message}`,
    error as NodeJS.ErrnoException,
  )
}

function isInUse(error: unknown): boolean {
  return (error as Partial<NodeJS.ErrnoException> | undefined)?.code === 'EADDRINUSE'
}

function isClusterWorker(): boolean {
  return (builtin('node:cluster') as unknown as typeof import('node:cluster').default).isWorker
}
