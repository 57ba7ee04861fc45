import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type ListenOptions, type Server } from 'node:net'

/** Runs `use` while a server listens, on a port of the system's choice unless `options` name one. */
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

/** Runs `use` while servers listen on so many ports. */
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

/** A port that was free just now. */
export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1)
  return port
}

/**
 * Ports that were free just now, on TCP and UDP. They are below those that Linux, macOS and Windows choose
 * for a program, hence no connection or server without a port of its own has them a moment later.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) {
    const [port = 0] = await freeRow(1)
    ports.add(port)
  }
  return [...ports]
}

/** The same, in a row. */
export async function freeRow(count: number): Promise<number[]> {
  for (;;) {
    const first = 10_000 + Math.floor(Math.random() * 20_000)
    const row = Array.from({ length: count }, (_, i) => first + i)
    const areFree = await Promise.all(row.map(isFree))
    if (areFree.every(Boolean)) return row
  }
}

/** Whether a server and a UDP socket can have it, one after the other. */
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
