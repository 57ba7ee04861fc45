// Reads the flags of all commands, and the command line of port4me itself.

import { parseArgs } from 'node:util'
import { Port4meError, quote } from '../errors.js'
import { tokensIn } from '../settings/port-set-texts.js'
import { addPortSpec } from '../settings/port-spec.js'
import {
  type Command,
  OPTIONS,
  type Option,
  PROGRAM_FLAGS,
  SETTINGS,
  type Setting,
} from '../settings/table.js'
import { fromText } from '../settings/texts.js'
import type { LeaseOptions, Port4meOptions, WorkerShare } from '../types.js'
import { flagsOf } from './command-flags.js'

/** The flags and words of a command line. */
export interface Read {
  /** The flags with a value. */
  readonly texts: ReadonlyMap<string, string>
  /** The flags without a value. */
  readonly switches: ReadonlySet<string>
  /** The arguments that are not flags. The last one is also the value of --tool, unless that flag comes later. */
  readonly words: readonly string[]
}

export interface CommandLine {
  readonly options: Port4meOptions
  readonly list: number | undefined
  readonly test: number | undefined
  readonly why: number | undefined
  readonly completion: string | undefined
  readonly json: boolean
  readonly help: boolean
  readonly version: boolean
}

export function parseCommandLine(args: readonly string[]): CommandLine {
  const read = readFlags(args, 'port4me')
  const { texts, switches } = read
  checkTool(read)
  const questions = (['list', 'test', 'why'] as const).filter((flag) => texts.has(flag))
  if (questions.length > 1) {
    throw usage(
      `only one of --list, --test and --why is allowed, not --${questions.join(' and --')}`,
    )
  }
  return {
    options: optionsOf(read),
    list: integerOf(read, 'list'),
    test: integerOf(read, 'test'),
    why: integerOf(read, 'why'),
    completion: texts.get('completion'),
    json: switches.has('json'),
    help: switches.has('help'),
    version: switches.has('version'),
  }
}

/** Reads words and flags. Throws if a flag is unknown, lacks its value, or has a value that it does not take. */
export function readFlags(args: readonly string[], command: Command): Read {
  const flags = flagsOf(command)
  // The messages of the strict mode do not say what is allowed.
  const { tokens } = parseArgs({
    args: withValues(args),
    options: Object.fromEntries(Object.entries(flags).map(([name, { type }]) => [name, { type }])),
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const texts = new Map<string, string>()
  const switches = new Set<string>()
  const words: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') {
      words.push(token.value)
      texts.set('tool', token.value)
    }
    if (token.kind !== 'option') continue
    const { rawName, value } = token
    const name = Object.keys(flags).find(
      (known) => rawName === `--${known}` || flags[known]?.short.includes(rawName),
    )
    const flag = name === undefined ? undefined : flags[name]
    if (name === undefined || flag === undefined) throw unknownFlag(rawName, Object.keys(flags))
    if (flag.type === 'boolean') {
      if (value !== undefined) throw usage(`--${name} takes no value, but has ${quote(value)}`)
      switches.add(name)
    } else if (value === undefined || (!token.inlineValue && value.startsWith('--'))) {
      throw usage(`--${name} needs a value: --${name}=VALUE`)
    } else if (value === '' && !mayBeEmpty(name)) {
      throw usage(`--${name} must not be empty, but is ""`)
    } else {
      texts.set(name, value)
    }
  }
  return { texts, switches, words }
}

/** Gives --project alone its value: the project around the working directory. */
function withValues(args: readonly string[]): string[] {
  const end = args.indexOf('--')
  return args.map((arg, i) =>
    arg === '--project' && (end === -1 || i < end) ? '--project=true' : arg,
  )
}

/** Whether a flag may have an empty value, as its option may: no tool, or no ports. */
function mayBeEmpty(flag: string): boolean {
  return (
    flag === 'tool' ||
    OPTIONS.some((option) => option === flag && SETTINGS[option].kind === 'ports')
  )
}

export function checkTool({ words: [one, two] }: Read): void {
  if (one === undefined || two === undefined) return
  throw usage(`only one tool is allowed, but there are two: ${quote(one)} and ${quote(two)}`)
}

/** An error that names the flag that was probably meant, or all flags. */
function unknownFlag(given: string, flags: readonly string[]): Port4meError {
  const name = given.replace(/^-+/, '').toLowerCase()
  const [meant] = flags
    .map((flag) => ({ flag, far: name.length > 30 ? name.length : distance(name, flag) }))
    .filter(({ far }) => far <= Math.min(2, Math.max(1, name.length / 3)))
    .sort((a, b) => a.far - b.far)
    .map(({ flag }) => flag)
  const hint =
    meant === undefined ? `the flags are --${flags.join(', --')}` : `did you mean --${meant}?`
  return usage(`unknown flag ${quote(given)}; ${hint}`)
}

/** The edit distance: how many letters must be added, removed, changed or swapped with the next one. */
function distance(from: string, to: string): number {
  const rows = [Array.from({ length: to.length + 1 }, (_, j) => j)]
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Number.POSITIVE_INFINITY
  for (let i = 1; i <= from.length; i++) {
    const row = [i]
    rows.push(row)
    for (let j = 1; j <= to.length; j++) {
      const isSwapped = from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]
      row[j] = Math.min(
        at(i - 1, j) + 1,
        at(i, j - 1) + 1,
        at(i - 1, j - 1) + Number(from[i - 1] !== to[j - 1]),
        isSwapped ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY,
      )
    }
  }
  return at(from.length, to.length)
}

export function optionsOf({ texts, switches }: Read): LeaseOptions {
  const options: Partial<Record<Option, unknown>> = {}
  for (const option of OPTIONS) {
    const setting: Setting = SETTINGS[option]
    if (setting.flag === undefined) continue
    if (switches.has(setting.flag)) options[option] = true
    const text = texts.get(setting.flag)
    if (text !== undefined) options[option] = optionOf(setting, text)
  }
  return options as LeaseOptions
}

/** Converts the text of a flag to the value of its option. */
function optionOf(setting: Setting, text: string): unknown {
  const name = `--${setting.flag}`
  switch (setting.kind) {
    case 'worker':
      return parseWorker(text)
    case 'ports':
      // Checked here, because some commands (--test, --why) do not use it.
      addPortSpec([], text, name, tokensIn({}))
      return text
    case 'integer':
      return fromText(setting, text, name)
    default:
      return text // checked later, together with its variable
  }
}

function integerOf({ texts }: Read, flag: 'list' | 'test' | 'why'): number | undefined {
  const value = texts.get(flag)
  return value === undefined
    ? undefined
    : (fromText(PROGRAM_FLAGS[flag], value, `--${flag}`) as number)
}

function parseWorker(value: string): WorkerShare | 'auto' {
  if (value === 'auto') return value
  const match = /^(\d{1,5})\/(\d{1,5})$/.exec(value)
  const share = { index: Number(match?.[1]), count: Number(match?.[2]) }
  if (!(share.index < share.count && share.count <= 65535)) {
    throw usage(
      `--worker must be auto or I/N, with I from 0 to N - 1 and N at most 65535, not ${quote(value)}`,
    )
  }
  return share
}

/** The flag of an option. */
export function flagOf(option: Option): string {
  const { flag = option }: Setting = SETTINGS[option]
  return `--${flag}`
}

export function usage(message: string): Port4meError {
  return new Port4meError('ERR_INVALID_ARG_VALUE', message)
}
