// Ports that stay yours until your server has them.

import { closeSync, fstatSync } from 'node:fs'
import type { Server } from 'node:net'
import type { Engine, Hold } from '../binding.js'
import { currentEngine } from './engine/engine.js'
import { asSystemError, isPlainObject, Port4meError, quote } from './errors.js'
import { portOf } from './port4me.js'
import { Flag } from './question.js'
import { type NameOf, readSettings, type Settings } from './settings/settings.js'
import { boolean, integer, nonEmptyText } from './settings/values.js'
import type { LeaseOptions, Listenable, ListenOptions, PortLease } from './types.js'

/**
 * Picks a port as {@link port4me} does and keeps it, until a server has it or the lease is released:
 * no other lease can get it, in whatever process, and no port of the system's choice is it. (That is
 * so of the whole port on Linux; elsewhere of the addresses that the lease is of, all unless `host` or
 * `family` says otherwise.) Let your server have it with `listen()`, or let a child process bind it by
 * its number: on Linux while the lease holds it, elsewhere once it is released.
 *
 * A lease does not keep the process alive. It ends with its process or thread, however that ends,
 * and when it is garbage-collected: keep the lease itself, not its port alone.
 *
 * @param options settings, or the name of the tool
 * @returns the lease of one port
 * @throws {Port4meError} what port4me() throws
 *
 * @example
 * const lease = leasePort('api')
 * const server = await lease.listen(http.createServer(app))
 * server.address().port === lease.port // true
 */
export function leasePort(options?: string | LeaseOptions): PortLease {
  return leaseFor(options)
}

/**
 * leasePort(), with errors that name settings as `nameOf` does.
 * @internal
 */
export function leaseFor(options?: string | LeaseOptions, nameOf?: NameOf): PortLease {
  const engine = currentEngine()
  const [rest, exclusive] = splitExclusive(options)
  return takeLease(readForLease(rest, engine, nameOf), engine, exclusive).lease
}

/**
 * Leases several ports, or none: when there are not enough, all are let go again.
 *
 * @param count how many, from 1 to 65535
 * @param options settings, or the name of the tool
 * @returns leases of so many ports, in the order of the candidates
 * @throws {Port4meError} what {@link leasePort} throws
 *
 * @example
 * const leases = leasePorts(servers.length, 'e2e')
 * await Promise.all(servers.map((server, i) => leases[i]?.listen(server)))
 */
export function leasePorts(count: number, options?: string | LeaseOptions): PortLease[] {
  integer(count, 'count', 1, 65535)
  const engine = currentEngine()
  const [rest, exclusive] = splitExclusive(options)
  const settings = readForLease(rest, engine)
  const leases: PortLease[] = []
  let { skip, maxTries } = settings
  try {
    // Past a port that is leased or taken the search goes on; it does not begin again.
    while (leases.length < count && maxTries > 0) {
      const { lease, tries } = takeLease({ ...settings, skip, maxTries }, engine, exclusive)
      leases.push(lease)
      skip += tries
      maxTries -= tries
    }
    if (leases.length === count) return leases
  } catch (error) {
    for (const lease of leases) lease.release()
    const { code } = error as Partial<Port4meError>
    const isShort = code === 'ERR_NO_FREE_PORT' || code === 'ERR_NO_CANDIDATE'
    if (!isShort || leases.length === 0) throw error
  }
  for (const lease of leases) lease.release()
  throw new Port4meError(
    'ERR_NO_FREE_PORT',
    `no free port: ${count} leases were asked for, but no more than ${leases.length} ports could be leased`,
  )
}

/** The other options are those of a pick. */
function splitExclusive(
  options: string | LeaseOptions | undefined,
): [options: string | LeaseOptions | undefined, exclusive: boolean] {
  if (!isPlainObject(options) || !('exclusive' in options)) return [options, false]
  const { exclusive = false, ...rest } = options
  return [rest, boolean(exclusive, 'options.exclusive')]
}

