// Reads the tables of sockets in /proc/net: proc_pid_net(5). They have no TCP sockets that are bound but neither listen
// nor are connected.

import { readFileSync } from 'node:fs'
import type { HoldersArguments, SocketReport } from '../../../../binding.js'
import { Ask, State } from '../../../codes.js'
import type { Protocol } from '../endpoints.js'

/** A socket, and the number of its inode, which the links in /proc/PID/fd name. 0: no process has the socket. */
export interface InetSocket {
  readonly report: SocketReport
  readonly inode: number
}

/** A lock of a leased port (lock.ts). It may have two names, and so two sockets. */
export interface LeaseLock {
  readonly protocol: Protocol
  readonly port: number
  readonly inode: number
}

/** The sockets on these ports, in all states. */
export function listInetSockets([ports, protocols]: HoldersArguments): InetSocket[] {
  const asked = new Set(ports)
  const sockets: InetSocket[] = []
  for (const protocol of protocolsIn(protocols)) {
    for (const ipv6 of [false, true]) {
      const lines = readTable(`/proc/net/${protocol}${ipv6 ? '6' : ''}`, ipv6).split('\n')
      for (const line of lines) {
        const socket = readLine(line, protocol)
        if (socket === undefined || (asked.size > 0 && !asked.has(socket.report.port))) continue
        sockets.push(socket)
      }
    }
  }
  return sockets
}

/** The locks of leases on these ports. None where the table cannot be read. */
export function listLeaseLocks([ports, protocols]: HoldersArguments): LeaseLock[] {
  const asked = new Set(ports)
  // The padded name ends with zero bytes, which the table writes as @. The flag is that of a socket that listens: a
  // connection that was not accepted has the same name.
  const lines = /^(?:\S+ +){3}00010000 +(?:\S+ +){2}(\d+) @port4me\/(tcp|udp)\/(\d{1,5})@*$/gm
  return [...textOf('/proc/net/unix').matchAll(lines)].flatMap(([, inode, protocol, port]) => {
    const lock = { protocol: protocol as Protocol, port: Number(port), inode: Number(inode) }
    const isAsked = asked.size === 0 || asked.has(lock.port)
    return isAsked && protocolsIn(protocols).includes(lock.protocol) ? [lock] : []
  })
}

/** The label of a lease: labelNames() in lock.ts. */
export interface LeaseLabel {
  readonly label: string
  readonly port: number
  readonly inode: number
}

export function listLeaseLabels(ports: Uint16Array): LeaseLabel[] {
  const asked = new Set(ports)
  const lines = /^(?:\S+ +){6}(\d+) @port4me\/service\/([\da-f]+)\/([1-9]\d{0,4})@*$/gm
  return [...textOf('/proc/net/unix').matchAll(lines)].flatMap(([, inode, label = '', port]) => {
    const found = { label, port: Number(port), inode: Number(inode) }
    return asked.size === 0 || asked.has(found.port) ? [found] : []
  })
}

function protocolsIn(protocols: number): Protocol[] {
  return [
    ...((protocols & Ask.TCP) !== 0 ? (['tcp'] as const) : []),
    ...((protocols & Ask.UDP) !== 0 ? (['udp'] as const) : []),
  ]
}

function readTable(path: string, ipv6: boolean): string {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    // Without IPv6 in the kernel there is no table for it.
    if (ipv6 && (error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw error
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

/** The states of a TCP socket: include/net/tcp_states.h of Linux. */
const KERNEL_STATES: Readonly<Record<number, number>> = {
  6: State.TIME_WAIT,
  7: State.BOUND,
  10: State.LISTENING,
}
/** Connections that the kernel has not accepted yet. They belong to their listener, and are left out. */
const HALF_OPEN = [3, 12]

function readLine(line: string, protocol: Protocol): InetSocket | undefined {
  const [, local, , kernelState, , , , uid, , inode] = line.trim().split(/\s+/)
  const [, address, port] = /^([\dA-F]{8}|[\dA-F]{32}):([\dA-F]{4})$/.exec(local ?? '') ?? []
  if (address === undefined || port === undefined) return undefined
  const state = Number.parseInt(kernelState as string, 16)
  if (port === '0000' || HALF_OPEN.includes(state)) return undefined
  return {
    report: {
      port: Number.parseInt(port, 16),
      protocol,
      address: readAddress(address),
      state: KERNEL_STATES[state] ?? State.CONNECTED,
      // The table says 0 if no process has the socket.
      ...(inode !== '0' && { uid: Number(uid) }),
      pids: [],
    },
    inode: Number(inode),
  }
}

const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/** Reads an address. It is written as words of 32 bits, each as a number of this machine. */
function readAddress(hex: string): string {
  const bytes = hex.match(/../g)?.map((byte) => Number.parseInt(byte, 16)) ?? []
  const words = bytes.length / 4
  const inOrder = Array.from({ length: words }, (_, word) => {
    const four = bytes.slice(word * 4, word * 4 + 4)
    return IS_LITTLE_ENDIAN ? four.reverse() : four
  }).flat()
  if (words === 1) return inOrder.join('.')
  if (/^0{20}ffff/.test(toHex(inOrder))) return inOrder.slice(12).join('.') // IPv4-mapped: RFC 4291
  return ipv6Text(inOrder)
}

function toHex(bytes: readonly number[]): string {
  return bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** The shortest form: RFC 5952. */
function ipv6Text(bytes: readonly number[]): string {
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[i * 2] as number) << 8) | (bytes[i * 2 + 1] as number)).toString(16),
  )
  const text = groups.join(':')
  const zeros = [...text.matchAll(/\b0(?::0)+\b/g)].sort((a, b) => b[0].length - a[0].length)[0]
  if (zeros === undefined) return text
  const before = text.slice(0, zeros.index).replace(/:$/, '')
  const after = text.slice(zeros.index + zeros[0].length).replace(/^:/, '')
  return `${before}::${after}`
}
