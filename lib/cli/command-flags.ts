// The flags of each command, from the table of settings.

import {
  type Command,
  OPTION_FLAGS,
  OPTIONS,
  PROGRAM_FLAGS,
  type ProgramFlag,
  SETTINGS,
  type Setting,
} from '../settings/table.js'

/** A flag of a command. One of type `string` has a value. */
interface FlagRow {
  readonly type: 'string' | 'boolean'
  /** Its one-letter forms. */
  readonly short: readonly string[]
}

type Flags = Readonly<Record<string, FlagRow>>

/** The flags of a command, from the table. */
export function flagsOf(command: Command): Flags {
  const flags: Record<string, FlagRow> = {}
  for (const option of OPTIONS) {
    const { flag, kind, only }: Setting = SETTINGS[option]
    const has =
      command === 'run' ||
      (command === 'port4me' ? only !== 'lease' : OPTION_FLAGS[command].includes(option))
    if (flag !== undefined && has) flags[flag] = { type: typeOf(kind), short: [] }
  }
  for (const [flag, row] of Object.entries<ProgramFlag>(PROGRAM_FLAGS)) {
    const { kind, of, short = [] } = row
    if (of.includes(command)) flags[flag] = { type: typeOf(kind), short }
  }
  return flags
}

function typeOf(kind: Setting['kind']): FlagRow['type'] {
  return kind === 'boolean' ? 'boolean' : 'string'
}
