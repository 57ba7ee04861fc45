// port4me stop: ends the process that listens on a port.

import { parseStopLine } from './commands.js'
import { usage } from './flags.js'
import { printHelp } from './help.js'

/** Answers `port4me stop`. Returns the exit status. */
export function stopCommand(args: readonly string[]): number | Promise<number> {
  const { help } = parseStopLine(args)
  if (help) return printHelp('stop')
  throw usage('stop is not built yet')
}
