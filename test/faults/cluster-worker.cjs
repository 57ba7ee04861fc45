const { createServer } = require('node:net')
const { isFreeTcp, port4me } = require('../..')

const port = port4me()
const before = isFreeTcp(port)
const server = createServer().listen({ port, exclusive: true }, () => {
  const during = isFreeTcp(port)
  server.close(() => process.send([before, during, isFreeTcp(port)]))
})
