import getPort, { clearLockedPorts, portNumbers } from 'get-port'

export default {
  // It would not give the same port twice within 15 seconds.
  free: (port) => {
    clearLockedPorts()
    return getPort({ port })
  },
  busy: (first, last) => {
    clearLockedPorts()
    return getPort({ port: portNumbers(first, last) })
  },
}
