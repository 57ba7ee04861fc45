// Can an address be bound? Asked of public Node.js API alone.

import { createSocket, type Socket } from 'node:dgram'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createServer, type ListenOptions, type Server } from 'node:net'
import type { Endpoint, Protocol } from './endpoints.js'
import type { LocksNow, Look } from './lock.js'
import { wait, waitNow } from './wait.js'

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

/** What Node.js says of a listen() that fails, at once; since 22.3 and 20.17. */
const LISTEN_ERRORS = 'tracing:net.server.listen:error'

/** Whether bindNow() can answer: UDP always; TCP only where listen() takes no host. */
export function bindsAtOnce({ protocol, everywhere }: Endpoint): boolean {
  return protocol === 'udp' || everywhere
}

/** To bind an endpoint; to look at the lock of a protocol; or to wait, before either is done again. */
export type Step =
  | readonly [what: Endpoint | Protocol, port: number]
  | readonly [what: 'wait', milliseconds: number]

/** Binds and lets go before it returns. Throws an error that says nothing of the port. */
export function bindNow([what, number]: Step, locks: LocksNow): Bind {
  if (what === 'wait') {
    waitNow(number)
    locks.forget()
    return { is: 'waited' }
  }
  if (typeof what === 'string') return { is: locks.look(what, number) }
  return what.protocol === 'udp' ? bindUdp(what, number) : listenNow({ port: number })
}

let lastListen: Promise<unknown> = Promise.resolve()

/**
 * As bindNow(), for every endpoint. A bind holds its port until the event loop has turned: one comes
 * after the other, so that calls at the same time do not take each other for a server.
 */
export async function bind(step: Step, locks: LocksNow): Promise<Bind> {
  const [what, number] = step
  if (what === 'wait') {
    await wait(number)
    locks.forget()
    return { is: 'waited' }
  }
  if (typeof what === 'string' || bindsAtOnce(what)) return bindNow(step, locks)
  const mine = lastListen.then(() => listen(what, number))
  lastListen = mine.catch(ignore)
  return await mine
}

/**
 * Listens, and lets go before it returns. listen() binds at once when it is given the name of a Unix
 * socket, or a port without a host: then `::` with both families or, where there is no IPv6, `0.0.0.0`.
 * `exclusive` keeps a cluster worker from asking its primary.
 */
export function listenNow(where: { readonly port: number } | { readonly path: string }): Bind {
  const { port = 0 } = where as { port?: number }
  let failure: NodeJS.ErrnoException | undefined
  const server = createServer()
  const onError = (message: unknown): void => {
    const { server: failed, error } = message as { server: Server; error: NodeJS.ErrnoException }
    if (failed === server) failure = error
  }
  server.on('error', ignore)
  subscribe(LISTEN_ERRORS, onError)
  try {
    server.listen({ ...where, exclusive: true })
    // No longer than it must: meanwhile whoever asks about the port finds it in use.
    if (server.listening) {
      const bound = port === 0 ? boundTo(server) : ({ is: 'bound', port } as const)
      server.close(ignore)
      return bound
    }
  } finally {
    unsubscribe(LISTEN_ERRORS, onError)
  }
  return failure === undefined ? refusedLikeUdp(port) : refused(failure)
}

function listen(endpoint: Endpoint, port: number): Promise<Bind> {
  const { address: host, ipv4 } = endpoint
  const options: ListenOptions = { port, host, ipv6Only: !ipv4, exclusive: true }
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', (error) => {
      try {
        resolve(refused(error))
      } catch (systemError) {
        reject(systemError)
      }
    })
    server.listen(options, () => {
      const bound = boundTo(server)
      server.close(() => resolve(bound))
    })
  })
}

function bindUdp({ address, ipv6 }: Pick<Endpoint, 'address' | 'ipv6'>, port: number): Bind {
  const failures: NodeJS.ErrnoException[] = []
  const socket: Socket = createSocket({
    type: ipv6 ? 'udp6' : 'udp4',
    ipv6Only: ipv6,
    // An answer at once makes bind() bind, or emit its error, before it returns.
    lookup: (_host, _options, done) => done(null, address, 0),
  })
  socket.on('error', (error) => failures.push(error))
  try {
    socket.bind({ port, address, exclusive: true })
    const [failure] = failures
    return failure === undefined ? { is: 'bound', port: socket.address().port } : refused(failure)
  } finally {
    socket.close()
  }
}

/**
 * Why an older Node.js cannot listen: its error comes only with the next turn of the event loop, but
 * that of a UDP bind comes at once, and privilege and want of descriptors are the same for both. When
 * neither is at fault, the port is in use.
 */
function refusedLikeUdp(port: number): Bind {
  const likeUdp = bindUdp({ address: '0.0.0.0', ipv6: false }, port)
  return likeUdp.is === 'denied' ? likeUdp : { is: 'in-use' }
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

function boundTo(server: Server): Bind {
  const address = server.address()
  return { is: 'bound', port: typeof address === 'object' && address !== null ? address.port : 0 }
}

function ignore(): void {}
