// A cluster worker that leases a port and serves on it.

const { createServer } = require('node:http')
const cluster = require('node:cluster')
const { leasePort } = require('../..')

const lease = leasePort({ tool: 'cluster', exclusive: process.env.EXCLUSIVE !== '' })
lease
  .listen(createServer((_request, response) => response.end(String(cluster.worker.id))))
  .then(() => process.send({ port: lease.port, id: cluster.worker.id }))
