import { pickPort } from 'pick-port'

const free = () => pickPort({ type: 'tcp', ip: '0.0.0.0', reserveTimeout: 0 })

export default {
  // It takes no preferred port, and not the same one twice: any port of its default range will do.
  anyPort: true,
  free,
  fresh: free,
}
