// port4me who: lists who has which port.

import { parseWhoLine } from './commands.js'
import { usage } from './flags.js'
import { printHelp } from './help.js'

/** Answers `port4me who`. Returns the exit status. */
export function whoCommand(args: readonly string[]): number | Promise<number> {
  const { help } = parseWhoLine(args)
  if (help) return printHelp('who')
  throw usage('who is not built yet')
}
