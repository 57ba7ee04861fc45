// Calls functions about services again and again, each time as a new process in another folder would.
//
//   node service-asker.cjs ROOT
//
// ROOT is the folder of the package. Each line of stdin is a call in JSON, [folder, function, name], and is answered by a
// line of JSON: { value } or { code, message, port, pid }. A lease is released at once, or by the next call if the function
// is `keep`.

const { createInterface } = require('node:readline')

const api = require(process.argv[2])
const before = { ...process.env }
let lease

const functions = {
  servicePort: (name) => api.servicePort(name),
  listServices: () =>
    api.listServices().map(({ name, port, running, holder }) => ({
      ...{ name, port, running },
      ...(holder !== undefined && { pid: holder.pid, state: holder.state }),
    })),
  leaseService(name) {
    const { port, release } = functions.keep(name)
    release()
    return port
  },
  keep(name) {
    lease = api.leaseService(name)
    return { port: lease.port, release: () => lease.release() }
  },
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const [folder, name, ...args] = JSON.parse(line)
  lease?.release()
  lease = undefined
  for (const variable of Object.keys(process.env)) {
    if (!(variable in before)) delete process.env[variable] // what the last call recorded for its descendants
  }
  let answer
  try {
    process.chdir(folder)
    answer = { value: functions[name](...args) }
  } catch ({ code, message, port, pid }) {
    answer = { code, message, port, pid }
  }
  console.log(JSON.stringify(answer))
})
console.log('ready')
