import portfinder from 'portfinder'

export default {
  free: (port) => portfinder.getPortPromise({ port }),
  fresh: (port) => portfinder.getPortPromise({ port }),
  busy: (ports) => portfinder.getPortPromise({ port: ports[0], stopPort: ports.at(-1) }),
}
