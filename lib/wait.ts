// Waits until something accepts connections on a port, or until the port is free.

import type { Socket } from 'node:net'
import { statusesOf } from './availability.js'
import { builtin } from './builtin.js'
import { probeAsync } from './engine/questions.js'
import { asSystemError, Port4meError, quote } from './errors.js'
import { readQuestion } from './settings/question.js'
import { abortSignal, boolean, checkNames, integer, nonEmptyText } from './settings/values.js'
import { clearTimeout, setTimeout } from './timers.js'
import type { PortStatus, WaitOptions } from './types.js'

const FIRST_PAUSE_MS = 2
const LONGEST_PAUSE_MS = 100
/** A connection that has no answer after this time is given up, and tried again. */
const PATIENCE_MS = 1000

/**
 * Waits until something accepts TCP connections on a port, or with `free: true` until a TCP server could listen there.
 * It tries at once, then after 2 ms, and then less often, up to ten times a second. The connection that succeeds is
 * closed at once. The promise keeps the process alive until it settles; nothing is left running after that.
 *
 * A refused connection, an unreachable network and an address that the machine does not have may change, so these are
 * tried again. A connection without an answer is given up after a second and tried again.
 *
 * @param port from 1 to 65535
 * @param options where to connect, or to wait until the port is free; and how long
 * @returns a promise that resolves when the port is as wanted
 * @throws {Port4meError} the promise rejects with `ERR_TIMEOUT` when the time is over; with `ERR_SYSTEM` at once if
 *   waiting does not help: the host is not found, no file descriptor is left, a permission is missing, or the system
 *   denies the port; with `ERR_OUT_OF_RANGE`, `ERR_INVALID_ARG_TYPE` or `ERR_INVALID_ARG_VALUE` for a wrong argument.
 *   If `signal` is aborted it rejects with the reason of the signal
 *
 * @example
 * const port = port4me()
 * const server = http.createServer().listen(port) // or a process that a test has started
 * await waitForPort(port, { timeout: 10_000 })
 * server.close()
 */
export async function waitForPort(port: number, options: WaitOptions = {}): Promise<void> {
  checkNames(options, ['host', 'free', 'timeout', 'signal'])
  const { free, timeout, signal } = options
  integer(port, 'port', 1, 65535)
  if (free !== undefined) boolean(free, 'options.free')
  if (timeout !== undefined) integer(timeout, 'options.timeout', 1, 2 ** 31 - 1)
  if (signal !== undefined) abortSignal(signal, 'options.signal')
  await waitUntil(port, options, (option) => `options.${option}`)
}

/**
 * Does what waitForPort() does, for the programs. Errors call the host by the name that `nameOf` returns.
 * @internal
 */
export async function waitUntil(
  port: number,
  { host, free = false, timeout, signal }: WaitOptions,
  nameOf: (option: 'host') => string,
): Promise<void> {
  const attempt = free ? freeAttempt(port, host, nameOf) : openAttempt(port, host, nameOf)
  signal?.throwIfAborted()
  const outcome = await repeat(attempt, timeout, signal)
  if (outcome.end === 'aborted') signal?.throwIfAborted()
  if (outcome.end === 'failed') throw asSystemError(outcome.error)
  if (outcome.end !== 'late') return
  const where = host === undefined ? '' : ` of ${quote(host)}`
  const wanted = free ? 'is not free' : 'accepts no connections'
  throw new Port4meError(
    'ERR_TIMEOUT',
    `port ${port}${where} ${wanted} after ${Number(timeout) / 1000} s: ${outcome.last}`,
  )
}

/** Why an attempt failed. */
interface Failure {
  readonly message: string
  /** Set if it is of no use to try again. */
  readonly error?: unknown
}

/** Starts an attempt, which calls `done` once, with its failure if it failed. Returns a function that cancels it. */
type Attempt = (done: (failure?: Failure) => void) => () => void

type Outcome =
  | { readonly end: 'reached' | 'aborted' }
  | { readonly end: 'late'; readonly last: string }
  | { readonly end: 'failed'; readonly error: unknown }

/** Repeats an attempt until it succeeds, fails for good, or is late or aborted. */
function repeat(
  attempt: Attempt,
  timeout: number | undefined,
  signal: WaitOptions['signal'],
): Promise<Outcome> {
  return new Promise((resolve) => {
    let last = 'there was no answer'
    let pause = FIRST_PAUSE_MS
    let cancel = (): void => {}
    const abort = (): void => settle({ end: 'aborted' })
    const deadline =
      timeout === undefined ? undefined : setTimeout(() => settle({ end: 'late', last }), timeout)
    signal?.addEventListener('abort', abort)
    next()

    function next(): void {
      try {
        cancel = attempt(judge)
      } catch (error) {
        settle({ end: 'failed', error }) // Deno: a permission is missing
      }
    }

    function judge(failure?: Failure): void {
      if (failure === undefined) settle({ end: 'reached' })
      else if (failure.error !== undefined) settle({ end: 'failed', error: failure.error })
      else {
        last = failure.message
        const timer = setTimeout(next, pause)
        cancel = () => clearTimeout(timer)
        pause = Math.min(pause * 2, LONGEST_PAUSE_MS)
      }
    }

    function settle(outcome: Outcome): void {
      cancel()
      clearTimeout(deadline)
      signal?.removeEventListener('abort', abort)
      resolve(outcome)
    }
  })
}

