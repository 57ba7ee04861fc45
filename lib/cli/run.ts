// port4me run: runs a command and leases a port while it runs.

import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:os'
import { quote } from '../errors.js'
import { leaseFor, SERVERS_BIND_HELD_PORTS } from '../lease.js'
import { environmentWith } from '../settings/environment.js'
import type { PortLease } from '../types.js'
import { parseRunLine } from './commands.js'
import { flagOf } from './flags.js'
import { printHelp } from './help.js'
import { fail } from './report.js'
import { Forwarder } from './witness.js'

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGBREAK'] as const

/** Runs the command of `port4me run`. Returns its exit status. */
export function runCommand(args: readonly string[]): number | Promise<number> {
  const { options, env, command } = parseRunLine(args)
  if (command === undefined) return printHelp('run')
  const lease = leaseFor(options, flagOf)
  // The command is another process and binds the port by its number. Where it cannot while the port is held, the lease
  // ends first.
  if (options.exclusive || !SERVERS_BIND_HELD_PORTS) lease.release()
  return start(command, env, lease)
}

/** Starts the command and waits for its end. */
async function start(
  [file, ...args]: readonly [string, ...string[]],
  env: string,
  lease: PortLease,
): Promise<number> {
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
  return new Promise((resolve) => {
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (child.pid === undefined) end(failedToStart(file, error))
    })
    if (child.pid !== undefined) forwarder.start()
    child.on('exit', (code, signal) =>
      end(code ?? 128 + constants.signals[signal as NodeJS.Signals]),
    )

    function end(status: number): void {
      lease.release()
      forwarder.stop()
      resolve(status)
    }
  })
}

/** The exit statuses that a shell returns: POSIX.1-2024, XCU 2.8.2. */
function failedToStart(file: string, { code, message }: NodeJS.ErrnoException): number {
  if (code === 'ENOENT') return fail(127, `the command ${quote(file)} was not found`)
  return fail(126, `the command ${quote(file)} cannot be run: ${code ?? message}`)
}
