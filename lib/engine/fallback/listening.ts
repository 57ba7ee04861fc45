// Binds with servers that listen and with connections. This is used if Node.js has no net.BoundSocket. It needs the
// event loop to bind a given address and to hold a port.

import { once } from 'node:events'
import {
  type AddressInfo,
  connect,
  createServer,
  type ListenOptions,
  Server,
  type Socket,
} from 'node:net'
import { nextTurn } from '../../timers.js'
import { type Bind, closeAll, type Holding, refused, type Sockets } from './bind.js'
import { type Endpoint, IS_LINUX } from './endpoints.js'
import { listenNow } from './listen.js'
import { bindUdp, holdUdp } from './udp.js'

export const listeningSockets: Sockets = {
  areImmediate: false,
  bind: (endpoint, port) =>
    peers.size === 0 ? bind(endpoint, port) : leaveToOthers(port).then(() => bind(endpoint, port)),
  bindName: (path) => bindNow({ path }),
  hold,
  holdName: (path, held) => holdBy(() => listen({ path, exclusive: true }, held), 0),
}

/** Whether bind() returns no promise. This is so for UDP, and for TCP if listen() needs no host. */
export function bindsAtOnce({ protocol, everywhere }: Endpoint): boolean {
  return protocol === 'udp' || everywhere
}

let lastListen: Promise<unknown> = Promise.resolve()

function bind(endpoint: Endpoint, port: number): Bind | Promise<Bind> {
  if (endpoint.protocol === 'udp') return bindUdp(endpoint, port)
  if (endpoint.everywhere) return bindNow({ port })
  // Such a bind keeps its port until the next turn of the event loop. So these binds run one after another. Otherwise
  // two calls at the same time would mistake each other for a server.
  const mine = lastListen.then(() => bindLater(endpoint, port))
  lastListen = mine.catch(ignore)
  return mine
}

function bindNow(where: { readonly port: number } | { readonly path: string }): Bind {
  const { port = 0 } = where as { port?: number }
  // Without `exclusive` a cluster worker would let its primary process bind.
  const server = listenNow({ ...where, exclusive: true })
  if (!(server instanceof Server)) {
    return server.error === undefined ? refusedLikeUdp(port) : refused(server.error)
  }
  // The server closes as soon as possible, because until then every other probe finds the port in use.
  const bound = port === 0 ? boundTo(server) : ({ is: 'bound', port } as const)
  server.close()
  return bound
}

