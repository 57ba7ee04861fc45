// The command line of port4me, read into what the user asks for.

import { parseArgs } from 'node:util'
import { Port4meError, quote } from '../errors.js'
import { MAX_COUNT } from '../port4me.js'
import { integerText } from '../settings/values.js'
import type { Port4meOptions, ProbeOptions, WorkerShare } from '../types.js'

const FLAGS = {
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
  list: { type: 'string' },
  test: { type: 'string' },
  why: { type: 'string' },
  json: { type: 'boolean' },
  debug: { type: 'boolean' },
  completion: { type: 'string' },
  help: { type: 'boolean' },
  version: { type: 'boolean' },
} as const

type Flag = keyof typeof FLAGS

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
  // Not strict: its messages do not say what is allowed.
  const { tokens } = parseArgs({
    args: [...args],
    options: FLAGS,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const texts = new Map<Flag, string>()
  const switches = new Set<Flag>()
  for (const token of tokens) {
    if (token.kind === 'positional') setTool(token.value)
    if (token.kind !== 'option') continue
    const { name, rawName, value } = token
    if (!isFlag(name) || rawName !== `--${name}`) {
      throw usage(`${rawName} is no flag; those are --${Object.keys(FLAGS).join(', --')}`)
    }
    if (FLAGS[name].type === 'boolean') {
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
  const questions = (['list', 'test', 'why'] as const).filter((flag) => texts.has(flag))
  if (questions.length > 1) {
    throw usage(`one of --list, --test and --why is allowed, not --${questions.join(' and --')}`)
  }
  const number = (flag: Flag, min: number, max: number): number | undefined => {
    const value = texts.get(flag)
    return value === undefined ? undefined : integerText(value, `--${flag}`, min, max)
  }
  return {
    options: {
      user: texts.get('user'),
      tool: texts.get('tool'),
      prepend: texts.get('prepend'),
      include: texts.get('include'),
      exclude: texts.get('exclude'),
      skip: number('skip', 0, Number.MAX_SAFE_INTEGER),
      worker: parseWorker(texts.get('worker')),
      // Checked with the variables that they beat.
      protocol: texts.get('protocol') as ProbeOptions['protocol'],
      family: texts.get('family') as ProbeOptions['family'],
      host: texts.get('host'),
      timeWait: texts.get('time-wait') as ProbeOptions['timeWait'],
      debug: switches.has('debug') || undefined,
    },
    list: number('list', 1, MAX_COUNT),
    test: number('test', 1, 65535),
    why: number('why', 1, 65535),
    completion: texts.get('completion'),
    json: switches.has('json'),
    help: switches.has('help'),
    version: switches.has('version'),
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

function isFlag(name: string): name is Flag {
  return Object.hasOwn(FLAGS, name)
}

export function usage(message: string): Port4meError {
  return new Port4meError('ERR_INVALID_ARG_VALUE', message)
}
