// A server of a service. It runs in the folder that it is started in, and prints its port and its process id.
//
//   node service-server.cjs ROOT WAY NAME
//
// ROOT is the folder of the package. WAY is `lease` (leaseService() hands the port over) or `number` (servicePort(), and
// the server binds the number).

const { createServer } = require('node:http')

const [root, way, name] = process.argv.slice(2)
const { leaseService, servicePort } = require(root)

const server = createServer((_, response) => {
  response.setHeader('connection', 'close') // the server closes first, so its port lingers in TIME_WAIT
  response.end(`${name} ${process.cwd()}`)
})
server.once('listening', () => console.log(JSON.stringify([server.address().port, process.pid])))
if (way === 'lease') leaseService(name).listen(server)
else server.listen(servicePort(name))
process.on('SIGTERM', () => process.exit())
