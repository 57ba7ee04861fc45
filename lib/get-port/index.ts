// A drop-in for the package get-port, version 7: its options and behaviour, on this package's probe.
// (What users read of these functions is in the d.mts and d.cts beside.)

import { currentEngine } from '../engine/engine.js'
import { Port4meError, quote } from '../errors.js'
import { readQuestion } from '../settings/question.js'

/** Options of {@link getPort}. */
export type Options = {
  /** A port to prefer, or an iterable of ports to prefer in order. */
  readonly port?: number | Iterable<number> | undefined
  /** Ports never to return. */
  readonly exclude?: Iterable<number> | undefined
  /**
   * Keep the port from being returned again for as long as the process lives, and not just for 15 to
   * 30 seconds. Default: false.
   */
  readonly reserve?: boolean | undefined
  /**
   * An IP address to ask about, or `'localhost'`; no other name. Default: every address of the
   * machine.
   */
  readonly host?: string | undefined
  /** Ask about IPv6 alone, when `host` is `'::'` or not given. Default: false. */
  readonly ipv6Only?: boolean | undefined
  /** These and those below are options of a server's listen(), as get-port takes them: without effect. */
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

// What was returned in this lock period and in the one before, and what is reserved.
let young = new Set<number>()
let old = new Set<number>()
const reserved = new Set<number>()
let rotation: NodeJS.Timeout | undefined

export default async function getPort(options?: Options): Promise<number> {
  const { port: preferred, exclude, reserve, host, ipv6Only } = options ?? {}
  const excluded = readExcluded(exclude)
  const { question, host: where } = readQuestion((option) => {
    if (option === 'host' && host) return { value: host, source: 'options.host' }
    const isIpv6Alone = option === 'family' && ipv6Only && (!host || host === '::')
    return isIpv6Alone ? { value: 'ipv6', source: 'options.ipv6Only' } : undefined
  }, 'tcp')
  startRotation()

  const engine = currentEngine()
  const give = (port: number): number => {
    if (reserve) reserved.add(port)
    else young.add(port)
    return port
  }
  for (const port of readPreferred(preferred)) {
    checkPort(port)
    if (port === 0) break // the system's choice
    if (excluded.has(port) || isLocked(port)) continue
    if (engine.isFree(port, question, where)) return give(port)
  }
  // What the system chooses may be locked or excluded, but not for ever.
  for (let tries = 0; tries < SYSTEM_TRIES; tries++) {
    const port = engine.ephemeralPort(question, where)
    if (port === 0) break
    if (!excluded.has(port) && !isLocked(port) && engine.isFree(port, question, where)) {
      return give(port)
    }
  }
  throw new Port4meError('ERR_NO_FREE_PORT', 'No available ports found')
}

function readPreferred(preferred: unknown): Iterable<number> {
  if (!preferred) return []
  if (typeof preferred === 'number') return [preferred]
  const iterable = preferred as Iterable<number>
  if (typeof iterable === 'object' && typeof iterable[Symbol.iterator] === 'function')
    return iterable
  throw new TypeError(
    `options.port must be a number or an iterable of numbers, not ${quote(preferred)}`,
  )
}

/** As net.Server's listen() does, for callers that know its error. */
function checkPort(port: number): void {
  if (Number.isInteger(port) && port >= 0 && port <= 65535) return
  const error = new RangeError(`options.port must be from 0 to 65535, not ${quote(port)}`)
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
  if (exclude === undefined || exclude === null) return new Set()
  const iterable = exclude as Iterable<unknown>
  if (typeof iterable[Symbol.iterator] !== 'function') {
    throw new TypeError('options.exclude must be an iterable of numbers')
  }
  const ports = new Set<number>()
  for (const port of iterable) {
    if (!Number.isSafeInteger(port)) {
      throw new TypeError(`options.exclude must hold integer numbers, not ${String(port)}`)
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
