import { createServer } from 'node:http'
import { servicePort } from 'port4me'

const server = createServer((request, response) => {
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ path: request.url, pid: process.pid }))
})
const port = servicePort('api')
server.listen(port, () => console.log(`http://localhost:${port}`))
