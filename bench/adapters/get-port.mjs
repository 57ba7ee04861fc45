import getPort, { clearLockedPorts } from 'get-port'

export default {
  // It would not give the same port twice within 15 seconds.
  free: (port) => {
    clearLockedPorts()
    return getPort({ port })
  },
  busy: (ports) => {
    clearLockedPorts()
    return getPort({ port: ports })
  },
}
