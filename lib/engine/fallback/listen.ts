// Makes a server listen at once, or finds out why it cannot.

import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createServer, type Server } from 'node:net'

/** On this channel Node.js reports at once that listen() failed. The channel exists since 22.3 and 20.17. */
const LISTEN_ERRORS = 'tracing:net.server.listen:error'

/** A listen() that failed. `error` is undefined if Node.js does not report it at once. */
export interface Failed {
  readonly error: NodeJS.ErrnoException | undefined
}

/**
 * Returns a server that listens and does not keep the process alive. It closes every connection, because a client only
 * looks at a lock, or mistakes this server for a real one.
 *
 * @param where what listen() of net.Server binds at once. It is the name of a Unix socket, a net.BoundSocket,
 *   or a port without a host. Such a port is bound on `::` for both families, or on `0.0.0.0` without IPv6.
 */
export function listenNow(where: object): Server | Failed {
  let error: NodeJS.ErrnoException | undefined
  const server = createServer((socket) => socket.destroy())
  const onError = (message: unknown): void => {
    const failed = message as { readonly server: Server; readonly error: NodeJS.ErrnoException }
    if (failed.server === server) error = failed.error
  }
  server.on('error', () => {}) // without a listener an error of accept(2) would end the process
  subscribe(LISTEN_ERRORS, onError)
  try {
    server.listen(where)
  } finally {
    unsubscribe(LISTEN_ERRORS, onError)
  }
  return server.listening ? server.unref() : { error }
}
