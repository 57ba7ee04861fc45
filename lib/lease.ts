// Leases: ports that stay yours until your server has them.

import type { Hold } from '../binding.js'
import { onePeriod } from './candidates.js'
import { Ask, triesOf } from './codes.js'
import { currentEngine, warnInBundle } from './engine/engine.js'
import { hold } from './engine/questions.js'
import { Port4meError, quote } from './errors.js'
import { HandOver, type ListenAddress } from './hand-over.js'
import { noFreePort } from './no-free-port.js'
import { foundPort } from './port4me.js'
import type { NameOf } from './settings/options.js'
import type { PortQuestion } from './settings/question.js'
import { readSettings, type Settings, searchFor } from './settings/settings.js'
import { abortSignal, checkNames, integer, nonEmptyText } from './settings/values.js'
import type { LeaseOptions, Listenable, ListenOptions, ListenResult, PortLease } from './types.js'

/**
 * Picks a port as {@link port4me} does, and keeps it until a server has it or the lease is released. Until
 * then no other lease in any process can get the port, and the system does not choose it as an ephemeral port.
 * (On Linux this holds for the whole port. Elsewhere it holds for the addresses of the lease: every address,
 * unless `host` or `family` says otherwise.)
 *
 * Give the port to your server with `listen()`, or let a child process bind it by its number: on Linux while
 * the lease holds it, elsewhere after the lease is released.
 *
 * A lease does not keep the process alive. It ends when its process or thread ends for any reason, and when it
 * is garbage collected. So keep the lease itself, not only its port.
 *
 * @param options settings, or the name of the tool
 * @returns the lease of one port
 * @throws {Port4meError} the errors of port4me()
 *
 * @example
 * const lease = leasePort('api')
 * const server = await lease.listen(http.createServer((request, response) => response.end('hello')))
 * server.address().port === lease.port // true
 * server.close()
 */
export function leasePort(options?: string | LeaseOptions): PortLease {
  return leaseFor(options)
}

/**
 * Does what leasePort() does, for the programs. Errors call a setting by the name that `nameOf` returns.
 * @internal
 */
export function leaseFor(options?: string | LeaseOptions, nameOf?: NameOf): PortLease {
  const settings = readSettings(options, currentEngine(), 'lease', nameOf)
  const { lease, tries } = takeLease(settings)
  if (lease === undefined) throw noFreePort(tries, settings)
  return lease
}

/**
 * Leases several ports. If there are not enough free ports, releases those that it has leased and throws an error.
 *
 * @param count how many, from 1 to 65535
 * @param options settings, or the name of the tool
 * @returns `count` leases, in the order of the candidates
 * @throws {Port4meError} the errors of {@link leasePort}
 *
 * @example
 * const servers = [http.createServer(), http.createServer()]
 * const leases = leasePorts(servers.length, 'e2e')
 * await Promise.all(servers.map((server, i) => leases[i]?.listen(server)))
 * for (const server of servers) server.close()
 */
export function leasePorts(count: number, options?: string | LeaseOptions): PortLease[] {
  integer(count, 'count', 1, 65535)
  const settings = readSettings(options, currentEngine(), 'lease')
  const { candidates, portQuestion, values } = settings
  const leases: PortLease[] = []
  let { maxTries } = values
  let skip = withinPeriod(settings)
  try {
    // Each search continues after the candidates that earlier searches tried.
    while (leases.length < count && maxTries > 0) {
      const search = searchFor({ ...candidates, skip }, maxTries, portQuestion)
      const { lease, tries } = takeLease({ ...settings, search })
      if (lease === undefined) {
        if (leases.length === 0) throw noFreePort(tries, settings)
        break
      }
      leases.push(lease)
      skip += tries
      maxTries -= tries
    }
    if (leases.length === count) return leases
  } catch (error) {
    for (const lease of leases) lease.release()
    const { code } = error as Partial<Port4meError>
    if (code !== 'ERR_NO_CANDIDATE' || leases.length === 0) throw error
  }
  for (const lease of leases) lease.release()
  throw new Port4meError(
    'ERR_NO_FREE_PORT',
    `no free port: ${count} leases were asked for, but only ${leases.length} could be made`,
  )
}

