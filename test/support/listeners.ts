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

/** A port that was free just now, on TCP and UDP. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = await whileListening({ port: 0 }, (port) => port)
    if (await isFree(port)) return port
  }
}

/** Free ports in a row. */
export async function freeRow(count: number): Promise<number[]> {
  for (;;) {
    const first = await freePort()
    const row = Array.from({ length: count }, (_, i) => first + i)
    const areFree = await Promise.all(row.map(isFree))
    if (areFree.every(Boolean)) return row
  }
}

/** So many free ports that the system chooses for no program: those below its range on every system. */
export async function freePortsBelowEphemeral(count: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) {
    const port = 10_000 + Math.floor(Math.random() * 20_000)
    if (await isFree(port)) ports.add(port)
  }
  return [...ports]
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
