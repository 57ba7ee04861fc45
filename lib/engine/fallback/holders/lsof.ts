// Finds holders with lsof(8) and ps(1): macOS and the BSDs.

import { posix } from 'node:path'
import type { HoldersArguments, ProcessReport, SocketReport } from '../../../../binding.js'
import { Ask, State } from '../../../codes.js'
import type { Command, Printed } from '../../../system-program.js'
import { asks, type Mutable, reportOf } from './reports.js'
import { type HolderSteps, outputOf } from './steps.js'

export function* lsofSteps(...args: HoldersArguments): HolderSteps {
  const [ports, protocols, states] = args
  const { sockets, users } = parseSockets(yield* printedSockets(protocols))
  const asked = sockets.filter(asks(ports, states))
  if (asked.length === 0) return { sockets: [], processes: [] }
  const table = parseProcesses(yield* outputOf(PROCESS_TABLE), Date.now())
  for (const [pid, process] of users) table.set(pid, { ...process, ...table.get(pid) })
  const report = reportOf(asked, (pid) => table.get(pid))
  const holders = [...new Set(asked.flatMap(({ pids }) => pids))]
  const pids = holders.join(',')
  const commands = parseCommands(yield* outputOf(commandsOf(pids)))
  const folders = parseFolders(yield* outputOf(foldersOf(pids)))
  const processes = report.processes.map((process) => {
    const [command, cwd] = [commands.get(process.pid), folders.get(process.pid)]
    return {
      ...process,
      ...(command !== undefined && { command }),
      ...(cwd !== undefined && { cwd }),
    }
  })
  return { ...report, processes }
}

// Fields for other programs: each line is a letter and a value ("OUTPUT FOR OTHER PROGRAMS" of lsof(8)). -n and -P: no
// names of hosts and ports. -w: no warnings.
const LSOF = ['-nPw']

/** Yields lsof for all sockets of the protocols, and returns its output. It has no faster way to look for one port. */
function* printedSockets(protocols: number): Generator<Command, string, Printed | undefined> {
  const internet = [
    ...((protocols & Ask.TCP) === 0 ? [] : ['-iTCP']),
    ...((protocols & Ask.UDP) === 0 ? [] : ['-iUDP']),
  ]
  try {
    // The exit status is 1 when there is no such socket.
    const printed = yield { file: 'lsof', args: [...LSOF, '+c0', ...internet, '-FpcuLftdPnT'] }
    return printed?.stdout ?? ''
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    const message = 'spawn lsof ENOENT: without lsof this system does not tell who has a port'
    throw Object.assign(new Error(message), { code: 'ENOENT', syscall: 'spawn lsof' })
  }
}

const PROCESS_TABLE: Command = {
  file: 'ps',
  args: ['-axww', '-o', 'pid=', '-o', 'ppid=', '-o', 'etime=', '-o', 'comm='],
}

const commandsOf = (pids: string): Command => ({
  file: 'ps',
  args: ['-ww', '-o', 'pid=', '-o', 'args=', '-p', pids],
})

const foldersOf = (pids: string): Command => ({
  file: 'lsof',
  args: [...LSOF, '-a', '-dcwd', `-p${pids}`, '-Fpftn'],
})

/** What lsof tells about one descriptor: the letters of its fields, and their values. */
type Fields = ReadonlyMap<string, string>

/** The descriptors of lsof's output, each with the fields of its process. */
function* descriptorsIn(text: string): Generator<Fields> {
  let process = new Map<string, string>()
  let descriptor: Map<string, string> | undefined
  for (const line of text.split('\n')) {
    const [letter, value] = [line.slice(0, 1), line.slice(1)]
    if (letter === 'p' || letter === 'f') {
      if (descriptor !== undefined) yield descriptor
      if (letter === 'p') [process, descriptor] = [new Map([[letter, value]]), undefined]
      else descriptor = new Map(process)
    } else if (letter === 'T') {
      if (value.startsWith('ST=')) descriptor?.set(letter, value.slice('ST='.length))
    } else if (letter !== '') {
      ;(descriptor ?? process).set(letter, value)
    }
  }
  if (descriptor !== undefined) yield descriptor
}

function parseSockets(text: string) {
  const sockets = new Map<string, Mutable<SocketReport> & { readonly pids: number[] }>()
  const users = new Map<number, ProcessReport>()
  for (const fields of descriptorsIn(text)) {
    const place = parsePlace(fields.get('n') ?? '', fields.get('t') === 'IPv6')
    const pid = Number(fields.get('p'))
    if (place === undefined) continue
    users.set(pid, userOf(pid, fields))
    const { port, address, isConnected } = place
    const protocol = fields.get('P') === 'UDP' ? 'udp' : 'tcp'
    const state = stateOf(fields.get('T'), isConnected)
    // The device of a socket identifies it. If several processes have the socket, they have the same one.
    const device = fields.get('d')
    const key = device === undefined ? `${pid} ${fields.get('f')}` : `${protocol} ${port} ${device}`
    const known = sockets.get(key)
    if (known === undefined) {
      sockets.set(key, { port, protocol, address, state, pids: [pid] })
    } else if (!known.pids.includes(pid)) {
      known.pids.push(pid)
    }
  }
  return { sockets: [...sockets.values()], users }
}

