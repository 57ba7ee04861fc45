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
import type { Engine, PackedPick } from '../../../binding.js'
import { Ask, packFound } from '../../codes.js'
import { nextTurn } from '../../timers.js'
import { type Bind, refused } from './bind.js'
import { answerLater } from './drive.js'
import {
  type Endpoint,
  endpointsOf,
  IS_LINUX,
  type Protocol,
  protocolsOf,
  wildcards,
} from './endpoints.js'
import { KEEPS_NAMES, LocksNow, lockNames, withReadableName } from './lock.js'
import { askedBy, candidatesOf, patientSteps } from './steps.js'

/** Closes a socket at once. */
type Closer = () => void

/** What holds a port. */
interface Held {
  readonly port: number
  readonly question: number
  readonly host: string
  readonly locks: Closer[]
  readonly sockets: Closer[]
}

const holds = new Map<number, Held>()

/** The locks that this thread has, a byte for each port: it need not ask the system about its own. */
const ownLocks = { tcp: new Uint8Array(65536), udp: new Uint8Array(65536) }

/** Holds the first candidate that can be held, under a number of the caller's choice. */
export async function hold(id: number, ...args: Parameters<Engine['hold']>): Promise<PackedPick> {
  const [, , , , maxTries, question, host, exclusive] = args
  const protocols = protocolsOf(question)
  const others = new LocksOfOthers(protocols)
  const asked = askedBy(question, host, []) // whoever holds a port has its locks
  let tries = 0
  for (const port of candidatesOf(args)) {
    if (tries === maxTries) break
    tries++
    if (protocols.some((protocol) => ownLocks[protocol][port] === 1)) continue
    if (others.have(port)) continue
    const held: Held = { port, question, host, locks: [], sockets: [] }
    let isHeld = false
    try {
      await leaveToOthers(port)
      const isLocked = await takeLocks(protocols, held)
      if (!isLocked) others.haveOne()
      isHeld =
        isLocked &&
        (await answerLater(patientSteps(asked, port, true))) === 0 &&
        (await holdPort(held, exclusive))
    } finally {
      if (!isHeld) letGo(held)
    }
    if (isHeld) {
      holds.set(id, held)
      return packFound(tries, port)
    }
    await nextTurn() // so that the thread is seen to live: thread.ts
  }
  if (asked.denial !== undefined) throw asked.denial
  return packFound(tries, 0)
}

/** Lets the port of a hold go; one that is gone stays gone. */
export function release(id: number): void {
  const held = holds.get(id)
  if (held !== undefined) letGo(held)
  holds.delete(id)
}

/**
 * Lets servers bind the port of an exclusive hold, whose locks keep other holds out. Whoever is quicker
 * than the server has the port; that is the server's to find out.
 */
export async function admitServers(id: number): Promise<void> {
  const held = holds.get(id)
  if (held === undefined) return
  closeAll(held.sockets)
  const isHeld = await holdPort(held, false).catch(() => false)
  if (!isHeld) closeAll(held.sockets)
}

/** The port before its locks: who finds a lock free may bind the port. */
function letGo({ locks, sockets }: Held): void {
  closeAll(sockets)
  closeAll(locks)
}

/** Closes the last first, and each once. */
function closeAll(closers: Closer[]): void {
  for (const close of closers.splice(0).toReversed()) close()
}

/**
 * The system's list of locks serves searches that have no reason to doubt it for so many times as long
 * as it took to read: with thousands of locks that is milliseconds.
 */
const LIST_SERVES = 20

let list: LocksNow | undefined
let listServesUntil = Number.NEGATIVE_INFINITY

/**
 * The locks that others have, for one search. Trying to take a lock tells for sure; but to read the
 * system's list is cheaper than to try many, and it has the names too that this Node.js cannot bind.
 */
class LocksOfOthers {
  readonly #protocols: readonly Protocol[]
  #isListNew = false

  constructor(protocols: readonly Protocol[]) {
    this.#protocols = protocols
    if (!KEEPS_NAMES && performance.now() > listServesUntil) this.#renewList()
  }

  /** Whether somebody has a lock of the port, as far as the list tells. */
  have(port: number): boolean {
    if (!this.#isListed(port)) return false
    this.haveOne()
    return this.#isListed(port)
  }

  /** Others have a lock, and may have more. */
  haveOne(): void {
    if (!this.#isListNew) this.#renewList()
  }

  #isListed(port: number): boolean {
    return this.#protocols.some((protocol) => list?.lists(protocol, port) ?? false)
  }

  #renewList(): void {
    const before = performance.now()
    list = new LocksNow()
    list.read()
    const after = performance.now()
    listServesUntil = after + LIST_SERVES * (after - before)
    this.#isListNew = true
  }
}

