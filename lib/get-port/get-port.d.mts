/**
 * The functions of the package get-port 7, for `import` and for `require`.
 *
 * @module port4me/get-port
 */

import type { Options } from './types/get-port/index.js'

export type { Options }

/**
 * Returns a free TCP port: the first free one of the preferred ports, or one that the system chooses. A port
 * that was returned is not returned again for 15 to 30 seconds.
 *
 * @returns a promise of a port from 1 to 65535
 * @throws {TypeError} rejects if a preferred or excluded port is not a number
 * @throws {RangeError} rejects with `ERR_SOCKET_BAD_PORT` if a preferred port is not from 0 to 65535
 * @throws {Port4meError} rejects with `ERR_NO_FREE_PORT` if the system has no port left
 * @throws {Error} rejects with the error of the system: `ENOTFOUND` for a host that is not known,
 *   `EADDRNOTAVAIL` for a host that is not this machine, others such as `EMFILE` if the system cannot tell
 *
 * @example
 * const port = await getPort({ port: portNumbers(3000, 3100) })
 */
export default function getPort(options?: Options): Promise<number>

/**
 * Returns the ports from `from` to `to`, both included.
 *
 * @param from from 1024 to 65535
 * @param to from 1024 to 65535, not less than `from`
 * @throws {TypeError} if an argument is not an integer
 * @throws {RangeError} if an argument is out of these bounds
 *
 * @example
 * for (const port of portNumbers(3000, 3002)) console.log(port) // 3000, 3001, 3002
 */
export function portNumbers(from: number, to: number): Iterable<number>

/**
 * Forgets which ports were returned, including reserved ones.
 *
 * @example
 * clearLockedPorts()
 */
export function clearLockedPorts(): void
