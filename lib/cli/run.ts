// port4me run: runs a command and leases a port while it runs.

import '../core.js'
import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:os'
import { quote } from '../errors.js'
import { leaseFor, SERVERS_BIND_HELD_PORTS } from '../lease.js'
import { write } from '../output.js'
import { environmentWith } from '../settings/environment.js'
import type { PortLease } from '../types.js'
import { flagOf, parseRunLine } from './flags.js'
import { runHelp } from './help.js'
import { fail, reporting } from './report.js'
import { Forwarder } from './witness.js'

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGBREAK'] as const

/** Runs the command of `port4me run`. When the command ends, its exit status becomes that of this process. */
export function runCommand(args: readonly string[]): void {
  process.exitCode = reporting(() => {
    const { options, env, command } = parseRunLine(args)
    if (command === undefined) {
      write(1, runHelp())
    } else {
      const lease = leaseFor(options, flagOf)
      // The command is another process and binds the port by its number. Where it cannot while the port is held, the
      // lease ends first.
      if (options.exclusive || !SERVERS_BIND_HELD_PORTS) lease.release()
      return start(command, env, lease)
    }
    return 0
  })
}

/** Starts the command. Returns 0, or an exit status if the command cannot be started. Its end sets the exit status. */
function start(
  [file, ...args]: readonly [string, ...string[]],
  env: string,
  lease: PortLease,
): number {
  const port = String(lease.port)
  let child: ChildProcess | undefined
  // A signal ends the command, and then this process ends.
  const forwarder = new Forwarder(FORWARDED, (signal) => child?.kill(signal))
  try {
    child = spawn(
      file,
      args.map((word) => word.replaceAll('{port}', port)),
      { stdio: 'inherit', env: environmentWith(env, port) },
    )
  } catch (error) {
    lease.release()
    return failedToStart(file, error as NodeJS.ErrnoException)
  }
  child.on('error', (error: NodeJS.ErrnoException) => {
    if (child?.pid === undefined) end(failedToStart(file, error))
  })
  if (child.pid !== undefined) forwarder.start()
  child.on('exit', (code, signal) => end(code ?? 128 + constants.signals[signal as NodeJS.Signals]))
  return 0

  function end(status: number): void {
    lease.release()
    forwarder.stop()
    process.exitCode = status
  }
}

/** The exit statuses that a shell returns: POSIX.1-2024, XCU 2.8.2. */
function failedToStart(file: string, { code, message }: NodeJS.ErrnoException): number {
  if (code === 'ENOENT') return fail(127, `the command ${quote(file)} was not found`)
  return fail(126, `the command ${quote(file)} cannot be run: ${code ?? message}`)
}
