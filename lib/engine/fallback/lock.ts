// The lock of a leased port: native/hold/port_lock.h.

import { readFileSync } from 'node:fs'
import { IS_LINUX, type Protocol } from './endpoints.js'

/** Of sockaddr_un.sun_path: unix(7). */
const LONGEST_NAME = 108

/** Whether Node.js leaves an abstract name as it is: since libuv 1.48, by its pull request 4266. */
const KEEPS_NAMES = Number(process.versions.uv?.split('.')[1]) >= 48

/** The abstract Unix sockets that are the lock, as far as Node.js can bind them; the first always can. */
export function lockNames(protocol: Protocol, port: number): string[] {
  if (!IS_LINUX) return []
  const name = `\0port4me/${protocol}/${port}`
  const filled = name.padEnd(LONGEST_NAME, '\0')
  return KEEPS_NAMES ? [filled, name] : [filled]
}

/** A line of /proc/net/unix for a stream socket with such a name; zero bytes are @ there. */
const ENTRY =
  /^[\da-f]+: [\dA-F]+ [\dA-F]+ [\dA-F]+ 0001 [\dA-F]+ +\d+ (@port4me\/(?:tcp|udp)\/\d{1,5})(@*)$/gm

/** The locks that somebody has, as they are when they are first asked for: proc_pid_net(5). */
export class LocksNow {
  #names: ReadonlySet<string> | undefined

  has(protocol: Protocol, port: number): boolean {
    this.#names ??= readNames()
    return this.#names.has(`@port4me/${protocol}/${port}`)
  }
}

function readNames(): Set<string> {
  const names = new Set<string>()
  if (!IS_LINUX) return names
  let sockets: string
  try {
    sockets = readFileSync('/proc/net/unix', 'latin1')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EMFILE' || code === 'ENFILE') throw error
    return names // a system that keeps it to itself
  }
  for (const [, name = '', filling = ''] of sockets.matchAll(ENTRY)) {
    if (filling === '' || name.length + filling.length === LONGEST_NAME) names.add(name)
  }
  return names
}
