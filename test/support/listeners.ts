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
  return await whileListening({ port: 0 }, (port) => port)
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
