import getPort, { clearLockedPorts } from 'get-port'

const free = (port) => {
  clearLockedPorts() // otherwise get-port does not return the same port again within 15 seconds
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
