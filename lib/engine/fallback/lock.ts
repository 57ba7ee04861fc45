// The lock of a leased port: native/hold/port_lock.h.

import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { IS_LINUX, type Protocol } from './endpoints.js'

/** Of sockaddr_un.sun_path: unix(7). */
const LONGEST_NAME = 108

/** Whether Node.js leaves an abstract name as it is: since libuv 1.48, by its pull request 4266. */
const KEEPS_NAMES = Number(process.versions.uv?.split('.')[1]) >= 48

/** The abstract Unix sockets that are the lock, as far as Node.js can bind them; the first always can. */
export function lockNames(protocol: Protocol, port: number): string[] {
  if (!IS_LINUX) return []
  const name = nameOf(protocol, port)
  const filled = name.padEnd(LONGEST_NAME, '\0')
  return KEEPS_NAMES ? [filled, name] : [filled]
}

function nameOf(protocol: Protocol, port: number): string {
  return `\0port4me/${protocol}/${port}`
}

/** Whether somebody has the lock, told at once. */
export function isLockedNow(protocol: Protocol, port: number): boolean {
  let sockets: string
  try {
    sockets = readFileSync('/proc/net/unix', 'latin1')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EMFILE' || code === 'ENFILE') throw error
    return false // a system that keeps it to itself
  }
  // There the zero bytes of a name are @ (proc_pid_net(5)), those that fill it too.
  const name = nameOf(protocol, port).replace('\0', '@')
  for (let at = sockets.indexOf(name); at !== -1; at = sockets.indexOf(name, at + 1)) {
    if (/^@*(\n|$)/.test(sockets.slice(at + name.length, at + LONGEST_NAME + 1))) return true
  }
  return false
}

/** As isLockedNow(), of the lock itself, and faster for many ports. */
export async function isLocked(protocol: Protocol, port: number): Promise<boolean> {
  for (const name of lockNames(protocol, port)) if (await answers(name)) return true
  return false
}

/** Whether something listens: port_lock_linux.cc says what the errors mean. */
function answers(name: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path: name })
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') resolve(false)
      else if (['EAGAIN', 'EPROTOTYPE', 'EPERM', 'EACCES'].includes(error.code ?? '')) resolve(true)
      else reject(error)
    })
  })
}