function readForLease(
  options: string | LeaseOptions | undefined,
  engine: Engine,
  nameOf?: NameOf,
): Settings {
  const settings = readSettings(options, engine, nameOf)
  if (typeof options === 'object' && 'mustWork' in options && options.mustWork !== undefined) {
    throw new Port4meError(
      'ERR_INVALID_ARG_VALUE',
      'options.mustWork is no option of a lease: without a free port there is none',
    )
  }
  return { ...settings, mustWork: true }
}

function takeLease(
  settings: Settings,
  engine: Engine,
  exclusive: boolean,
): { lease: PortLease; tries: number } {
  let hold: Hold
  try {
    hold = engine.hold(
      settings.seed,
      settings.candidates,
      settings.prepend,
      settings.skip,
      settings.maxTries,
      settings.question,
      settings.host,
      exclusive,
    )
  } catch (error) {
    throw asSystemError(error, settings.host)
  }
  const port = portOf(hold.pick, settings, engine)
  return { lease: new Lease(port, hold, settings), tries: Math.floor(hold.pick / 65536) }
}

/**
 * Where a server binds a port while it is held: native/probe/socket_linux.cc, AdmitServers().
 * @internal
 */
export const SERVERS_BIND_HELD_PORTS =
  process.platform === 'linux' || process.platform === 'android'

/** Node.js's own: the backlog of net.Server's listen(). */
const BACKLOG = 511

class Lease implements PortLease {
  readonly port: number
  readonly #hold: Hold
  readonly #settings: Settings
  #isHandedOver = false
  #isReleased = false

  constructor(port: number, hold: Hold, settings: Settings) {
    this.port = port
    this.#hold = hold
    this.#settings = settings
  }

  get released(): boolean {
    return this.#isReleased || this.#hold.isOver
  }

  async listen<Given extends Listenable>(
    server: Given,
    options: ListenOptions = {},
  ): Promise<Awaited<ReturnType<Given['listen']>>> {
    if (this.#isHandedOver || this.#isReleased) {
      throw new Port4meError(
        'ERR_LEASE_RELEASED',
        `the lease of port ${this.port} is over: ${this.#isHandedOver ? 'a server was given the port' : 'it was released'}`,
      )
    }
    this.#isHandedOver = true
    let descriptor: HandedOver | undefined
    try {
      const read = readListenOptions(server, options)
      descriptor = this.#takeDescriptor(read)
      const returned = this.#startListening(server, read, descriptor)
      await whenListening(returned ?? server, read.signal)
      const listening = await returned
      this.#checkPort(listening ?? server)
      return listening as Awaited<ReturnType<Given['listen']>>
    } catch (error) {
      descriptor?.closeUnlessTaken(server)
      throw asSystemError(error)
    } finally {
      this.release()
    }
  }

  release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    this.#hold.release()
  }

  [Symbol.dispose](): void {
    this.release()
  }

  /** The socket for the server; nothing where the server has to bind. */
  #takeDescriptor({ host, backlog = BACKLOG }: ListenOptions): HandedOver | undefined {
    if ((this.#settings.question & Flag.TCP) === 0) {
      throw new Port4meError(
        'ERR_INVALID_ARG_VALUE',
        `a server needs TCP, but the lease of port ${this.port} is one of UDP`,
      )
    }
    // A cluster worker would ask its primary to listen, which has not the descriptor.
    if (host !== undefined || isClusterWorker()) return undefined
    const descriptor = this.#hold.takeListeningDescriptor(backlog)
    return descriptor === -1 ? undefined : new HandedOver(descriptor)
  }

  /** Returns what listen() of the server does. */
  #startListening(
    server: Listenable,
    { backlog, host, signal }: ListenOptions,
    handedOver: HandedOver | undefined,
  ): unknown {
    if (handedOver === undefined) this.#hold.admitServers()
    const where =
      handedOver === undefined
        ? { ...this.#address(host), exclusive: true }
        : { fd: handedOver.descriptor }
    const args = backlog === undefined ? [] : [backlog]
    return Reflect.apply(server.listen, server, [signal ? { ...where, signal } : where, ...args])
  }

  /** A listen() may do something else with what it is given. */
  #checkPort(server: unknown): void {
    const address = (server as Partial<Pick<Server, 'address'>>).address?.()
    if (typeof address !== 'object' || address === null || address.port === this.port) return
    throw new Port4meError(
      'ERR_INVALID_ARG_VALUE',
      `server must listen where its listen() is told, on port ${this.port}, but does on ${address.port}`,
    )
  }

  /** Where a server listens that binds by itself. */
  #address(host: string | undefined): { port: number; host?: string; ipv6Only?: boolean } {
    const { port } = this
    const { question, host: ownHost } = this.#settings
    if (host !== undefined || ownHost !== '') return { port, host: host ?? ownHost }
    if ((question & Flag.IPV6) === 0) return { port, host: '0.0.0.0' }
    if ((question & Flag.IPV4) === 0) return { port, host: '::', ipv6Only: true }
    return { port }
  }
}

