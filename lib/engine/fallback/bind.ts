// The results of a bind, and the interface that bound.ts and listening.ts implement.

import type { Endpoint, Protocol } from './endpoints.js'
import type { Look } from './lock.js'

/**
 * The result of a step. `denied`: a privilege is missing, or a policy forbids the bind. `absent`: the system does not
 * have the family, or the machine does not have the address.
 */
export type Bind =
  | { readonly is: 'bound'; readonly port: number }
  | { readonly is: 'in-use' }
  | { readonly is: 'denied' | 'absent'; readonly error: NodeJS.ErrnoException }
  | { readonly is: Look }
  | { readonly is: 'waited' }

/** The result of a step that may need the event loop. */
export type Binding = Bind | Promise<Bind>

/**
 * A step. With an endpoint it binds a port and releases it at once. With a protocol it looks at the lock of a port.
 * `wait` waits before such a step is repeated. `hold` holds something.
 */
export type Step =
  | readonly [what: Endpoint | Protocol, port: number]
  | readonly [what: 'wait', milliseconds: number]
  | readonly [what: 'hold', hold: () => Binding]

/** A socket, or anything else that holds a port until it is closed. */
export interface Holding {
  close(): unknown
}

/** Closes everything in the list, the last element first, and empties the list. */
export function closeAll(held: Holding[]): void {
  for (const holding of held.splice(0).toReversed()) holding.close()
}

/** A way to bind. If the error of a bind says nothing about the port, each function throws it or rejects with it. */
export interface Sockets {
  /** Whether no function returns a promise. */
  readonly areImmediate: boolean

  /** Binds an endpoint, and releases it at once. */
  bind(endpoint: Endpoint, port: number): Binding

  /** Binds the name of a Unix socket, and releases it at once. */
  bindName(path: string): Bind

  /** Binds an endpoint, and adds the sockets to `held`. After a failure the caller closes what was added. */
  hold(endpoint: Endpoint, port: number, exclusive: boolean, held: Holding[]): Binding

  /** Listens on the name of a Unix socket. A program that connects to the name sees that it is held. */
  holdName(path: string, held: Holding[]): Binding
}

/** Returns what the error of a bind says about the port. Throws the error if it says nothing about the port. */
export function refused(error: NodeJS.ErrnoException): Bind {
  switch (error.code) {
    case 'EADDRINUSE':
      return { is: 'in-use' }
    case 'EACCES':
    case 'EPERM':
      return { is: 'denied', error }
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
      return { is: 'absent', error }
    default:
      throw error
  }
}

/** Returns the result of a bind. `binding` returns the port, or throws the error of the bind. */
export function bindBy(binding: () => number): Bind {
  try {
    return { is: 'bound', port: binding() }
  } catch (error) {
    return refused(error as NodeJS.ErrnoException)
  }
}
