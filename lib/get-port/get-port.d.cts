import type { Options as GetPortOptions } from './types/get-port/index.js'

/** Returns a free TCP port: the first of the preferred ones that is free, or one of the system's. */
declare function getPort(options?: GetPortOptions): Promise<number>

declare namespace getPort {
  export type Options = GetPortOptions
  /** Returns the ports from `from` to `to`, both included, each from 1024 to 65535. */
  export function portNumbers(from: number, to: number): Iterable<number>
  /** Forgets which ports were returned, reserved ones included. */
  export function clearLockedPorts(): void
  export { getPort as default }
}

export = getPort
