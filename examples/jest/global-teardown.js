const { once } = require('node:events')

module.exports = async () => {
  const server = globalThis.sharedServer
  server.close()
  await once(server, 'close')
}
