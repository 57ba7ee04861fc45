// Can a TCP port be bound? Asked of public Node.js API alone, synchronously and not.

import { createSocket } from 'node:dgram'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createServer } from 'node:net'

/** What Node.js says of a listen() that fails, at once; since 22.3 and 20.17. */
const LISTEN_ERRORS = 'tracing:net.server.listen:error'

export type Refusal = 'in-use' | 'denied'

/**
 * Undefined when the port is free. listen() without a host binds before it returns, `::` with both
 * families or, where there is no IPv6, `0.0.0.0`; `exclusive` keeps a cluster worker from asking
 * its primary.
 */
export function refusalNow(port: number): Refusal | undefined {
  let failure: NodeJS.ErrnoException | undefined
  const server = createServer()
  const onError = (message: unknown): void => {
    const { server: failed, error } = message as { server: unknown; error: NodeJS.ErrnoException }
    if (failed === server) failure = error
  }
  server.on('error', ignore)
  subscribe(LISTEN_ERRORS, onError)
  try {
    server.listen({ port, exclusive: true })
  } finally {
    unsubscribe(LISTEN_ERRORS, onError)
  }
  const free = server.listening
  server.close(ignore)
  return free ? undefined : refusalOf(failure ?? udpFailure(port))
}

/** As refusalNow(), with what the event loop reports. */
export function refusal(port: number): Promise<Refusal | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', (error) => {
      try {
        resolve(refusalOf(error))
      } catch (systemError) {
        reject(systemError)
      }
    })
    server.listen({ port, exclusive: true }, () => server.close(() => resolve(undefined)))
  })
}

/** What a failed listen() says of the port; throws an error that says nothing of it. */
function refusalOf(error: NodeJS.ErrnoException | undefined): Refusal {
  switch (error?.code) {
    case undefined:
    case 'EADDRINUSE':
      return 'in-use'
    case 'EACCES':
    case 'EPERM':
      return 'denied'
    default:
      throw error
  }
}

/**
 * Why an older Node.js cannot listen: its error comes only with the next turn of the event loop, but
 * that of a UDP bind comes at once, and privilege and want of descriptors are the same for both.
 * Undefined: neither is at fault, so that the port is in use.
 */
function udpFailure(port: number): NodeJS.ErrnoException | undefined {
  const failure = bindUdp('udp6', '::', port)
  return failure?.code === 'EAFNOSUPPORT' ? bindUdp('udp4', '0.0.0.0', port) : failure
}

function bindUdp(
  type: 'udp4' | 'udp6',
  address: string,
  port: number,
): NodeJS.ErrnoException | undefined {
  const failures: NodeJS.ErrnoException[] = []
  // A lookup that answers at once makes bind() answer at once.
  const socket = createSocket({ type, lookup: (_host, _options, done) => done(null, address, 0) })
  socket.on('error', (error) => failures.push(error))
  socket.bind({ port, address, exclusive: true })
  socket.close()
  return failures[0]
}

function ignore(): void {}
