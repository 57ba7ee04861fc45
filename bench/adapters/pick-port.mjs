import { pickPort } from 'pick-port'

export default {
  free: (port) => pickPort({ type: 'tcp', minPort: port, maxPort: port, reserveTimeout: 0 }),
  // It tries ports of a range at random.
}
