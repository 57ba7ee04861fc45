// Holds ports over public Node.js API, in a thread that has an event loop.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import {
  type AddressInfo,
  connect,
  createServer,
  type ListenOptions,
  type Server,
  type Socket,
} from 'node:net'
import type { Engine, Pick } from '../../../binding.js'
import { Flag } from '../../question.js'
import { type Bind, bind, refused } from './bind.js'
import {
  type Endpoint,
  endpointsOf,
  IS_LINUX,
  type Protocol,
  protocolsOf,
  wildcards,
} from './endpoints.js'
import { LocksNow, lockNames } from './lock.js'
import { candidatesOf } from './steps.js'

/** Closes a socket at once. */
type Closer = () => void

const holds = new Map<number, readonly Closer[]>()

/** Holds the first candidate that can be held, under a number of the caller's choice. */
export async function hold(id: number, ...args: Parameters<Engine['hold']>): Promise<Pick> {
  const [, , , , maxTries, question, host] = args
  const protocols = protocolsOf(question)
  const locks = new LocksNow()
  let tries = 0
  for (const port of candidatesOf(args)) {
    if (tries === maxTries) break
    tries++
    // Sooner told than by trying; and one may have a name that Node.js cannot bind.
    if (protocols.some((protocol) => locks.has(protocol, port))) continue
    const closers: Closer[] = []
    let held = false
    try {
      held = await holdPort(port, question, host, locks, closers)
    } finally {
      if (!held) closeAll(closers)
    }
    if (!held) continue
    holds.set(id, closers)
    return tries * 65536 + port
  }
  return tries * 65536
}

/** Lets the port of a hold go; one that is gone stays gone. */
export function release(id: number): void {
  closeAll(holds.get(id) ?? [])
  holds.delete(id)
}

/** Closes the last first: the lock after the port. */
function closeAll(closers: readonly Closer[]): void {
  for (const close of closers.toReversed()) close()
}

/** Adds what holds the port to `closers`; what is there when it cannot be held is to be closed. */
async function holdPort(
  port: number,
  question: number,
  host: string,
  locks: LocksNow,
  closers: Closer[],
): Promise<boolean> {
  for (const protocol of protocolsOf(question)) {
    if (!(await takeLock(protocol, port, closers))) return false
  }
  // What holds the port sees less of it than these binds.
  for (const endpoint of endpointsOf(question, host)) {
    const { is } = await bind([endpoint, port], locks)
    if (is !== 'bound' && !(is === 'absent' && endpoint.optional)) return false
  }
  const ipv4 = (question & Flag.IPV4) !== 0
  const ipv6 = (question & Flag.IPV6) !== 0
  const endpoints =
    host === ''
      ? protocolsOf(question).flatMap((protocol) => wildcards(protocol, ipv4, ipv6))
      : endpointsOf(question, host)
  let isHeld = false
  let absent: NodeJS.ErrnoException | undefined
  for (const endpoint of endpoints) {
    const held = await holdEndpoint(endpoint, port, closers)
    if (held.is === 'bound') isHeld = true
    else if (held.is !== 'absent') return false
    else if (!endpoint.optional) throw held.error
    else absent = held.error
  }
  if (!isHeld) throw absent // every family is missing
  return true
}

async function takeLock(protocol: Protocol, port: number, closers: Closer[]): Promise<boolean> {
  try {
    for (const path of lockNames(protocol, port)) await listen({ path, exclusive: true }, closers)
    return true
  } catch (error) {
    const failure = error as NodeJS.ErrnoException
    if (refused(failure).is === 'in-use') return false
    failure.message = failure.message.replaceAll('\0', '') // of the name
    throw failure
  }
}

/**
 * On Linux a TCP port is held by a connection from it: Node.js has no socket that is bound and does
 * not listen, and beside one that listens no server could bind. To each other connection, probe and
 * choice of the system the port is taken; a server, on any address, has SO_REUSEADDR, as this socket
 * has of libuv.
 */
async function holdEndpoint(endpoint: Endpoint, port: number, closers: Closer[]): Promise<Bind> {
  const { protocol, address, ipv4 } = endpoint
  if (protocol === 'tcp' && IS_LINUX) {
    return await holdByConnection(LOOPBACK[address] ?? address, port, closers)
  }
  try {
    if (protocol === 'udp') await bindUdp(address, port, closers)
    else await listen({ host: address, port, ipv6Only: !ipv4, exclusive: true }, closers)
    return { is: 'bound', port }
  } catch (error) {
    return refused(error as NodeJS.ErrnoException)
  }
}

async function holdByConnection(address: string, port: number, closers: Closer[]): Promise<Bind> {
  let peer: number
  try {
    peer = await peerOn(address, closers)
  } catch (error) {
    // It says nothing of the port, but perhaps that there is no such address.
    const failed = refused(error as NodeJS.ErrnoException)
    if (failed.is === 'absent') return failed
    throw error
  }
  try {
    await connectFrom(address, port, peer, closers)
    return { is: 'bound', port }
  } catch (error) {
    return refused(error as NodeJS.ErrnoException)
  }
}

async function listen(options: ListenOptions, closers: Closer[]): Promise<Server> {
  // Nobody is served: who connects looks at a lock, or mistakes the holder for a server.
  const server = createServer((socket) => socket.destroy())
  closers.push(() => server.close())
  server.listen(options)
  await once(server, 'listening')
  return server
}

async function bindUdp(address: string, port: number, closers: Closer[]): Promise<void> {
  const ipv6 = address.includes(':')
  const socket = createSocket({ type: ipv6 ? 'udp6' : 'udp4', ipv6Only: ipv6, reuseAddr: IS_LINUX })
  closers.push(() => socket.close())
  socket.bind({ port, address, exclusive: true })
  await once(socket, 'listening')
}

/** A wildcard is held on its loopback: a connection needs an address. */
const LOOPBACK: Readonly<Record<string, string>> = { '::': '::1', '0.0.0.0': '127.0.0.1' }

async function connectFrom(
  address: string,
  port: number,
  peer: number,
  closers: Closer[],
): Promise<void> {
  const socket: Socket = connect({
    host: address,
    port: peer,
    localAddress: address,
    localPort: port,
    allowHalfOpen: true, // the other end closes at once
  })
  socket.on('error', () => {})
  // A reset leaves nothing in TIME_WAIT.
  closers.push(() => (socket.connecting ? socket.destroy() : socket.resetAndDestroy()))
  await once(socket, 'connect')
}

/** The servers that held ports are connected to, one for an address, while there are any. */
const peers = new Map<string, { readonly port: Promise<number>; users: number; close: Closer }>()

async function peerOn(address: string, closers: Closer[]): Promise<number> {
  let peer = peers.get(address)
  if (peer === undefined) {
    const ofPeer: Closer[] = []
    const server = listen({ host: address, port: 0, exclusive: true }, ofPeer)
    const port = server.then((listening) => (listening.address() as AddressInfo).port)
    peer = { port, users: 0, close: () => closeAll(ofPeer) }
    peers.set(address, peer)
  }
  const used = peer
  used.users++
  closers.push(() => {
    used.users--
    if (used.users > 0) return
    used.close()
    peers.delete(address)
  })
  return await used.port
}
