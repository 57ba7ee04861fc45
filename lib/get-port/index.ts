// A drop-in replacement for the package get-port, version 7. It has the same options and behaviour, but uses the
// probe of this package. (Users read the doc comments in get-port.d.mts and get-port.d.cts.)

import { builtin } from '../builtin.js'
import { currentEngine } from '../engine/engine.js'
import { asSystemError, Port4meError, quote } from '../errors.js'
import { readQuestion } from '../settings/question.js'

/** Options of `getPort()`. */
export type Options = {
  /** A preferred port, or an iterable of preferred ports in order. Texts such as `'3000'` are accepted. */
  readonly port?: number | Iterable<number> | undefined
  /** Ports that are never returned. Default: none. `false` means none, too. */
  readonly exclude?: Iterable<number> | undefined
  /**
   * Do not return the port again as long as the process lives, instead of for 15 to 30 seconds. Default: false.
   */
  readonly reserve?: boolean | undefined
  /**
   * The address on which the port must be free: an IP address, `'localhost'` for both loopbacks, or another name,
   * which is looked up in the same way as by listen() of a server. Default: every address of the machine.
   */
  readonly host?: string | undefined
  /** Whether to ask only about IPv6, when `host` is `'::'` or not set. Default: false. */
  readonly ipv6Only?: boolean | undefined
  /** This and the options below are accepted as in get-port, but have no effect. */
  readonly path?: string | undefined
  readonly backlog?: number | undefined
  readonly exclusive?: boolean | undefined
  readonly readableAll?: boolean | undefined
  readonly writableAll?: boolean | undefined
  readonly reusePort?: boolean | undefined
  readonly signal?: object | undefined
}

const LOCK_MS = 15_000
const SYSTEM_TRIES = 1000

// The ports that were returned in this lock period, those of the period before, and the reserved ones.
let young = new Set<number>()
let old = new Set<number>()
const reserved = new Set<number>()
let rotation: NodeJS.Timeout | undefined

export default async function getPort(options?: Options): Promise<number> {
  try {
    return await freePort(options)
  } catch (error) {
    // A failed system call keeps the error of Node.js, as in get-port. A missing permission has one of ours.
    const { syscall } = (error ?? {}) as Partial<NodeJS.ErrnoException>
    throw syscall === undefined ? asSystemError(error) : error
  }
}

async function freePort(options: Options | undefined): Promise<number> {
  const { port: preferred, exclude, reserve, host: name, ipv6Only } = options ?? {}
  const ports = readPreferred(preferred)
  const excluded = readExcluded(exclude)
  const host = name ? await resolve(name) : undefined
  const { question, host: where } = readQuestion((option) => {
    if (option === 'host' && host !== undefined) return { value: host, source: 'options.host' }
    const isIpv6Alone = option === 'family' && ipv6Only && (host === undefined || host === '::')
    return isIpv6Alone ? { value: 'ipv6', source: 'options.ipv6Only' } : undefined
  }, 'tcp')
  startRotation()

  const engine = currentEngine()
  const give = (port: number): number => {
    if (reserve) reserved.add(port)
    else young.add(port)
    return port
  }
  for (const given of ports) {
    const port = portNumber(given)
    if (port === 0) break // the system should choose
    if (excluded.has(port) || isLocked(port)) continue
    if (engine.isFree(port, question, where)) return give(port)
  }
  // The system may choose ports that are locked or excluded, so it is asked several times.
  for (let tries = 0; tries < SYSTEM_TRIES; tries++) {
    const port = engine.ephemeralPort(question, where)
    if (port === 0) break
    if (!excluded.has(port) && !isLocked(port) && engine.isFree(port, question, where)) {
      return give(port)
    }
  }
  throw new Port4meError('ERR_NO_FREE_PORT', 'No available ports found')
}

/** The address of a name that listen() of net.Server would choose: the first one that needs no zone. */
async function resolve(name: string): Promise<string> {
  const { isIP } = builtin('node:net')
  if (name === 'localhost' || isIP(name) !== 0) return name
  const { lookup } = builtin('node:dns/promises')
  const addresses = await lookup(name, { all: true })
  const usable = addresses.find(({ address }) => !/^fe80:/i.test(address)) ?? addresses[0]
  return usable?.address ?? name
}

function readPreferred(preferred: unknown): Iterable<unknown> {
  if (!preferred) return []
  if (typeof preferred === 'number' || typeof preferred === 'string') return [preferred]
  const iterable = preferred as Iterable<unknown>
  if (typeof iterable === 'object' && typeof iterable[Symbol.iterator] === 'function')
    return iterable
  throw new TypeError(
    `options.port must be a number or an iterable of numbers, not ${quote(preferred)}`,
  )
}

/** A port as listen() of net.Server accepts it, with the same errors, because callers may check for these. */
function portNumber(given: unknown): number {
  if (given === undefined || given === null) return 0
  if (typeof given !== 'number' && typeof given !== 'string') {
    const error = new TypeError(`options.port must hold numbers, not ${quote(given)}`)
    throw Object.assign(error, { code: 'ERR_INVALID_ARG_VALUE' })
  }
  const port = typeof given === 'string' && given.trim() === '' ? Number.NaN : Number(given)
  if (Number.isInteger(port) && port >= 0 && port <= 65535) return port
  const error = new RangeError(`options.port must be from 0 to 65535, not ${quote(given)}`)
  throw Object.assign(error, { code: 'ERR_SOCKET_BAD_PORT' })
}

export function portNumbers(from: number, to: number): Iterable<number> {
  if (!Number.isInteger(from) || !Number.isInteger(to)) {
    throw new TypeError('`from` and `to` must be integer numbers')
  }
  for (const [name, port] of Object.entries({ from, to })) {
    if (port < 1024 || port > 65535) {
      throw new RangeError(`\`${name}\` must be from 1024 to 65535, not ${port}`)
    }
  }
  if (from > to) throw new RangeError(`\`to\` must be ${from} or more, not ${to}`)
  return (function* () {
    for (let port = from; port <= to; port++) yield port
  })()
}

export function clearLockedPorts(): void {
  young.clear()
  old.clear()
  reserved.clear()
}

function readExcluded(exclude: unknown): Set<number> {
  if (!exclude) return new Set()
  const iterable = exclude as Iterable<unknown>
  if (typeof iterable[Symbol.iterator] !== 'function') {
    throw new TypeError('options.exclude must be an iterable of numbers')
  }
  const ports = new Set<number>()
  for (const port of iterable) {
    if (!Number.isSafeInteger(port)) {
      throw new TypeError(`options.exclude must hold integer numbers, not ${quote(port)}`)
    }
    ports.add(port as number)
  }
  return ports
}

function isLocked(port: number): boolean {
  return young.has(port) || old.has(port) || reserved.has(port)
}

function startRotation(): void {
  if (rotation !== undefined) return
  rotation = setTimeout(() => {
    rotation = undefined
    old = young
    young = new Set()
  }, LOCK_MS)
  rotation.unref?.()
}
