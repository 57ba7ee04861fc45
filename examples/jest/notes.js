// What is under test: an HTTP server that keeps notes in memory.

const { once } = require('node:events')
const { createServer } = require('node:http')
const { text } = require('node:stream/consumers')
const { leasePort } = require('port4me')

async function startNotes() {
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

function createNotes() {
  const notes = new Map()
  return createServer(async (request, response) => {
    const { method, url } = request
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

module.exports = { startNotes }
