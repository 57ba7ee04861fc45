// Finds holders on Windows with programs of the system.
//
// netstat tells the sockets. Its words are translated, so only numbers and addresses are read. PowerShell tells the
// processes: no other program tells the command line, the parent and the start time (wmic did, but new versions of
// Windows lack it). It prints JSON, which does not depend on the language. Where PowerShell cannot be run or is
// restricted, tasklist tells at least the names.

import type { HoldersArguments, ProcessReport, SocketReport } from '../../../../binding.js'
import { Ask, State } from '../../../codes.js'
import type { Command, Printed } from '../../../system-program.js'
import { asks, reportOf } from './reports.js'
import { type HolderSteps, outputOf } from './steps.js'

export function* netstatSteps(...args: HoldersArguments): HolderSteps {
  const [ports, protocols, states] = args
  const text = checked(yield { file: 'netstat.exe', args: ['-ano'] })
  const sockets = parseSockets(text)
    .filter(({ protocol }) => (protocols & (protocol === 'tcp' ? Ask.TCP : Ask.UDP)) !== 0)
    .filter(asks(ports, states))
  if (sockets.length === 0) return { sockets, processes: [] }
  const holders = [...new Set(sockets.flatMap(({ pids }) => pids))]
  let processes = parseProcesses(yield* outputOf(processesOf(holders)))
  if (processes.size === 0) processes = parseTasks(yield* outputOf(TASKS))
  // Windows keeps the number of a process that has ended while another one still has the socket.
  const isRunning = (pid: number) => processes.size === 0 || processes.has(pid)
  const seen = sockets.map((socket) => ({ ...socket, pids: socket.pids.filter(isRunning) }))
  return reportOf(seen, (pid) => {
    const details = processes.get(pid)
    if (details === undefined) return undefined
    const known = withoutStranger(details, processes)
    // Windows does not tell the working directory of another process.
    return pid === process.pid ? { ...known, cwd: process.cwd() } : known
  })
}

function checked(printed: Printed | undefined): string {
  if (printed?.status === 0) return printed.stdout
  const message = `netstat -ano failed with exit status ${printed?.status}`
  throw Object.assign(new Error(message), { code: 'UNKNOWN', syscall: 'netstat' })
}

/** `TCP 0.0.0.0:135 0.0.0.0:0 LISTENING 1044`, `UDP [::1]:1900 *:* 3300` */
const ROW = /^ *(TCP|UDP) +(\S+):(\d+) +(\S+):(\d+|\*) +(?:.*\S +)?(\d+) *\r?$/gm

function parseSockets(text: string): SocketReport[] {
  return [...text.matchAll(ROW)].map(
    ([, protocol, local = '', port, peer = '', peerPort = '', pid]) => ({
      port: Number(port),
      protocol: protocol === 'UDP' ? 'udp' : 'tcp',
      address: local.replace(/^\[(.*)\]$/, '$1').replace(/^::ffff:(?=[\d.]+$)/i, ''),
      state: stateOf(peer, peerPort, Number(pid)),
      pids: pid === '0' ? [] : [Number(pid)],
    }),
  )
}

/** The state by the address of the peer, because its word is translated. A UDP socket has no peer. */
function stateOf(peer: string, peerPort: string, pid: number): number {
  if (peerPort === '*') return State.BOUND
  if (peerPort === '0' && (peer === '0.0.0.0' || peer === '[::]')) return State.LISTENING
  return pid === 0 ? State.TIME_WAIT : State.CONNECTED // no process has a connection in TIME_WAIT
}

/**
 * Prints one line of JSON for each process of the system, with the owner only for some, because each owner takes a call
 * of its own. The script has no double quotes, which would have to be escaped. 'o' is a form of time that no language
 * changes.
 */
const processesOf = (pids: readonly number[]): Command => ({
  file: 'powershell.exe',
  args: [
    '-NoProfile',
    '-NonInteractive',
    '-Command',
    [
      "$ErrorActionPreference = 'SilentlyContinue';",
      'try { [Console]::OutputEncoding = New-Object Text.UTF8Encoding $false } catch { };',
      `$holders = @(${pids.join(',')});`,
      'foreach ($p in Get-CimInstance Win32_Process) {',
      '$user = $null; $started = $null;',
      'if ($holders -contains $p.ProcessId) {',
      '$user = (Invoke-CimMethod -InputObject $p -MethodName GetOwner).User };',
      "if ($p.CreationDate) { $started = $p.CreationDate.ToUniversalTime().ToString('o') };",
      'ConvertTo-Json -Compress @{ pid = $p.ProcessId; parent = $p.ParentProcessId;',
      'name = $p.Name; command = $p.CommandLine; user = $user; started = $started } }',
    ].join(' '),
  ],
})

const TASKS: Command = { file: 'tasklist.exe', args: ['/FO', 'CSV', '/NH'] }

/** A line that processesOf() prints. */
interface Line {
  readonly pid: number
  readonly parent: number | null
  readonly name: string | null
  readonly command: string | null
  readonly user: string | null
  readonly started: string | null
}

function parseProcesses(text: string): Map<number, ProcessReport> {
  const processes = new Map<number, ProcessReport>()
  for (const line of text.split(/[\r\n]+/)) {
    const found = parseLine(line.replace(/^\uFEFF/, ''))
    if (found === undefined) continue
    const { pid, parent, name, command, user, started } = found
    const startedAt = Date.parse(started ?? '')
    processes.set(pid, {
      pid,
      ...(parent && { parent }),
      ...(name && { name }),
      ...(command && { command }),
      ...(user && { user }),
      ...(!Number.isNaN(startedAt) && { startedAt }),
    })
  }
  return processes
}

function parseLine(line: string): Line | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    return JSON.parse(line) as Line
  } catch {
    return undefined
  }
}

/** The rows of tasklist: `"node.exe","1234","Console","1","40,000 K"`. */
function parseTasks(text: string): Map<number, ProcessReport> {
  return new Map(
    [...text.matchAll(/^"([^"]*)","(\d+)"/gm)].map(([, name = '', pid]) => [
      Number(pid),
      { pid: Number(pid), name },
    ]),
  )
}

/**
 * The process without its parent, unless that is known to be older. Windows keeps the number of a parent that has ended,
 * and uses the number again for a younger process.
 */
function withoutStranger(
  details: ProcessReport,
  processes: ReadonlyMap<number, ProcessReport>,
): ProcessReport {
  const { parent, ...others } = details
  const parentStart = parent === undefined ? undefined : processes.get(parent)?.startedAt
  const { startedAt } = details
  const isOlder = parentStart !== undefined && startedAt !== undefined && parentStart <= startedAt
  return isOlder ? details : others
}
