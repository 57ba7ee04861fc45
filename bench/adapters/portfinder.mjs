import portfinder from 'portfinder'

export default {
  free: (port) => portfinder.getPortPromise({ port }),
  busy: (first, last) => portfinder.getPortPromise({ port: first, stopPort: last }),
}
