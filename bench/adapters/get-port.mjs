import getPort, { clearLockedPorts } from 'get-port'

const free = (port) => {
  clearLockedPorts() // it would not give the same port twice within 15 seconds
  return getPort({ port })
}

export default {
  free,
  fresh: free,
  busy: (ports) => {
    clearLockedPorts()
    return getPort({ port: ports })
  },
}
