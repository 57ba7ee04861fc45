import { createRequire } from 'node:module'

const { listPorts, port4me, port4meAsync, probe } = createRequire(import.meta.url)('port4me')

export default {
  // The port comes from the environment, which is read at each call.
  prepare: (port) => {
    process.env.PORT4ME_PREPEND = String(port)
  },
  free: () => port4me(),
  async: () => port4meAsync(),
  fresh: (port) => port4me({ prepend: [port] }),
  all: (ports) => probe(ports, { protocol: 'tcp' }).at(-1).port,
  list: ([count]) => listPorts(count).length,
  busy: (ports) => port4me({ prepend: ports }),
}
