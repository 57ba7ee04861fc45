// The face of port4me/get-port for an ESM import. What it remembers is in the one CommonJS module.

import getPort from './get-port.js'

export default getPort
export const { clearLockedPorts, portNumbers } = getPort