/** Binds the port. */
function freeAttempt(
  port: number,
  host: string | undefined,
  nameOf: (option: 'host') => string,
): Attempt {
  const ports = Uint16Array.of(port)
  const question = readQuestion(
    (option) =>
      option === 'host' && host !== undefined ? { value: host, source: nameOf(option) } : undefined,
    'tcp',
  )
  return (done) => {
    let isCancelled = false
    const report = (failure?: Failure): void => {
      if (!isCancelled) done(failure)
    }
    probeAsync(ports, question).then(
      (verdicts) => {
        const [status] = statusesOf(ports, verdicts)
        report(status && failureOf(status))
      },
      (error) => report({ message: '', error }),
    )
    return () => {
      isCancelled = true
    }
  }
}

function failureOf({ port, free, reason, family }: PortStatus): Failure | undefined {
  if (free) return undefined
  if (reason === 'denied') {
    const message = `the system denies port ${port}: it needs privileges, or a policy reserves it`
    return { message, error: new Port4meError('ERR_SYSTEM', message) }
  }
  const where = { ipv4: 'IPv4', ipv6: 'IPv6', both: 'IPv4 and IPv6' }[family ?? 'both']
  return { message: `it is ${reason === 'leased' ? 'leased' : 'in use'}, on ${where}` }
}

const BOTH_LOOPBACKS = ['127.0.0.1', '::1']
/** The addresses to connect to for some hosts. A server that listens on a wildcard is reached by the loopback. */
const ADDRESSES: ReadonlyMap<string, readonly string[]> = new Map([
  ['localhost', BOTH_LOOPBACKS],
  ['::', BOTH_LOOPBACKS],
  ['0.0.0.0', ['127.0.0.1']],
])

/** Connects to the port, at all addresses of the host at the same time. One of them is enough. */
function openAttempt(
  port: number,
  host: string | undefined,
  nameOf: (option: 'host') => string,
): Attempt {
  const name = nonEmptyText(host === undefined ? 'localhost' : host, nameOf('host'))
  const known =
    ADDRESSES.get(name.toLowerCase()) ?? (builtin('node:net').isIP(name) === 0 ? undefined : [name])
  if (known !== undefined) return (done) => connectToAny(known, port, done)
  return (done) => {
    let cancel: (() => void) | undefined
    let isCancelled = false
    builtin('node:dns').lookup(name, { all: true }, (error, found) => {
      if (isCancelled) return
      if (error !== null) done(asFailure(error))
      else
        cancel = connectToAny(
          found.map(({ address }) => address),
          port,
          done,
        )
    })
    return () => {
      isCancelled = true
      cancel?.()
    }
  }
}

function connectToAny(
  addresses: readonly string[],
  port: number,
  done: (failure?: Failure) => void,
): () => void {
  const failures = new Map<string, Failure>()
  const cancels = addresses.map((address) =>
    connect(address, port, (failure) => {
      if (failure !== undefined) failures.set(address, failure)
      if (failure !== undefined && failures.size < addresses.length) return
      cancel()
      // In the order of the addresses. One that may still change counts more than one that does not.
      const all = addresses.flatMap((one) => failures.get(one) ?? [])
      done(failure && (all.find(({ error }) => error === undefined) ?? all[0]))
    }),
  )
  function cancel(): void {
    for (const one of cancels) one()
  }
  return cancel
}

/** Connects to one address, and closes the connection. Returns a function that cancels it. */
function connect(address: string, port: number, done: (failure?: Failure) => void): () => void {
  let isOver = false
  const socket = builtin('node:net').connect({ host: address, port })
  const patience = setTimeout(
    () => end({ message: `connect to ${address}:${port}: no answer within ${PATIENCE_MS} ms` }),
    PATIENCE_MS,
  )
  socket.on('error', (error) => end(asFailure(error)))
  socket.on('connect', () => {
    if (socket.localPort === port && socket.localAddress === socket.remoteAddress) {
      // The system chose this very port for the connection, so it was connected to itself: RFC 9293, 3.5,
      // "simultaneous open". Nobody listens.
      end({ message: `connect ECONNREFUSED ${address}:${port}` })
    } else {
      hangUp(socket)
      end()
    }
  })
  return cancel

  function cancel(): void {
    isOver = true
    clearTimeout(patience)
    if (!socket.writableEnded) socket.destroy()
  }

  function end(failure?: Failure): void {
    if (isOver) return
    cancel()
    done(failure)
  }
}

/**
 * Closes a connection in the usual way: with FIN, and not with RST, which a server may log as an error. What the server
 * sends is read, because close(2) sends RST if something is unread: RFC 2525, 2.17. A server that does not close its
 * side has a second. The process need not live for this.
 */
function hangUp(socket: Socket): void {
  socket.unref()
  socket.resume()
  socket.end()
  const timer = setTimeout(() => socket.destroy(), PATIENCE_MS)
  timer.unref()
  socket.on('close', () => clearTimeout(timer))
}

/**
 * The failures that may change: nobody listens yet, the network or the machine is not up yet, or an address or a name
 * server is missing for a moment. The others say that something is wrong here: connect(2), getaddrinfo(3).
 */
const MAY_CHANGE = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'ETIMEDOUT', 'EPIPE', 'EADDRNOTAVAIL'],
  ...['EHOSTUNREACH', 'EHOSTDOWN', 'ENETUNREACH', 'ENETDOWN', 'EAI_AGAIN'],
])

function asFailure(error: NodeJS.ErrnoException): Failure {
  const { code = '', message } = error
  return MAY_CHANGE.has(code) ? { message } : { message, error }
}
