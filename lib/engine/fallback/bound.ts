// Binds with net.BoundSocket, which is a socket that is bound and does not listen.

import net, { type AddressInfo, type Server } from 'node:net'
import { bindBy, type Holding, type Sockets } from './bind.js'
import { type Endpoint, IS_LINUX } from './endpoints.js'
import { listenNow } from './listen.js'
import { bindUdp, holdUdp } from './udp.js'

/**
 * The part of net.BoundSocket that is used here: https://nodejs.org/api/net.html#class-netboundsocket. The constructor
 * binds the socket, or throws the error of the bind. On POSIX the socket has SO_REUSEADDR.
 */
interface BoundSocket {
  address(): AddressInfo
  close(): void
}

type Place =
  | { readonly host: string; readonly port: number; readonly ipv6Only: boolean }
  | { readonly path: string }

const { BoundSocket } = net as typeof net & {
  readonly BoundSocket?: new (place: Place) => BoundSocket
}

/**
 * Whether Node.js has bound sockets that can also bind abstract Unix names, which are the locks on Linux. It has them
 * since 24.20 and 26.7. Earlier bound sockets have no `isPipe` and ignore `path`. On Android they refuse abstract
 * names.
 */
export const HAS_BOUND_SOCKETS =
  BoundSocket !== undefined && 'isPipe' in BoundSocket.prototype && process.platform !== 'android'

export const boundSockets: Sockets = {
  areImmediate: true,

  bind(endpoint, port) {
    if (endpoint.protocol === 'udp') return bindUdp(endpoint, port)
    return bindBy(() => {
      const socket = openTcp(endpoint, port)
      const { port: own } = socket.address()
      socket.close()
      return own
    })
  },

  bindName: (path) =>
    bindBy(() => {
      open({ path }).close()
      return 0
    }),

  hold(endpoint, port, exclusive, held) {
    if (endpoint.protocol === 'udp') return holdUdp(endpoint, port, exclusive, held)
    return bindBy(() => {
      held.push(new HeldTcp(endpoint, port, exclusive))
      return port
    })
  },

  holdName: (path, held) =>
    bindBy(() => {
      held.push(listenOn(open({ path })))
      return 0
    }),
}

/** A TCP socket that holds a port until a server gets the socket. */
export class HeldTcp implements Holding {
  readonly #endpoint: Endpoint
  readonly #port: number
  /** On Linux an exclusive hold listens, because otherwise a server with SO_REUSEADDR could bind the port too. */
  #socket: BoundSocket | Server | undefined

  constructor(endpoint: Endpoint, port: number, exclusive: boolean) {
    this.#endpoint = endpoint
    this.#port = port
    const socket = openTcp(endpoint, port)
    this.#socket = exclusive && IS_LINUX ? listenOn(socket) : socket
  }

  /** Gives the socket to a server. This implements Hold.takeServer() of binding.d.ts. */
  giveServer(backlog: number): Server | undefined {
    const socket = this.#socket
    if (socket === undefined || socket instanceof net.Server) {
      this.#socket = undefined
      return socket?.ref()
    }
    // If listen() fails, it closes its socket. On Linux a second socket keeps the port for the next try. Elsewhere the
    // port is then not held any more.
    if (IS_LINUX) {
      try {
        this.#socket = openTcp(this.#endpoint, this.#port)
      } catch {
        return undefined // another program listens; the caller binds the port by its number and gets the error
      }
    } else {
      this.#socket = undefined
    }
    return net.createServer().listen(socket, backlog)
  }

  close(): void {
    this.#socket?.close()
    this.#socket = undefined
  }
}

function openTcp({ address: host, ipv4, everywhere }: Endpoint, port: number): BoundSocket {
  try {
    return open({ host, port, ipv6Only: !ipv4 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (!everywhere || code !== 'EAFNOSUPPORT') throw error
    return open({ host: '0.0.0.0', port, ipv6Only: false }) // the system has no IPv6
  }
}

function open(place: Place): BoundSocket {
  if (BoundSocket === undefined) throw new Error('no net.BoundSocket')
  return new BoundSocket(place)
}

/** Makes a socket listen, or throws the error. */
function listenOn(socket: BoundSocket): Server {
  const server = listenNow(socket)
  if (server instanceof net.Server) return server
  throw server.error ?? new Error('listen() failed')
}
