// What a bind can find, and the interface that bound.ts and listening.ts implement.

import type { Endpoint, Protocol } from './endpoints.js'
import type { Look } from './lock.js'

/**
 * What became of a step. `denied`: for want of privilege, or by a policy. `absent`: the system lacks the
 * family, or the address is not this machine's.
 */
export type Bind =
  | { readonly is: 'bound'; readonly port: number }
  | { readonly is: 'in-use' }
  | { readonly is: 'denied' | 'absent'; readonly error: NodeJS.ErrnoException }
  | { readonly is: Look }
  | { readonly is: 'waited' }

/** What became of a step that may need the event loop. */
export type Binding = Bind | Promise<Bind>

/**
 * To bind an endpoint and let go; to look at the lock of a protocol; to wait, before one of these is done
 * again; or to hold something.
 */
export type Step =
  | readonly [what: Endpoint | Protocol, port: number]
  | readonly [what: 'wait', milliseconds: number]
  | readonly [what: 'hold', hold: () => Binding]

/** A socket, or anything else that holds a port until it is closed. */
export interface Holding {
  close(): unknown
}

/** Closes the last first, and each once. */
export function closeAll(held: Holding[]): void {
  for (const holding of held.splice(0).toReversed()) holding.close()
}

/** A way to bind. If an error says nothing about the port, each function throws it or rejects with it. */
export interface Sockets {
  /** Whether no function returns a promise. */
  readonly areImmediate: boolean

  /** Binds an endpoint, and lets it go. */
  bind(endpoint: Endpoint, port: number): Binding

  /** Binds the name of a Unix socket, and lets it go. */
  bindName(path: string): Bind

  /** Binds an endpoint, and adds the sockets to `held`. After a failure the caller closes what was added. */
  hold(endpoint: Endpoint, port: number, exclusive: boolean, held: Holding[]): Binding

  /** Listens on the name of a Unix socket: whoever connects to it sees that it is held. */
  holdName(path: string, held: Holding[]): Binding
}

/** What the error of a bind says of the port. Throws one that says nothing of it. */
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

/** What became of a bind. `binding` returns the port, or throws the error of the bind. */
export function bindBy(binding: () => number): Bind {
  try {
    return { is: 'bound', port: binding() }
  } catch (error) {
    return refused(error as NodeJS.ErrnoException)
  }
}
