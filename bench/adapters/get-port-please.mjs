import { getPort } from 'get-port-please'

export default {
  free: (port) => getPort({ port }),
  busy: (ports) => getPort({ ports }),
}
