// Finds the processes that hold a port, on Linux, as far as /proc can be read: proc(5).

import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

export interface Holder {
  readonly pid: number
  readonly command: string
}

/** The processes that have sockets on a port, without duplicates. Empty where /proc does not tell. */
export function holdersOf(port: number, protocol: 'tcp' | 'udp' | 'both'): Holder[] {
  const inodes = new Set([...socketsOn(port, TABLES[protocol]), ...locksOf(port, protocol)])
  if (inodes.size === 0) return []
  return listFolder('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => hasSocket(pid, inodes))
    .map((pid) => ({ pid: Number(pid), command: commandOf(pid) }))
}

const TABLES = {
  tcp: ['tcp', 'tcp6'],
  udp: ['udp', 'udp6'],
  both: ['tcp', 'tcp6', 'udp', 'udp6'],
}

/** The sockets of a port, as the links in /proc/PID/fd name them. */
function socketsOn(port: number, tables: readonly string[]): Set<string> {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const links = new Set<string>()
  for (const table of tables) {
    for (const line of readText(`/proc/net/${table}`).split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/)
      // A socket without an inode belongs to no process any more.
      if (fields[1]?.endsWith(wanted) && fields[9] !== '0') links.add(`socket:[${fields[9]}]`)
    }
  }
  return links
}

/**
 * The locks of a leased port (native/system/port_lock.h), as the links in /proc/PID/fd name them. They are needed
 * because a socket that is bound but does not listen is in no table.
 */
function locksOf(port: number, protocol: 'tcp' | 'udp' | 'both'): string[] {
  const name = new RegExp(
    `^(?:\\S+ +){6}(\\d+) @port4me/${protocol === 'both' ? '(?:tcp|udp)' : protocol}/${port}@*$`,
    'gm',
  )
  return [...readText('/proc/net/unix').matchAll(name)].map(([, inode]) => `socket:[${inode}]`)
}

function hasSocket(pid: string, links: ReadonlySet<string>): boolean {
  return listFolder(`/proc/${pid}/fd`).some((descriptor) => {
    try {
      return links.has(readlinkSync(`/proc/${pid}/fd/${descriptor}`))
    } catch {
      return false // it was closed in the meantime
    }
  })
}

function commandOf(pid: string): string {
  const words = readText(`/proc/${pid}/cmdline`)
    .split('\0')
    .filter((word) => word !== '')
  return words.length > 0 ? words.join(' ') : readText(`/proc/${pid}/comm`).trim()
}

/** The names in a folder. Empty if the process has ended or belongs to another user. */
function listFolder(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
