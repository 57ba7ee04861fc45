import { getPort } from 'get-port-please'

export default {
  free: (port) => getPort({ port }),
  busy: (first, last) =>
    getPort({ ports: Array.from({ length: last - first + 1 }, (_, i) => first + i) }),
}