/** A descriptor that a server is given, and closes, unless it does not take it. */
class HandedOver {
  readonly descriptor: number
  readonly #inode: number | undefined

  constructor(descriptor: number) {
    this.descriptor = descriptor
    this.#inode = inodeOf(descriptor)
  }

  /** After a failure: when no server has the socket, and the number is not another's by now. */
  closeUnlessTaken(server: unknown): void {
    if ((server as { listening?: unknown } | undefined)?.listening === true) return
    const inode = inodeOf(this.descriptor)
    if (inode !== undefined && inode === this.#inode) closeSync(this.descriptor)
  }
}

/** Undefined for a descriptor that is closed, and in Deno, which has numbers of its own for files. */
function inodeOf(descriptor: number): number | undefined {
  try {
    return fstatSync(descriptor).ino
  } catch {
    return undefined
  }
}

function readListenOptions(server: Listenable, options: ListenOptions): ListenOptions {
  if (typeof server?.listen !== 'function') {
    throw new Port4meError(
      'ERR_INVALID_ARG_TYPE',
      `server must have a function listen(), but is ${quote(server)}`,
    )
  }
  if (!isPlainObject(options)) {
    throw new Port4meError(
      'ERR_INVALID_ARG_TYPE',
      `options must be an object, not ${quote(options)}`,
    )
  }
  const { backlog, host, signal, ...others } = options
  for (const key of Object.keys(others)) {
    throw new Port4meError(
      'ERR_INVALID_ARG_VALUE',
      `options.${key} is no option; those are host, backlog, signal`,
    )
  }
  if (backlog !== undefined) integer(backlog, 'options.backlog', 1, 2 ** 31 - 1)
  if (host !== undefined) nonEmptyText(host, 'options.host')
  if (signal !== undefined && typeof signal?.throwIfAborted !== 'function') {
    throw new Port4meError(
      'ERR_INVALID_ARG_TYPE',
      `options.signal must be an AbortSignal, not ${quote(signal)}`,
    )
  }
  signal?.throwIfAborted()
  return { backlog, host, signal }
}

function isClusterWorker(): boolean {
  return (require('node:cluster') as typeof import('node:cluster').default).isWorker
}

/** Resolves when a server, or whatever tells of one by its events, listens. */
async function whenListening(server: unknown, signal: ListenOptions['signal']): Promise<void> {
  if (!isEmitter(server) || server.listening === true) return
  const { once } = require('node:events') as typeof import('node:events')
  const settled = new AbortController()
  const closed = once(server, 'close', settled).then(() => {
    signal?.throwIfAborted()
    throw new Port4meError('ERR_LEASE_RELEASED', 'the server was closed before it listened')
  })
  try {
    await Promise.race([once(server, 'listening', settled), closed])
  } finally {
    closed.catch(() => {})
    settled.abort()
  }
}

function isEmitter(value: unknown): value is NodeJS.EventEmitter & { listening?: unknown } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'once' in value &&
    typeof value.once === 'function'
  )
}
