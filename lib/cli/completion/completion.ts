// The completion scripts, from the table of settings.

import { COMMANDS, PROGRAM_FLAGS } from '../../settings/table.js'
import { oneOf } from '../../settings/values.js'
import { manualOf } from '../manual.js'
import { bashScript } from './bash.js'
import { fishScript } from './fish.js'
import { type Completed, completedOf } from './flags.js'
import { zshScript } from './zsh.js'

/** What to complete for a program. */
export interface Completion {
  readonly program: 'port4me' | 'openport'
  /** The flags without a command. */
  readonly flags: readonly Completed[]
  /** The commands, in order. */
  readonly commands: readonly CompletedCommand[]
}

interface CompletedCommand {
  readonly name: string
  readonly says: string
  readonly flags: readonly Completed[]
  /** What its arguments are called. */
  readonly argument: 'tool' | 'service' | 'port' | 'command' | undefined
}

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript }

export function completion(program: 'port4me' | 'openport', shell: string): string {
  const known = oneOf(shell, '--completion', PROGRAM_FLAGS.completion.choices)
  return SCRIPTS[known]({
    program,
    flags: completedOf(program),
    commands: program === 'openport' ? [] : COMMANDS.map(completedCommand),
  })
}

function completedCommand(name: (typeof COMMANDS)[number]): CompletedCommand {
  if (name === 'help') {
    return { name, says: 'the help of a command', flags: [], argument: 'command' }
  }
  const argument = ARGUMENTS[name]
  return { name, says: manualOf(name).says, flags: completedOf(name), argument }
}

const ARGUMENTS = {
  run: 'tool',
  services: undefined,
  url: 'service',
  env: undefined,
  who: 'port',
  map: undefined,
  stop: 'port',
  wait: 'port',
} as const