function bindLater({ address: host, ipv4 }: Endpoint, port: number): Promise<Bind> {
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

/**
 * Finds out why listen() failed on an older Node.js, which reports the error only in the next turn of the event loop. A
 * UDP bind reports its error at once. It fails like listen() if a privilege is missing or if no descriptor is left.
 * If it does not fail for one of these two reasons, the TCP port is in use.
 */
function refusedLikeUdp(port: number): Bind {
  const likeUdp = bindUdp({ address: '0.0.0.0', ipv6: false }, port)
  return likeUdp.is === 'denied' ? likeUdp : { is: 'in-use' }
}

function boundTo(server: Server): Bind {
  const address = server.address()
  return { is: 'bound', port: typeof address === 'object' && address !== null ? address.port : 0 }
}

async function hold(
  endpoint: Endpoint,
  port: number,
  exclusive: boolean,
  held: Holding[],
): Promise<Bind> {
  const { protocol, address, ipv4, optional } = endpoint
  if (protocol === 'udp') return holdUdp(endpoint, port, exclusive, held)
  if (!IS_LINUX || exclusive) {
    const where = { host: address, port, ipv6Only: !ipv4, exclusive: true }
    return await holdBy(() => listen(where, held), port)
  }
  const loopback = LOOPBACK[address]
  if (loopback === undefined) return await holdByConnection(address, port, held)
  const bind = await holdByConnection(loopback, port, held)
  if (bind.is !== 'absent' || optional) return bind
  // The wildcard can be bound, but its loopback does not exist (net.ipv6.conf.lo.disable_ipv6). A connection on the
  // IPv4 loopback keeps the port from programs that want both families. If it fails, another program already does that.
  await holdByConnection('127.0.0.1', port, held)
  return { is: 'bound', port }
}

async function holdBy(binding: () => Promise<unknown>, port: number): Promise<Bind> {
  try {
    await binding()
    return { is: 'bound', port }
  } catch (error) {
    return refused(error as NodeJS.ErrnoException)
  }
}

/** The loopback of each wildcard. A wildcard is held there, because a connection needs a specific address. */
const LOOPBACK: Readonly<Record<string, string>> = { '::': '::1', '0.0.0.0': '127.0.0.1' }

/**
 * On Linux a TCP port is held by a connection that comes from this port. A socket that listens would not do, because no
 * server could bind the port beside it. The connection keeps out other connections and probes, and the system does not
 * choose the port. But a server on any address can bind it: the server has SO_REUSEADDR, and so has this socket,
 * because libuv sets it.
 */
async function holdByConnection(address: string, port: number, held: Holding[]): Promise<Bind> {
  let peer: number
  try {
    peer = await peerOn(address, held)
  } catch (error) {
    // The error says nothing about the port, but perhaps it says that the address does not exist.
    const failed = refused(error as NodeJS.ErrnoException)
    if (failed.is === 'absent') return failed
    throw error
  }
  const bind = await holdBy(() => connectFrom(address, port, peer, held), port)
  // A policy refuses the connection, not the port: the port was bound a moment ago.
  if (bind.is === 'denied') throw bind.error
  return bind
}

async function listen(options: ListenOptions, held: Holding[]): Promise<Server> {
  // Every connection is closed, because a client only looks at a lock, or mistakes the holder for a server.
  const server = createServer((socket) => socket.destroy())
  held.push(server)
  server.listen(options)
  await once(server, 'listening')
  return server
}

async function connectFrom(
  address: string,
  port: number,
  peer: number,
  held: Holding[],
): Promise<void> {
  const socket: Socket = connect({
    host: address,
    port: peer,
    localAddress: address,
    localPort: port,
    allowHalfOpen: true, // the other end closes at once
  })
  socket.on('error', ignore)
  // After a reset no socket stays in TIME_WAIT.
  held.push({
    close: () => (socket.connecting ? socket.destroy() : socket.resetAndDestroy()),
  })
  await once(socket, 'connect')
}

/** The server to which the connections of held ports are made. It is needed only while they are made. */
interface Peer {
  readonly port: Promise<number>
  users: number
  readonly servers: Holding[]
}

/** The peers, one for each address that has held ports. */
const peers = new Map<string, Peer>()

async function peerOn(address: string, held: Holding[]): Promise<number> {
  let peer = peers.get(address)
  if (peer === undefined) {
    const servers: Holding[] = []
    const server = listen({ host: address, port: 0, exclusive: true }, servers)
    const port = server.then((listening) => (listening.address() as AddressInfo).port)
    peer = { port, users: 0, servers }
    peers.set(address, peer)
  }
  const used = peer
  used.users++
  held.push({
    close() {
      used.users--
      if (used.users === 0) dropPeer(address, used)
    },
  })
  return await used.port
}

function dropPeer(address: string, peer: Peer): void {
  closeAll(peer.servers)
  if (peers.get(address) === peer) peers.delete(address)
}

/** Closes a peer if the system has chosen just this port for it, so that the port can be bound. */
async function leaveToOthers(port: number): Promise<void> {
  for (const [address, peer] of peers) {
    if ((await peer.port.catch(ignore)) !== port) continue
    // After two turns of the event loop new connections are accepted. Before that they would be reset.
    await nextTurn()
    await nextTurn()
    dropPeer(address, peer)
  }
}

function ignore(): void {}