/** If `skip` is below this limit, it stays an exact integer when the tries of all leases are added to it. */
const MOST_EXACT = 2 ** 40

/**
 * Returns `skip`. The sequence repeats after one period, so a huge `skip` is replaced by a smaller one that leads to
 * the same candidate.
 */
function withinPeriod({ candidates, engine }: Settings): number {
  const { skip, prepended } = candidates
  if (skip < MOST_EXACT) return skip
  const period = onePeriod({ ...candidates, skip: prepended.length }, engine).length
  return period === 0 ? skip : prepended.length + ((skip - prepended.length) % period)
}

/** Leases the first free candidate. Without a lease, none was free. */
function takeLease(settings: Settings): { lease: PortLease | undefined; tries: number } {
  const held = hold(settings, settings.values.exclusive)
  warnInBundle()
  const port = foundPort(held.pick, settings, false)
  const lease = port === -1 ? undefined : new Lease(port, held, settings.portQuestion)
  return { lease, tries: triesOf(held.pick) }
}

/**
 * Whether a server can bind a port while it is held: see AdmitServers() in native/system/socket_linux.cc.
 * @internal
 */
export const SERVERS_BIND_HELD_PORTS =
  process.platform === 'linux' || process.platform === 'android'

/** The lease of a port that is held. @internal */
export function leaseOf(port: number, hold: Hold, portQuestion: PortQuestion): PortLease {
  return new Lease(port, hold, portQuestion)
}

class Lease implements PortLease {
  readonly port: number
  readonly #hold: Hold
  readonly #portQuestion: PortQuestion
  #isHandedOver = false
  #isReleased = false

  constructor(port: number, hold: Hold, portQuestion: PortQuestion) {
    this.port = port
    this.#hold = hold
    this.#portQuestion = portQuestion
  }

  get released(): boolean {
    return this.#isReleased || this.#hold.isOver
  }

  async listen<Server extends Listenable>(
    server: Server,
    options: ListenOptions = {},
  ): Promise<ListenResult<Server>> {
    if (this.#isHandedOver || this.released) {
      throw new Port4meError(
        'ERR_LEASE_RELEASED',
        `the lease of port ${this.port} is over: ${this.#whyOver()}`,
      )
    }
    this.#isHandedOver = true
    try {
      const read = readListenOptions(server, options)
      if ((this.#portQuestion.question & Ask.TCP) === 0) {
        throw new Port4meError(
          'ERR_INVALID_ARG_VALUE',
          `a server needs TCP, but port ${this.port} is leased for UDP only`,
        )
      }
      const handOver = new HandOver(server, this.#hold, this.#address(read.host), read)
      return (await handOver.run()) as ListenResult<Server>
    } finally {
      this.#isReleased = true
      this.#hold.release()
    }
  }

  release(): void {
    this.#isReleased = true
    // While listen() hands the port over, the hold must stay. listen() releases it at its end.
    if (!this.#isHandedOver) this.#hold.release()
  }

  [Symbol.dispose](): void {
    this.release()
  }

  #whyOver(): string {
    if (this.#isHandedOver) return 'a server was given the port'
    return this.#isReleased ? 'it was released' : 'the thread that held the port has ended'
  }

  #address(host: string | undefined): ListenAddress {
    const { port } = this
    const { question, host: ownHost } = this.#portQuestion
    if (host !== undefined || ownHost !== '') return { port, host: host ?? ownHost }
    if ((question & Ask.IPV6) === 0) return { port, host: '0.0.0.0' }
    if ((question & Ask.IPV4) === 0) return { port, host: '::', ipv6Only: true }
    return { port }
  }
}

function readListenOptions(server: Listenable, options: ListenOptions): ListenOptions {
  if (typeof server?.listen !== 'function') {
    throw new Port4meError(
      'ERR_INVALID_ARG_TYPE',
      `server must have a function listen(), but is ${quote(server)}`,
    )
  }
  checkNames(options, ['host', 'backlog', 'signal'])
  const { backlog, host, signal } = options
  if (backlog !== undefined) integer(backlog, 'options.backlog', 1, 2 ** 31 - 1)
  if (host !== undefined) nonEmptyText(host, 'options.host')
  if (signal !== undefined) abortSignal(signal, 'options.signal')
  signal?.throwIfAborted()
  return { backlog, host, signal }
}
