// Binds UDP sockets at once.

import { createSocket, type Socket } from 'node:dgram'
import { type Bind, bindBy, type Holding } from './bind.js'
import { type Endpoint, IS_LINUX } from './endpoints.js'

type Place = Pick<Endpoint, 'address' | 'ipv6'>

/** Binds an endpoint, and releases it at once. */
export function bindUdp(place: Place, port: number): Bind {
  return bindBy(() => {
    const socket = openUdp(place, port, false)
    const own = port === 0 ? socket.address().port : port
    socket.close()
    return own
  })
}

/** Binds an endpoint, and adds its socket to `held`. */
export function holdUdp(place: Place, port: number, exclusive: boolean, held: Holding[]): Bind {
  return bindBy(() => {
    // With SO_REUSEADDR, servers that also set it can bind the port. It is set only on Linux, because only Linux has a
    // lock that keeps other leases out.
    held.push(openUdp(place, port, IS_LINUX && !exclusive).unref())
    return port
  })
}

/** bindSync() exists since Node.js 24.19 and 26.4. */
interface BindsAtOnce {
  bindSync?(place: { readonly port: number; readonly address: string }): void
}

function openUdp({ address, ipv6 }: Place, port: number, reuseAddr: boolean): Socket {
  const failures: Error[] = []
  const socket: Socket & BindsAtOnce = createSocket({
    type: ipv6 ? 'udp6' : 'udp4',
    ipv6Only: ipv6,
    reuseAddr,
    // This lookup answers at once. So bind() binds the socket, or emits its error, before it returns.
    lookup: (_host, _options, done) => done(null, address, 0),
  })
  socket.on('error', (error) => failures.push(error))
  try {
    if (socket.bindSync === undefined) socket.bind({ port, address, exclusive: true })
    else socket.bindSync({ port, address })
    const [failure] = failures
    if (failure !== undefined) throw failure
    return socket
  } catch (error) {
    socket.close()
    throw error
  }
}
