// It knows nothing of port4me. Usage: node server.js [PORT], or with PORT in the environment.

const { createServer } = require('node:http')

const port = Number(process.argv[2] ?? process.env.PORT)
createServer((_request, response) => response.end(`hello from ${port}\n`)).listen(port)
