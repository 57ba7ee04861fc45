// The ports that the system gives to programs that ask for any port.

import { readFileSync } from 'node:fs'
import { asSystemError, Port4meError } from '../errors.js'
import { type Command, printedNow } from '../system-program.js'

/** The range, as a text of ports: `'32768-60999'`. */
export function ephemeralPorts(): string {
  switch (process.platform) {
    case 'linux':
    case 'android':
      return rangeIn(linuxRange(), 'net.ipv4.ip_local_port_range')
    case 'win32':
      return windowsRange(outputOf(NETSH))
    default: {
      const [first, last] = NAMES[process.platform] ?? NAMES.freebsd
      return rangeIn(
        outputOf({ file: 'sysctl', args: ['-n', first, last] }),
        `${first} and ${last}`,
      )
    }
  }
}

/** ip(7). */
function linuxRange(): string {
  try {
    return readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'latin1')
  } catch (error) {
    throw asSystemError(error)
  }
}

/** The settings of each system: ip(4) of FreeBSD, OpenBSD and NetBSD. macOS has those of FreeBSD. */
const NAMES: Readonly<Partial<Record<NodeJS.Platform, readonly [string, string]>>> & {
  readonly freebsd: readonly [string, string]
} = {
  freebsd: ['net.inet.ip.portrange.first', 'net.inet.ip.portrange.last'],
  openbsd: ['net.inet.ip.porthifirst', 'net.inet.ip.porthilast'],
  netbsd: ['net.inet.ip.anonportmin', 'net.inet.ip.anonportmax'],
}

const NETSH: Command = {
  file: 'netsh',
  args: ['interface', 'ipv4', 'show', 'dynamicport', 'protocol=tcp'],
}

function outputOf(command: Command): string {
  const printed = printedNow(command)
  if (printed instanceof Error) throw asSystemError(printed)
  return printed.stdout
}

/** Reads two ports, first and last. */
export function rangeIn(text: string, setting: string): string {
  const [first, last] = (text.match(/\d+/g) ?? []).map(Number)
  if (isPort(first) && isPort(last) && first <= last) return `${first}-${last}`
  throw unreadable(setting, text)
}

/** Reads the output of netsh: the first port, and how many there are. The words before the numbers are translated. */
export function windowsRange(text: string): string {
  const [first, count] = [...text.matchAll(/:\s*(\d+)\s*$/gm)].map(([, number]) => Number(number))
  if (isPort(first) && isPort(count) && first + count - 1 <= 65535) {
    return `${first}-${first + count - 1}`
  }
  throw unreadable('netsh', text)
}

function isPort(number: number | undefined): number is number {
  return number !== undefined && number >= 1 && number <= 65535
}

function unreadable(setting: string, text: string): Port4meError {
  return new Port4meError(
    'ERR_SYSTEM',
    `the system does not tell which ports it gives out: ${setting} is ${JSON.stringify(text.trim().slice(0, 100))}`,
  )
}
