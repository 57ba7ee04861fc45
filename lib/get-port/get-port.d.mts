import type { Options } from './types/get-port/index.js'

export type { Options }

/** Returns a free TCP port: the first of the preferred ones that is free, or one of the system's. */
export default function getPort(options?: Options): Promise<number>

/** Returns the ports from `from` to `to`, both included, each from 1024 to 65535. */
export function portNumbers(from: number, to: number): Iterable<number>

/** Forgets which ports were returned, reserved ones included. */
export function clearLockedPorts(): void
