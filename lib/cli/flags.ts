// The command line of port4me, read into what the user asks for.

import { parseArgs } from 'node:util'
import { Port4meError, quote } from '../errors.js'
import { MAX_COUNT } from '../port4me.js'
import { addPorts } from '../settings/port-spec.js'
import { tokensIn } from '../settings/settings.js'
import { integerText } from '../settings/values.js'
import type { LeaseOptions, Port4meOptions, ProbeOptions, WorkerShare } from '../types.js'

/** Which port, and what free means: what every use of the program takes. */
const OPTION_FLAGS = {
  user: { type: 'string' },
  tool: { type: 'string' },
  prepend: { type: 'string' },
  include: { type: 'string' },
  exclude: { type: 'string' },
  skip: { type: 'string' },
  worker: { type: 'string' },
  protocol: { type: 'string' },
  family: { type: 'string' },
  host: { type: 'string' },
  'time-wait': { type: 'string' },
  debug: { type: 'boolean' },
  help: { type: 'boolean' },
} as const

const FLAGS = {
  ...OPTION_FLAGS,
  list: { type: 'string' },
  test: { type: 'string' },
  why: { type: 'string' },
  json: { type: 'boolean' },
  completion: { type: 'string' },
  version: { type: 'boolean' },
} as const

const RUN_FLAGS = { ...OPTION_FLAGS, env: { type: 'string' } } as const

/** What was read: each flag's text, and the flags without a value. */
interface Read {
  readonly texts: ReadonlyMap<string, string>
  readonly switches: ReadonlySet<string>
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
  const read = readFlags(args, FLAGS)
  const { texts, switches } = read
  const questions = (['list', 'test', 'why'] as const).filter((flag) => texts.has(flag))
  if (questions.length > 1) {
    throw usage(`one of --list, --test and --why is allowed, not --${questions.join(' and --')}`)
  }
  return {
    options: optionsOf(read),
    list: integerOf(read, 'list', 1, MAX_COUNT),
    test: integerOf(read, 'test', 1, 65535),
    why: integerOf(read, 'why', 1, 65535),
    completion: texts.get('completion'),
    json: switches.has('json'),
    help: switches.has('help'),
    version: switches.has('version'),
  }
}

export interface RunLine {
  readonly options: LeaseOptions
  /** The variable for the port. */
  readonly env: string
  /** With its arguments; undefined: only help is asked for. */
  readonly command: readonly [string, ...string[]] | undefined
}

/** The words after `port4me run`. */
export function parseRunLine(args: readonly string[]): RunLine {
  const end = args.indexOf('--')
  const read = readFlags(end === -1 ? args : args.slice(0, end), RUN_FLAGS)
  const env = read.texts.get('env') ?? 'PORT'
  if (env.includes('=')) {
    throw usage(`--env must be the name of a variable, without "=", not ${quote(env)}`)
  }
  if (read.switches.has('help')) return { options: {}, env, command: undefined }
  const [command, ...rest] = end === -1 ? [] : args.slice(end + 1)
  if (command === undefined || command === '') {
    throw usage('run needs a command: port4me run [flags] -- COMMAND [ARGUMENTS]')
  }
  return { options: optionsOf(read), env, command: [command, ...rest] }
}

function readFlags<Flag extends string>(
  args: readonly string[],
  flags: Readonly<Record<Flag, { readonly type: 'string' | 'boolean' }>>,
): Read {
  // Not strict: its messages do not say what is allowed.
  const { tokens } = parseArgs({
    args: [...args],
    options: flags,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const texts = new Map<string, string>()
  const switches = new Set<string>()
  for (const token of tokens) {
    if (token.kind === 'positional') setTool(token.value)
    if (token.kind !== 'option') continue
    const { name, rawName, value } = token
    if (!isFlag(name) || rawName !== `--${name}`) {
      throw usage(`${rawName} is no flag; those are --${Object.keys(flags).join(', --')}`)
    }
    if (flags[name].type === 'boolean') {
      if (value !== undefined) throw usage(`--${name} takes no value, but has ${quote(value)}`)
      switches.add(name)
    } else if (value === undefined || (!token.inlineValue && value.startsWith('--'))) {
      throw usage(`--${name} needs a value: --${name}=VALUE`)
    } else if (value === '') {
      throw usage(`--${name} must not be empty, but is ""`)
    } else if (name === 'tool') {
      setTool(value)
    } else {
      texts.set(name, value)
    }
  }
  return { texts, switches }

  function isFlag(name: string): name is Flag {
    return Object.hasOwn(flags, name)
  }

  function setTool(value: string): void {
    if (value === '') throw usage('the tool must not be empty, but is ""')
    const tool = texts.get('tool')
    if (tool !== undefined) {
      throw usage(`one tool is allowed, but there are two: ${quote(tool)} and ${quote(value)}`)
    }
    texts.set('tool', value)
  }
}

function optionsOf(read: Read): LeaseOptions {
  const { texts, switches } = read
  return {
    user: texts.get('user'),
    tool: texts.get('tool'),
    prepend: portsOf(read, 'prepend'),
    include: portsOf(read, 'include'),
    exclude: portsOf(read, 'exclude'),
    skip: integerOf(read, 'skip', 0, Number.MAX_SAFE_INTEGER),
    worker: parseWorker(texts.get('worker')),
    // Checked with the variables that they beat.
    protocol: texts.get('protocol') as ProbeOptions['protocol'],
    family: texts.get('family') as ProbeOptions['family'],
    host: texts.get('host'),
    timeWait: texts.get('time-wait') as ProbeOptions['timeWait'],
    debug: switches.has('debug') || undefined,
  }
}

/** A set of ports, checked here for those questions too that it does not matter to. */
function portsOf({ texts }: Read, flag: string): string | undefined {
  const value = texts.get(flag)
  if (value !== undefined) addPorts([], value, `--${flag}`, tokensIn({}))
  return value
}

function integerOf({ texts }: Read, flag: string, min: number, max: number): number | undefined {
  const value = texts.get(flag)
  return value === undefined ? undefined : integerText(value, `--${flag}`, min, max)
}

function parseWorker(value: string | undefined): WorkerShare | 'auto' | undefined {
  if (value === undefined || value === 'auto') return value
  const match = /^(\d{1,5})\/(\d{1,5})$/.exec(value)
  const share = { index: Number(match?.[1]), count: Number(match?.[2]) }
  if (!(share.index < share.count && share.count <= 65535)) {
    throw usage(
      `--worker must be I/N, with I from 0 to N - 1 and N to 65535, or auto, not ${quote(value)}`,
    )
  }
  return share
}

/** The flag of an option. */
export function flagOf(option: string): string {
  return option === 'timeWait' ? '--time-wait' : `--${option}`
}

export function usage(message: string): Port4meError {
  return new Port4meError('ERR_INVALID_ARG_VALUE', message)
}
