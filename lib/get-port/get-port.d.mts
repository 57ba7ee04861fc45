import type { Options } from './types/get-port/index.js'

export type { Options }

/**
 * Returns a free TCP port: the first of the preferred ones that is free, or one that the system
 * chooses. A port that was returned is not returned again for 15 to 30 seconds.
 *
 * @returns a promise of a port from 1 to 65535
 * @throws {TypeError} rejects, for ports that are no numbers
 * @throws {RangeError} rejects with `ERR_SOCKET_BAD_PORT`, for a preferred port that is none
 * @throws {Port4meError} rejects with `ERR_NO_FREE_PORT` when the system has none left
 * @throws {Error} rejects with the system's own: `ENOTFOUND` for a host that is not known,
 *   `EADDRNOTAVAIL` for one that is not this machine, `EMFILE` and the like when it cannot tell
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
 * @throws {TypeError} for what is no integer
 * @throws {RangeError} for what is out of these bounds
 *
 * @example
 * for (const port of portNumbers(3000, 3002)) console.log(port) // 3000, 3001, 3002
 */
export function portNumbers(from: number, to: number): Iterable<number>

/**
 * Forgets which ports were returned, reserved ones included.
 *
 * @example
 * clearLockedPorts()
 */
export function clearLockedPorts(): void
