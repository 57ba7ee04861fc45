import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type ListenOptions, type Server } from 'node:net'

/** Runs `use` while a server listens. The system chooses the port unless `options` has one. */
export async function whileListening<T>(
  options: ListenOptions,
  use: (port: number) => T | Promise<T>,
): Promise<T> {
  const server = await listen(options)
  try {
    return await use(portOf(server))
  } finally {
    await close(server)
  }
}

/** Runs `use` while servers listen on `count` ports. */
export async function whileListeningOn<T>(
  count: number,
  use: (ports: number[]) => T | Promise<T>,
): Promise<T> {
  const servers: Server[] = []
  try {
    while (servers.length < count) servers.push(await listen({ port: 0 }))
    return await use(servers.map(portOf))
  } finally {
    await Promise.all(servers.map(close))
  }
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1)
  return port
}

/**
 * Ports that were free a moment ago, on TCP and UDP. They are below the range from which Linux, macOS and Windows choose
 * ephemeral ports, so no connection, and no server that lets the system choose, takes them.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) {
    const [port = 0] = await freeRow(1)
    ports.add(port)
  }
  return [...ports]
}

/** `count` such ports in a row. */
export async function freeRow(count: number): Promise<number[]> {
  for (;;) {
    const first = 10_000 + Math.floor(Math.random() * 20_000)
    const row = Array.from({ length: count }, (_, i) => first + i)
    const areFree = await Promise.all(row.map(isFree))
    if (areFree.every(Boolean)) return row
  }
}

/** Whether a UDP socket and a server can bind the port. */
async function isFree(port: number): Promise<boolean> {
  const socket = createSocket('udp6')
  try {
    socket.bind(port)
    await once(socket, 'listening')
    return await whileListening({ port }, () => true)
  } catch {
    return false
  } finally {
    socket.close()
  }
}

async function listen(options: ListenOptions): Promise<Server> {
  const server = createServer().listen({ port: 0, ...options })
  await once(server, 'listening')
  return server
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not listening on a port')
  return address.port
}

async function close(server: Server): Promise<void> {
  server.close()
  await once(server, 'close')
}
