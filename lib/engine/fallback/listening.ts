// Binds with servers that listen and with connections, where Node.js has no net.BoundSocket. To bind a given
// address, or to hold, it needs the event loop.

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

/** Whether bind() returns no promise: UDP always; TCP only where listen() takes no host. */
export function bindsAtOnce({ protocol, everywhere }: Endpoint): boolean {
  return protocol === 'udp' || everywhere
}

let lastListen: Promise<unknown> = Promise.resolve()

function bind(endpoint: Endpoint, port: number): Bind | Promise<Bind> {
  if (endpoint.protocol === 'udp') return bindUdp(endpoint, port)
  if (endpoint.everywhere) return bindNow({ port })
  // Such a bind holds its port until the event loop has turned: one comes after the other, so that calls
  // at the same time do not take each other for a server.
  const mine = lastListen.then(() => bindLater(endpoint, port))
  lastListen = mine.catch(ignore)
  return mine
}

function bindNow(where: { readonly port: number } | { readonly path: string }): Bind {
  const { port = 0 } = where as { port?: number }
  // `exclusive` keeps a cluster worker from asking its primary.
  const server = listenNow({ ...where, exclusive: true })
  if (!(server instanceof Server)) {
    return server.error === undefined ? refusedLikeUdp(port) : refused(server.error)
  }
  // No longer than it must: meanwhile whoever asks about the port finds it in use.
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
 * Why an older Node.js cannot listen: its error comes only with the next turn of the event loop, but
 * that of a UDP bind comes at once, and privilege and want of descriptors are the same for both. When
 * neither is at fault, the port is in use.
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
  // The wildcard binds, but no address is there: net.ipv6.conf.lo.disable_ipv6. The IPv4 loopback keeps
  // the port from whoever asks for both families, unless somebody else does already.
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

/** A wildcard is held on its loopback: a connection needs an address. */
const LOOPBACK: Readonly<Record<string, string>> = { '::': '::1', '0.0.0.0': '127.0.0.1' }

/**
 * On Linux a TCP port is held by a connection from it: no server could bind it beside one that listens.
 * To each other connection, probe and choice of the system the port is taken; a server, on any address,
 * has SO_REUSEADDR, as this socket has of libuv.
 */
async function holdByConnection(address: string, port: number, held: Holding[]): Promise<Bind> {
  let peer: number
  try {
    peer = await peerOn(address, held)
  } catch (error) {
    // It says nothing of the port, but perhaps that there is no such address.
    const failed = refused(error as NodeJS.ErrnoException)
    if (failed.is === 'absent') return failed
    throw error
  }
  const bind = await holdBy(() => connectFrom(address, port, peer, held), port)
  // A policy: the port itself was bound just before.
  if (bind.is === 'denied') throw bind.error
  return bind
}

async function listen(options: ListenOptions, held: Holding[]): Promise<Server> {
  // Nobody is served: who connects looks at a lock, or mistakes the holder for a server.
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
  // A reset leaves nothing in TIME_WAIT.
  held.push({
    close: () => (socket.connecting ? socket.destroy() : socket.resetAndDestroy()),
  })
  await once(socket, 'connect')
}

/** A server that held ports are connected to. It is needed no longer than it takes to connect. */
interface Peer {
  readonly port: Promise<number>
  users: number
  readonly servers: Holding[]
}

/** The peers, one for an address, while there are held ports. */
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

/** Gives up a port that the system chose for a peer, of all ports, so that it can be held. */
async function leaveToOthers(port: number): Promise<void> {
  for (const [address, peer] of peers) {
    if ((await peer.port.catch(ignore)) !== port) continue
    // What has just connected is accepted by then; else it would be reset.
    await nextTurn()
    await nextTurn()
    dropPeer(address, peer)
  }
}

function ignore(): void {}
