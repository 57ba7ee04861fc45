import { getPort } from 'get-port-please'

export default {
  free: (port) => getPort({ port }),
  fresh: (port) => getPort({ port }),
  busy: (ports) => getPort({ ports }),
}
