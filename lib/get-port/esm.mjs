// The entry of port4me/get-port for an ESM import. The state is in the CommonJS module, which both entries share.

import getPort from './get-port.js'

export default getPort
export const { clearLockedPorts, portNumbers } = getPort