/** Adds locks to what is held. False when somebody has one of them. */
async function takeLocks(protocols: readonly Protocol[], held: Held): Promise<boolean> {
  const { port } = held
  try {
    for (const protocol of protocols) {
      for (const path of lockNames(protocol, port)) {
        await listen({ path, exclusive: true }, held.locks)
      }
      ownLocks[protocol][port] = 1
      held.locks.push(() => {
        ownLocks[protocol][port] = 0
      })
    }
    return true
  } catch (error) {
    const failure = error as NodeJS.ErrnoException
    if (failure.code === 'EADDRINUSE') return false
    throw withReadableName(failure)
  }
}

/** Adds sockets to what is held. False when the port was taken since it was asked about. */
async function holdPort(
  { port, question, host, sockets }: Held,
  exclusive: boolean,
): Promise<boolean> {
  const ipv4 = (question & Ask.IPV4) !== 0
  const ipv6 = (question & Ask.IPV6) !== 0
  const endpoints =
    host === ''
      ? protocolsOf(question).flatMap((protocol) => wildcards(protocol, ipv4, ipv6))
      : endpointsOf(question, host)
  let isHeld = false
  let absent: NodeJS.ErrnoException | undefined
  for (const endpoint of endpoints) {
    const held = await holdEndpoint(endpoint, port, exclusive, sockets)
    if (held.is === 'bound') isHeld = true
    else if (held.is !== 'absent') return false
    else if (!endpoint.optional) throw held.error
    else absent = held.error
  }
  if (!isHeld) throw absent // every family is missing
  return true
}

async function holdEndpoint(
  endpoint: Endpoint,
  port: number,
  exclusive: boolean,
  closers: Closer[],
): Promise<Bind> {
  const { protocol, address, ipv4, optional } = endpoint
  if (protocol === 'tcp' && IS_LINUX && !exclusive) {
    const loopback = LOOPBACK[address]
    if (loopback === undefined) return await holdByConnection(address, port, closers)
    const held = await holdByConnection(loopback, port, closers)
    if (held.is !== 'absent' || optional) return held
    // The wildcard binds, but no address is there: net.ipv6.conf.lo.disable_ipv6. The IPv4 loopback keeps
    // the port from whoever asks for both families, unless somebody else does already.
    await holdByConnection('127.0.0.1', port, closers)
    return { is: 'bound', port }
  }
  try {
    if (protocol === 'udp') await bindUdp(address, port, exclusive, closers)
    else await listen({ host: address, port, ipv6Only: !ipv4, exclusive: true }, closers)
    return { is: 'bound', port }
  } catch (error) {
    return refused(error as NodeJS.ErrnoException)
  }
}

/**
 * On Linux a TCP port is held by a connection from it: Node.js has no socket that is bound and does
 * not listen, and beside one that listens no server could bind. To each other connection, probe and
 * choice of the system the port is taken; a server, on any address, has SO_REUSEADDR, as this socket
 * has of libuv.
 */
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
    const failed = refused(error as NodeJS.ErrnoException)
    // A policy: the port itself was bound just before.
    if (failed.is === 'denied') throw error
    return failed
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

async function bindUdp(
  address: string,
  port: number,
  exclusive: boolean,
  closers: Closer[],
): Promise<void> {
  const ipv6 = address.includes(':')
  const reuseAddr = IS_LINUX && !exclusive // lets servers in that have it too
  const socket = createSocket({ type: ipv6 ? 'udp6' : 'udp4', ipv6Only: ipv6, reuseAddr })
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

/** A server that held ports are connected to. It is needed no longer than it takes to connect. */
interface Peer {
  readonly port: Promise<number>
  users: number
  readonly close: Closer
}

/** The peers, one for an address, while there are held ports. */
const peers = new Map<string, Peer>()

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
    if (used.users === 0) dropPeer(address, used)
  })
  return await used.port
}

function dropPeer(address: string, peer: Peer): void {
  peer.close()
  if (peers.get(address) === peer) peers.delete(address)
}

/** Gives up a port that the system chose for a peer, of all ports, so that it can be held. */
async function leaveToOthers(port: number): Promise<void> {
  for (const [address, peer] of peers) {
    if ((await peer.port) !== port) continue
    // What has just connected is accepted by then; else it would be reset.
    await nextTurn()
    await nextTurn()
    dropPeer(address, peer)
  }
}
