// port4me who: who has which port.

import { fstatSync } from 'node:fs'
import { probe } from '../availability.js'
import { printable } from '../errors.js'
import { excludedRange } from '../holders/excluded.js'
import { listHolders } from '../holders/holders.js'
import { write } from '../output.js'
import type { HolderState, PortHolder } from '../types.js'
import { parseWhoLine, type WhoLine } from './commands.js'
import { printHelp } from './help.js'
import type { Paper } from './table.js'
import { table } from './who-table.js'

const ALL: readonly HolderState[] = ['listening', 'bound', 'connected', 'time-wait']

/** Answers `port4me who`. Returns the exit status: 1 if nobody has one of the ports. */
export function whoCommand(args: readonly string[]): number {
  const line = parseWhoLine(args)
  if (line.help) return printHelp('who')
  const { ports, protocol, family, all, json } = line
  const states = all ? ALL : undefined
  const holders = listHolders({ ports, protocol, family, states })
  if (json) {
    write(1, `${JSON.stringify(holders)}\n`)
  } else if (holders.length > 0) {
    write(1, table(holders, all, paper()))
    write(2, noteOn(holders, args)) // so that a program that reads the table need not know it
  } else {
    write(1, `${nobody(line)}\n`)
  }
  return holders.length === 0 && ports !== undefined ? 1 : 0
}

/** What stdout is. */
export function paper(): Paper {
  if (!mayBeTerminal() || !process.stdout.isTTY) return { width: undefined, bold: false }
  // A terminal that does not tell its width says 0. hasColors() obeys NO_COLOR and TERM=dumb.
  return { width: process.stdout.columns || 80, bold: process.stdout.hasColors() }
}

/** Whether stdout may be a terminal. process.stdout knows for certain, but takes milliseconds to load. */
function mayBeTerminal(): boolean {
  try {
    return fstatSync(1).isCharacterDevice()
  } catch {
    return true // libuv cannot tell of every handle of Windows
  }
}

/** A line for each reason why a process is not shown. Empty if all are. */
function noteOn(holders: readonly PortHolder[], args: readonly string[]): string {
  const unseen = holders.filter(({ pid, state }) => pid === undefined && state !== 'time-wait')
  const own = process.geteuid?.()
  const isOthers = ({ uid }: PortHolder) => own !== 0 && uid !== own
  const lines: string[] = []
  if (unseen.some(isOthers)) {
    const again = printable(['sudo port4me who', ...args].join(' '))
    lines.push(`? is a process of another user, or the system itself. To see it: ${again}\n`)
  }
  if (!unseen.every(isOthers)) {
    lines.push('? is the system itself, or a process that cannot be seen from here (a container)\n')
  }
  return lines.join('')
}

/** Says that nobody has the ports, as far as it is true. */
function nobody({ ports, protocol, family, all }: WhoLine): string {
  const on = [protocol, family].flatMap((name) => NAMES[name ?? 'both'] ?? [])
  const where = on.length === 0 ? '' : ` on ${on.join(', ')}`
  if (ports === undefined) return `no port is in use${where}`
  const what = `${ports.length === 1 ? 'port' : 'one of the ports'} ${ranges(ports)}${where}`
  const states: readonly HolderState[] = ['connected', 'time-wait']
  if (!all && listHolders({ ports, protocol, family, states }).length > 0) {
    return `nobody has ${what}, but there are connections; --all shows them`
  }
  const statuses = probe(ports, { protocol, family })
  const taken = statuses.filter(({ reason }) => reason === 'in-use').map(({ port }) => port)
  if (taken.length > 0) {
    const which = ports.length === 1 ? 'it' : ranges(taken)
    return `nobody that can be seen has ${what}, but ${which} ${taken.length === 1 ? 'is' : 'are'} not free`
  }
  const denied = statuses.find(({ reason }) => reason === 'denied')
  const excluded = denied && excludedRange(denied.port, denied.protocol === 'udp' ? 'udp' : 'tcp')
  if (excluded === undefined) return `nobody has ${what}`
  return `nobody has ${what}, but Windows excludes the ports from ${excluded.first} to ${excluded.last}`
}

const NAMES: Readonly<Record<string, string>> = {
  tcp: 'TCP',
  udp: 'UDP',
  ipv4: 'IPv4',
  ipv6: 'IPv6',
}

/** `3000, 8080-8090` */
function ranges(ports: readonly number[]): string {
  const found: [number, number][] = []
  for (const port of ports) {
    const last = found.at(-1)
    if (last !== undefined && last[1] === port - 1) last[1] = port
    else found.push([port, port])
  }
  return found.map(([from, to]) => (from === to ? from : `${from}-${to}`)).join(', ')
}
