// The flags of a command, as the completion scripts need them.

import {
  type Command,
  FLAG_HELP,
  type Flag,
  OPTIONS,
  PROGRAM_FLAGS,
  type ProgramFlag,
  SETTINGS,
  type Setting,
} from '../../settings/table.js'
import { flagsOf } from '../command-flags.js'

export interface Completed {
  readonly flag: string
  /** Its one-letter forms, without the dash. */
  readonly short: readonly string[]
  /** The word that stands for its value, in small letters. Undefined if the flag has no value. */
  readonly value: string | undefined
  readonly choices: readonly string[]
  readonly says: string
}

export function completedOf(command: Command): Completed[] {
  return Object.entries(flagsOf(command)).map(([flag, { short }]) => {
    const { value, says, in: inCommand } = FLAG_HELP[flag as Flag]
    return {
      flag,
      short: short.map((dashed) => dashed.slice(1)),
      value: value?.toLowerCase(),
      choices: choicesOf(flag),
      // The first part, if it is not a mere word.
      says: (inCommand?.[command] ?? says)
        .replace(/ \(default.*$/, '')
        .replace(/^(.{12,}?)[.;] .*$/, '$1'),
    }
  })
}

function choicesOf(flag: string): readonly string[] {
  const rows: readonly [string, Pick<Setting, 'choices'>][] = [
    ...OPTIONS.map((option): [string, Setting] => [flagName(option), SETTINGS[option]]),
    ...Object.entries<ProgramFlag>(PROGRAM_FLAGS),
  ]
  return rows.find(([name]) => name === flag)?.[1].choices ?? []
}

function flagName(option: (typeof OPTIONS)[number]): string {
  const { flag = '' }: Setting = SETTINGS[option]
  return flag
}
