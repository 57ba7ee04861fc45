// What the program port4me prints, beside errors.

import { write } from '../output.js'
import type { Environment } from '../settings/environment.js'
import { SETTINGS } from '../settings/table.js'
import { fromText } from '../settings/texts.js'
import type { CommandLine } from './flags.js'

export function answer(text: string, json: object, command: CommandLine): void {
  write(1, `${command.json ? JSON.stringify(json) : text}\n`)
}

/** Prints a line on stderr if --debug or its variable asks for it. */
export function debug(line: string, environment: Environment, command: CommandLine): void {
  const { variable } = SETTINGS.debug
  const text = environment[variable]
  if (command.options.debug || (text !== undefined && fromText(SETTINGS.debug, text, variable))) {
    write(2, `port4me: ${line}\n`)
  }
}
