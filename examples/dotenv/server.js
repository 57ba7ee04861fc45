// It knows nothing of port4me. Usage: node --env-file=.env server.js VARIABLE

import { createServer } from 'node:http'

const variable = process.argv[2]
const server = createServer((_request, response) => response.end(variable))
server.listen(Number(process.env[variable]), () => console.log('ready'))