function userOf(pid: number, fields: Fields): ProcessReport {
  const [name, user, uid] = [fields.get('c'), fields.get('L'), fields.get('u')]
  return {
    pid,
    ...(name !== undefined && { name: readable(name) }),
    ...(user !== undefined && { user: readable(user) }),
    ...(uid !== undefined && { uid: Number(uid) }),
  }
}

/** Reads `127.0.0.1:80`, `*:80` or `[::1]:80->[::1]:5000`. Undefined for a socket without a port (`*:*`). */
function parsePlace(name: string, isIpv6: boolean) {
  const found = /^(?:\[(?<ipv6>[^\]]+)\]|(?<other>[^:]+)):(?<port>\d+)(?<peer>->)?/.exec(
    name,
  )?.groups
  if (found === undefined) return undefined
  const { ipv6, other, port, peer } = found
  const address = ipv6 ?? (other === '*' ? (isIpv6 ? '::' : '0.0.0.0') : (other ?? ''))
  return { port: Number(port), address: normal(address), isConnected: peer !== undefined }
}

/** macOS and the BSDs write the zone of a link-local address into its second part: `fe80:4::1` is `fe80::1%4`. */
function normal(address: string): string {
  const [, zone = '', rest = ''] = /^fe80:([\da-f]{1,4})(::.*)$/i.exec(address) ?? []
  if (zone !== '') return `fe80${rest}%${Number.parseInt(zone, 16)}`
  return address.replace(/^::ffff:(?=[\d.]+$)/i, '')
}

/** The state by its name in netstat(1). UDP has none. A TCP socket that is only bound is `CLOSED`. */
function stateOf(name: string | undefined, isConnected: boolean): number {
  if (name === 'LISTEN') return State.LISTENING
  if (name === 'TIME_WAIT') return State.TIME_WAIT
  return isConnected ? State.CONNECTED : State.BOUND
}

/** The processes of `ps -o pid=,ppid=,etime=,comm=`. The last column may contain spaces. */
function parseProcesses(text: string, now: number): Map<number, ProcessReport> {
  const processes = new Map<number, ProcessReport>()
  for (const [, pid, parent, elapsed = '', program = ''] of text.matchAll(
    /^ *(\d+) +(\d+) +([\d:-]+) +(.*)$/gm,
  )) {
    const age = secondsOf(elapsed)
    processes.set(Number(pid), {
      pid: Number(pid),
      ...(parent !== '0' && { parent: Number(parent) }),
      ...(program !== '' && { name: posix.basename(program.trimEnd()) }),
      // Only full seconds are known. The start time of ps is written in the user's language, so it is not read.
      ...(age !== undefined && { startedAt: (Math.floor(now / 1000) - age) * 1000 }),
    })
  }
  return processes
}

/** Reads `[[days-]hours:]minutes:seconds`, the etime of POSIX's ps. */
function secondsOf(elapsed: string): number | undefined {
  const found = /^(?:(?:(\d+)-)?(\d+):)?(\d+):(\d+)$/.exec(elapsed)
  if (found === null) return undefined
  const [days, hours, minutes, seconds] = found.slice(1).map((part) => Number(part ?? 0))
  return (((days ?? 0) * 24 + (hours ?? 0)) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0)
}

function parseCommands(text: string): Map<number, string> {
  return new Map(
    [...text.matchAll(/^ *(\d+) (.*)$/gm)].map(([, pid, command = '']) => [
      Number(pid),
      command.trim(),
    ]),
  )
}

function parseFolders(text: string): Map<number, string> {
  const folders = new Map<number, string>()
  for (const fields of descriptorsIn(text)) {
    // The type is another one if the folder may not be read. Then the name is an error message.
    const isFolder = fields.get('t') === 'DIR' && fields.get('f') !== ''
    const path = fields.get('n')
    if (isFolder && path !== undefined) folders.set(Number(fields.get('p')), readable(path))
  }
  return folders
}

/** Undoes what lsof does to bytes that are not printable in the user's locale: it writes them as `\x20`. */
function readable(text: string): string {
  return text.replace(/(?:\\x[\da-f]{2})+/g, (bytes) =>
    Buffer.from(bytes.replaceAll('\\x', ''), 'hex').toString('utf8'),
  )
}
