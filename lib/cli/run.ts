// port4me run: runs a command and leases a port while it runs.

import { leaseFor, SERVERS_BIND_HELD_PORTS } from '../lease.js'
import { environmentWith } from '../settings/environment.js'
import { launch } from './command.js'
import { parseRunLine } from './commands.js'
import { flagOf } from './flags.js'
import { printHelp } from './help.js'
import { hostToAsk, runUntilUp } from './run-wait.js'
import { FORWARDED, Forwarder } from './witness.js'

/** Runs the command of `port4me run`. Returns its exit status. */
export async function runCommand(args: readonly string[]): Promise<number> {
  const { options, env, command, wait, timeout } = parseRunLine(args)
  if (command === undefined) return printHelp('run')
  const host = wait === undefined ? undefined : hostToAsk(options)
  const lease = leaseFor(options, flagOf)
  // The command is another process and binds the port by its number. Where it cannot while the port is held, the lease
  // ends first.
  if (options.exclusive || !SERVERS_BIND_HELD_PORTS) lease.release()
  const { port } = lease
  const filled = (text: string): string => text.replaceAll('{port}', String(port))
  const [file, ...rest] = command
  const words = rest.map(filled)
  const variables = environmentWith(env, String(port))
  try {
    if (wait === undefined) return await run(file, words, variables)
    const server = { file, args: words, port, host, timeout }
    return await runUntilUp(server, filled(wait), variables)
  } finally {
    lease.release()
  }
}

async function run(file: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  // A signal ends the command, and then this process ends.
  const forwarder = new Forwarder(FORWARDED, (signal) => command.child?.kill(signal))
  const command = launch(file, args, { stdio: 'inherit', env })
  if (command.child !== undefined) forwarder.start()
  const status = await command.ended
  forwarder.stop()
  return status
}
