// The part of the programs that a plain call of port4me or openport does not load.

import '../core.js'
import { quote } from '../errors.js'
import { write } from '../output.js'
import { COMMANDS, type Command } from '../settings/table.js'
import { completion } from './completion/completion.js'
import { envCommand } from './env.js'
import { parseCommandLine, readFlags, usage } from './flags.js'
import { printHelp } from './help.js'
import { mapCommand } from './map.js'
import { reporting } from './report.js'
import { runCommand } from './run.js'
import { servicesCommand } from './services.js'
import { stopCommand } from './stop.js'
import { urlCommand } from './url.js'
import { waitCommand } from './wait.js'
import { whoCommand } from './who.js'
import { why } from './why.js'

type Status = number | Promise<number>

/** Answers a call of port4me with a command, or with --help, --completion or --why. Returns the exit status. */
export function main(args: readonly string[]): Status {
  return reporting(() => answerTo(args))
}

/** Answers a call of openport with --help or --completion. Returns the exit status. */
export function mainOfOpenport(args: readonly string[]): Status {
  return reporting(() => {
    const { texts } = readFlags(args, 'openport')
    const shell = texts.get('completion')
    return shell === undefined ? printHelp('openport') : printCompletion('openport', shell)
  }, 'openport')
}

function answerTo(args: readonly string[]): Status {
  const [first, ...rest] = args
  switch (first) {
    case 'run':
      return runCommand(rest)
    case 'services':
      return servicesCommand(rest)
    case 'url':
      return urlCommand(rest)
    case 'env':
      return envCommand(rest)
    case 'who':
      return whoCommand(rest)
    case 'map':
      return mapCommand(rest)
    case 'stop':
      return stopCommand(rest)
    case 'wait':
      return waitCommand(rest)
    case 'help':
      return printHelp(topic(rest))
    default: {
      const line = parseCommandLine(args)
      if (line.help) return printHelp('port4me')
      if (line.completion !== undefined) return printCompletion('port4me', line.completion)
      if (line.why !== undefined) return why(line.why, line)
      throw new Error('port4me-more.js was loaded without a question for it')
    }
  }
}

/** The command that `port4me help` asks about. */
function topic([word]: readonly string[]): Command {
  if (word === undefined || word === 'help') return 'port4me'
  const command = COMMANDS.find((name) => name === word)
  if (command !== undefined && command !== 'help') return command
  throw usage(`there is no command ${quote(word)}; the commands are ${COMMANDS.join(', ')}`)
}

function printCompletion(program: 'port4me' | 'openport', shell: string): number {
  write(1, completion(program, shell))
  return 0
}
