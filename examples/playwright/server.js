// What is under test.

import { createServer } from 'node:http'
import { servicePort } from 'port4me'

let answered = 0
const server = createServer((request, response) => {
  answered++
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ path: request.url, folder: process.cwd(), answered }))
})
const port = servicePort('web')
server.listen(port, () => console.log(`http://localhost:${port}`))
