// port4me wait: waits until a server accepts connections on a port, or until the port is free.

import { waitUntil } from '../wait.js'
import { parseWaitLine } from './commands.js'
import { flagOf } from './flags.js'
import { printHelp } from './help.js'

/** Answers `port4me wait`. Returns the exit status. */
export async function waitCommand(args: readonly string[]): Promise<number> {
  const { port, host, free, timeout, help } = parseWaitLine(args)
  if (help) return printHelp('wait')
  await waitUntil(port, { host, free, timeout }, flagOf)
  return 0
}
