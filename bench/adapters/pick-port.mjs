import { pickPort } from 'pick-port'

const free = () => pickPort({ type: 'tcp', ip: '0.0.0.0', reserveTimeout: 0 })

export default {
  // pick-port has no preferred port and does not return a port twice, so any port of its default range is accepted.
  anyPort: true,
  free,
  fresh: free,
}
