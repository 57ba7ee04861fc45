// The lock of a leased port, which native/hold/port_lock.h describes.

import { readFileSync } from 'node:fs'
import { IS_LINUX, type Protocol } from './endpoints.js'
import { sockets } from './sockets.js'

/** The length of sockaddr_un.sun_path in bytes (unix(7)). */
const LONGEST_NAME = 108

/** Whether Node.js binds an abstract name unchanged. It does so since libuv 1.48 (pull request 4266). */
export const KEEPS_NAMES = Number(process.versions.uv?.split('.')[1]) >= 48

/**
 * The names of the abstract Unix sockets that are the lock, as far as this Node.js can bind them. Every Node.js can
 * bind the first name, and every holder binds it first.
 */
export function lockNames(protocol: Protocol, port: number): string[] {
  if (!IS_LINUX) return []
  return bothLengths(`\0port4me/${protocol}/${port}`)
}

function bothLengths(name: string): string[] {
  const filled = name.padEnd(LONGEST_NAME, '\0')
  return KEEPS_NAMES ? [filled, name] : [filled]
}

/**
 * The names that keep others from a lease with the same label. The last name shows the label, and the port of the lease,
 * to other processes.
 */
export function labelNames(label: string, port: number): string[] {
  if (!IS_LINUX || label === '') return []
  const name = `\0port4me/service/${label}`
  return [...bothLengths(`${name}/0`), `${name}/${port}`]
}

/**
 * Why no lock can be taken here. Bun 1.4 refuses to bind the first name, which fills all 108 bytes. The second name
 * alone would not keep out a Node.js that binds the first name alone.
 */
export function lockRefusal(): NodeJS.ErrnoException | undefined {
  if (!IS_LINUX || process.versions.bun === undefined) return undefined
  const message = 'in Bun a lease needs the addon, because Bun cannot bind the lock of a port'
  return Object.assign(new Error(message), { code: 'EINVAL', syscall: 'bind' })
}

/**
 * Writes the name in an error of Node.js as proc_pid_net(5) does: with @ first, and without the zero bytes that fill
 * it.
 */
export function withReadableName(error: NodeJS.ErrnoException): NodeJS.ErrnoException {
  const readable = (text: string) => text.replace(/\0{2,}/g, '').replaceAll('\0', '@')
  error.message = readable(error.message)
  const named = error as { address?: unknown }
  if (typeof named.address === 'string') named.address = readable(named.address)
  return error
}

/** `taken`: it cannot be bound. A lease has it, or for an instant another process that looks at it in the same way. */
export type Look = 'locked' | 'taken' | 'unlocked'

/** The locks that somebody has at the time of the first question. */
export class LocksNow {
  #names: ReadonlySet<string> | 'unreadable' | undefined

  /** Forgets what was read. The next question reads the locks again. */
  forget(): void {
    this.#names = undefined
  }

  /** Whether somebody has a lock. Also `unlocked` if the system allows neither to read the list nor to try the lock. */
  look(protocol: Protocol, port: number): Look {
    const isListed = this.lists(protocol, port)
    if (isListed === undefined) return isTaken(protocol, port) ? 'taken' : 'unlocked'
    return isListed ? 'locked' : 'unlocked'
  }

  /** Whether the system's list has a lock. Undefined if the list cannot be read. */
  lists(protocol: Protocol, port: number): boolean | undefined {
    const names = this.read()
    return names === 'unreadable' ? undefined : names.has(`@port4me/${protocol}/${port}`)
  }

  /** Returns the system's list. Reads it if it was not read yet. */
  read(): ReadonlySet<string> | 'unreadable' {
    this.#names ??= readNames() ?? 'unreadable'
    return this.#names
  }
}

/**
 * Tries to take a lock, and releases it at once. For that instant nobody else can take the lock. So this is done only
 * if the system's list cannot be read.
 */
function isTaken(protocol: Protocol, port: number): boolean {
  const [path] = lockNames(protocol, port)
  if (path === undefined || lockRefusal() !== undefined) return false
  try {
    return sockets.bindName(path).is === 'in-use'
  } catch (error) {
    throw withReadableName(error as NodeJS.ErrnoException)
  }
}

/** A line of /proc/net/unix for a stream socket with the name of a lock. Zero bytes are written as @ there. */
const ENTRY =
  /^[\da-f]+: [\dA-F]+ [\dA-F]+ [\dA-F]+ 0001 [\dA-F]+ +\d+ (@port4me\/(?:tcp|udp)\/\d{1,5})(@*)$/gm

/** The names of locks in /proc/net/unix (proc_pid_net(5)). Undefined if the file cannot be read. */
function readNames(): Set<string> | undefined {
  let sockets: string
  try {
    sockets = readFileSync('/proc/net/unix', 'latin1')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EMFILE' || code === 'ENFILE') throw error
    return undefined // no /proc, or a policy
  }
  const names = new Set<string>()
  for (const [, name = '', filling = ''] of sockets.matchAll(ENTRY)) {
    if (filling === '' || name.length + filling.length === LONGEST_NAME) names.add(name)
  }
  return names
}
