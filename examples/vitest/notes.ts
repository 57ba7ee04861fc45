// What is under test: an HTTP server that keeps notes in memory.

import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { text } from 'node:stream/consumers'
import { leasePort } from 'port4me'

export interface Notes {
  readonly url: string
  readonly close: () => Promise<void>
}

export async function startNotes(): Promise<Notes> {
  // Each worker runs this at the same time, in a process of its own. No two leases have one port,
  // and the server gets the very socket that held it: EADDRINUSE cannot happen, no retry is needed.
  const lease = leasePort('notes')
  const server = await lease.listen(createNotes())
  return {
    url: `http://localhost:${lease.port}`,
    close: async () => {
      server.close()
      await once(server, 'close')
    },
  }
}

function createNotes(): Server {
  const notes = new Map<string, string>()
  return createServer(async (request, response) => {
    const { method, url = '/' } = request
    if (method === 'PUT') {
      notes.set(url, await text(request))
      response.writeHead(204).end()
    } else if (method === 'DELETE') {
      response.writeHead(notes.delete(url) ? 204 : 404).end()
    } else {
      const note = notes.get(url)
      response.writeHead(note === undefined ? 404 : 200).end(note)
    }
  })
}
