/**
 * What went wrong, as a code for programs:
 *
 * - `ERR_INVALID_ARG_TYPE`: an argument or option has a wrong type
 * - `ERR_INVALID_ARG_VALUE`: an argument, option or variable has a value that is not allowed
 * - `ERR_OUT_OF_RANGE`: a number is too small, too large or not an integer
 * - `ERR_PORT_SPEC`: a set of ports contains something that is neither a port nor a range of ports
 * - `ERR_NO_USER`: the name of the user is not known
 * - `ERR_NO_ENGINE`: `PORT4ME_ENGINE` is `native`, but no addon loads
 * - `ERR_NO_CANDIDATE`: the settings leave no port to try
 * - `ERR_NO_FREE_PORT`: no port that was tried is free; the message says who has the first one, if that is known
 * - `ERR_INVALID_CONFIG`: `port4me.json`, or `port4me` in `package.json`, has something wrong; the message names it
 * - `ERR_SERVICE_RUNNING`: the service runs already, or another process is about to start it; `port` and `pid` say where
 * - `ERR_LEASE_RELEASED`: listen() was called for a lease that is over, or the server was closed before it
 *   listened
 * - `ERR_TIMEOUT`: the time of waitForPort() is over
 * - `ERR_SYSTEM`: a system call failed in a way that says nothing about the port; `syscall` says which call,
 *   and `errno` how it failed. Or the permissions of the runtime (Deno, Node.js with `--permission`) forbid the
 *   call; the message names the flag that allows it
 */
export type Port4meErrorCode =
  | 'ERR_INVALID_ARG_TYPE'
  | 'ERR_INVALID_ARG_VALUE'
  | 'ERR_OUT_OF_RANGE'
  | 'ERR_PORT_SPEC'
  | 'ERR_NO_USER'
  | 'ERR_NO_ENGINE'
  | 'ERR_NO_CANDIDATE'
  | 'ERR_NO_FREE_PORT'
  | 'ERR_INVALID_CONFIG'
  | 'ERR_SERVICE_RUNNING'
  | 'ERR_LEASE_RELEASED'
  | 'ERR_TIMEOUT'
  | 'ERR_SYSTEM'

/** The error of Node.js for a failed system call. (Not every user has the types of `@types/node`.) */
interface FailedCall extends Error {
  readonly code?: string | undefined
  readonly syscall?: string | undefined
  readonly address?: string | undefined
  readonly port?: number | undefined
}

/**
 * Every error that this package throws. Errors of other code are passed on unchanged: the reason of an aborted
 * signal, and what a server's own listen() throws. `port4me/get-port` also throws the errors of get-port.
 *
 * @example
 * try {
 *   port4me({ include: '8000-8010' })
 * } catch (error) {
 *   if (error instanceof Port4meError && error.code === 'ERR_NO_FREE_PORT') console.error('all taken')
 *   else throw error
 * }
 */
export class Port4meError extends Error {
  override readonly name = 'Port4meError'
  readonly code: Port4meErrorCode
  // These are only declared, so that an error without such a value has no such property.
  /** With `ERR_SYSTEM`: the symbolic name of the system's error, such as `'EMFILE'`. */
  declare readonly errno?: string
  /** With `ERR_SYSTEM`: the system call that failed, such as `'socket'`. */
  declare readonly syscall?: string
  /** With `ERR_SYSTEM`: the IP address that the call was about, if it was about one. */
  declare readonly address?: string
  /** With `ERR_SYSTEM`: the port that the call was about, if it was about one. With `ERR_SERVICE_RUNNING`: its port. */
  declare readonly port?: number
  /** With `ERR_SERVICE_RUNNING`: the process that has the port, if it is known. */
  declare readonly pid?: number

  constructor(code: Port4meErrorCode, message: string, cause?: FailedCall) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    if (cause?.syscall !== undefined) {
      if (cause.code !== undefined) this.errno = cause.code
      this.syscall = cause.syscall
      if (cause.address !== undefined) this.address = cause.address
      if (cause.port !== undefined) this.port = cause.port
    }
  }
}

/**
 * Converts an error of an engine or of Node.js to this package's error. A failed system call becomes
 * `ERR_SYSTEM`, and so does a missing permission of the runtime, whose message names the flag. Other errors are
 * returned unchanged.
 * @internal
 */
export function asSystemError(error: unknown, host = ''): unknown {
  if (error instanceof Port4meError) return error
  const { code, syscall, message = '' } = (error ?? {}) as Partial<NodeJS.ErrnoException>
  if (syscall === undefined && (code === 'ERR_ACCESS_DENIED' || DENO_REFUSES.test(message))) {
    return new Port4meError('ERR_SYSTEM', printable(message), error as NodeJS.ErrnoException)
  }
  if (code === undefined || syscall === undefined) return error
  const where = host === '' || message.includes(host) ? '' : `, for host ${quote(host)}`
  return new Port4meError('ERR_SYSTEM', `${message}${where}`, error as NodeJS.ErrnoException)
}

/** Deno's error has no code (runtime/permissions of its source), so it is known by its text. */
const DENO_REFUSES = /^Requires \w+ access\b.* --allow-\w+/s

/**
 * Any value as an error message quotes it: short, and on one line.
 * @internal
 */
export function quote(value: unknown): string {
  const text = printable(typeof value === 'string' ? JSON.stringify(value) : describe(value))
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}

/**
 * A text from outside, on one line. Control and format characters are escaped, because a terminal would obey
 * them.
 * @internal
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    const escaped = JSON.stringify(character).slice(1, -1)
    if (escaped !== character) return escaped
    return `\\u${character.codePointAt(0)?.toString(16).padStart(4, '0')}`
  })
}

/**
 * Whether a value can be an options object. Instances of built-in classes cannot, for example a promise that
 * was not awaited.
 * @internal
 */
export function isPlainObject(value: unknown): value is object {
  return Object.prototype.toString.call(value) === '[object Object]'
}

function describe(value: unknown): string {
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'function') return 'a function'
  if (Array.isArray(value)) return 'an array'
  if (typeof value !== 'object' || value === null) return String(value)
  return isPlainObject(value) ? 'an object' : Object.prototype.toString.call(value)
}
