// port4me wait: waits until a server accepts connections on a port.

import { parseWaitLine } from './commands.js'
import { usage } from './flags.js'
import { printHelp } from './help.js'

/** Answers `port4me wait`. Returns the exit status. */
export async function waitCommand(args: readonly string[]): Promise<number> {
  const { help } = parseWaitLine(args)
  if (help) return printHelp('wait')
  throw usage('wait is not built yet')
}
