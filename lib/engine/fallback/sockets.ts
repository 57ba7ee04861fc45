// The way in which this Node.js binds.

import type { Sockets } from './bind.js'
import { boundSockets, HAS_BOUND_SOCKETS } from './bound.js'
import { listeningSockets } from './listening.js'

export const sockets: Sockets = HAS_BOUND_SOCKETS ? boundSockets : listeningSockets
