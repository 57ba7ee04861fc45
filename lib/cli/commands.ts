// Reads the command lines of the commands of port4me.

import { readPorts } from '../availability.js'
import { quote } from '../errors.js'
import { isVariableName } from '../services/declared.js'
import { SETTINGS } from '../settings/table.js'
import { integerText } from '../settings/texts.js'
import { oneOf } from '../settings/values.js'
import type { LeaseOptions, ServiceOptions } from '../types.js'
import { checkTool, optionsOf, type Read, readFlags, usage } from './flags.js'

export interface RunLine {
  readonly options: LeaseOptions
  /** The word that names the tool or the service. Undefined if there is none, or if --tool comes after it. */
  readonly name: string | undefined
  /** Whether to lease all declared services. */
  readonly all: boolean
  /** Whether to end a service that runs. */
  readonly restart: boolean
  /** The variable for the port. */
  readonly env: string
  /** The second command, for a shell, which runs when the first one's server is up. */
  readonly wait: string | undefined
  /** How long to wait for the server, in milliseconds. */
  readonly timeout: number | undefined
  /** The command with its arguments; undefined if only help is wanted. */
  readonly command: readonly [string, ...string[]] | undefined
}

/** Reads the arguments after `port4me run`. */
export function parseRunLine(args: readonly string[]): RunLine {
  const end = args.indexOf('--')
  if (end === -1 && args.length > 1 && !args.some((word) => HELP.includes(word))) {
    throw usage(`run needs "--" before the command: ${RUN_USAGE}`)
  }
  const read = readFlags(end === -1 ? args : args.slice(0, end), 'run')
  checkTool(read)
  const { texts, switches, words } = read
  const all = switches.has('all')
  if (all) checkAll(read, end === -1 ? [] : args.slice(end + 1))
  const env = texts.get('env') ?? 'PORT'
  if (!isVariableName(env)) {
    throw usage(
      `--env must be the name of a variable (letters, digits and "_", not beginning with a digit), not ${quote(env)}`,
    )
  }
  const wait = texts.get('wait')
  const timeout = timeoutOf(read)
  if (timeout !== undefined && wait === undefined) {
    throw usage('--timeout is how long --wait waits, and there is no --wait')
  }
  const name = words[0] !== undefined && words[0] === texts.get('tool') ? words[0] : undefined
  const line = { name, all, restart: switches.has('restart'), env, wait, timeout }
  if (switches.has('help')) return { ...line, options: {}, command: undefined }
  const [command, ...rest] = end === -1 ? [] : args.slice(end + 1)
  if (command === undefined || command === '') {
    throw usage(`run needs "--" and then a command: ${RUN_USAGE}`)
  }
  return { ...line, options: optionsOf(read), command: [command, ...rest] }
}

/** Checks what --all excludes, because it has several ports. */
function checkAll({ texts, words }: Read, command: readonly string[]): void {
  const [word] = words
  if (word !== undefined) throw usage(`--all is for all services, so ${quote(word)} is too much`)
  const flag = ['tool', 'env', 'wait'].find((name) => texts.has(name))
  if (flag !== undefined) throw usage(`--${flag} is for one port, and --all has several`)
  if (command.some((argument) => argument.includes('{port}'))) {
    throw usage('{port} stands for one port, and --all has several: each service has a variable')
  }
}

const HELP: readonly string[] = ['-h', '--help']
const RUN_USAGE = 'port4me run [TOOL|SERVICE] [flags] -- COMMAND [ARGUMENTS]'

export interface WhoLine {
  /** Undefined: all ports. */
  readonly ports: readonly number[] | undefined
  readonly protocol: Choice<'protocol'> | undefined
  readonly family: Choice<'family'> | undefined
  readonly all: boolean
  readonly json: boolean
  readonly help: boolean
}

/** Reads the arguments after `port4me who`. */
export function parseWhoLine(args: readonly string[]): WhoLine {
  const read = readFlags(args, 'who')
  const { switches, words } = read
  return {
    ports: words.length === 0 ? undefined : portsOf(words),
    protocol: choiceOf(read, 'protocol'),
    family: choiceOf(read, 'family'),
    all: switches.has('all'),
    json: switches.has('json'),
    help: switches.has('help'),
  }
}

export interface MapLine {
  readonly include: string | undefined
  readonly exclude: string | undefined
  readonly protocol: Choice<'protocol'> | undefined
  readonly family: Choice<'family'> | undefined
  readonly form: 'text' | 'svg' | 'json'
  readonly help: boolean
}

/** Reads the arguments after `port4me map`. */
export function parseMapLine(args: readonly string[]): MapLine {
  const read = readFlags(args, 'map')
  const { switches } = read
  checkNoWord(read, 'map')
  const { include, exclude } = optionsOf(read)
  return {
    include: include as string | undefined,
    exclude: exclude as string | undefined,
    protocol: choiceOf(read, 'protocol'),
    family: choiceOf(read, 'family'),
    form: formOf(read, 'svg') ?? 'text',
    help: switches.has('help'),
  }
}

export interface ServicesLine {
  readonly options: ServiceOptions
  readonly all: boolean
  readonly json: boolean
  readonly help: boolean
}

/** Reads the arguments after `port4me services`. */
export function parseServicesLine(args: readonly string[]): ServicesLine {
  const read = readFlags(args, 'services')
  const { texts, switches } = read
  checkNoWord(read, 'services')
  const all = switches.has('all')
  if (all && texts.has('project')) {
    throw usage('--all is for the services of every project, and --project for those of one')
  }
  const options = serviceOptionsOf(read)
  return { options, all, json: switches.has('json'), help: switches.has('help') }
}

export interface UrlLine {
  /** Undefined: the only service of the project. */
  readonly name: string | undefined
  readonly options: ServiceOptions
  readonly json: boolean
  readonly help: boolean
}

/** Reads the arguments after `port4me url`. */
export function parseUrlLine(args: readonly string[]): UrlLine {
  const read = readFlags(args, 'url')
  const [name, second] = read.words
  if (name !== undefined && second !== undefined) {
    throw usage(
      `only one service is allowed, but there are two: ${quote(name)} and ${quote(second)}`,
    )
  }
  const { switches } = read
  const options = serviceOptionsOf(read)
  return { name, options, json: switches.has('json'), help: switches.has('help') }
}

export interface EnvLine {
  readonly options: ServiceOptions
  readonly form: 'dotenv' | 'export' | 'json'
  readonly help: boolean
}

/** Reads the arguments after `port4me env`. */
export function parseEnvLine(args: readonly string[]): EnvLine {
  const read = readFlags(args, 'env')
  const { switches } = read
  checkNoWord(read, 'env')
  const form = formOf(read, 'export') ?? 'dotenv'
  return { options: serviceOptionsOf(read), form, help: switches.has('help') }
}

/** Which of two flags says what to print: `--json`, or another one. Undefined: neither. */
function formOf<Form extends string>({ switches }: Read, other: Form): Form | 'json' | undefined {
  if (!switches.has(other)) return switches.has('json') ? 'json' : undefined
  if (switches.has('json')) throw usage(`only one of --${other} and --json is allowed`)
  return other
}

function checkNoWord({ words: [word] }: Read, command: string): void {
  if (word !== undefined) throw usage(`${command} takes flags only, not ${quote(word)}`)
}

/** The options of a command that has no tool. */
function serviceOptionsOf(read: Read): ServiceOptions {
  const { tool: _, ...options } = optionsOf(read)
  return options as ServiceOptions
}

export interface StopLine {
  readonly ports: readonly number[]
  /** The names of services. */
  readonly names: readonly string[]
  /** Of the services. */
  readonly options: ServiceOptions
  readonly protocol: Choice<'protocol'> | undefined
  readonly yes: boolean
  readonly force: boolean
  readonly help: boolean
}

/** Reads the arguments after `port4me stop`. */
export function parseStopLine(args: readonly string[]): StopLine {
  const read = readFlags(args, 'stop')
  const { switches, words } = read
  const help = switches.has('help')
  if (words.length === 0 && !help) {
    throw usage('stop needs a port or the name of a service: port4me stop PORT|SERVICE... [flags]')
  }
  // No ranges, so that nothing is ended that was not named.
  const isPort = (word: string): boolean => /^[^A-Za-z]*$/.test(word)
  const ports = words.filter(isPort).map((word) => integerText(word, 'PORT', 1, 65535))
  return {
    ports: [...new Set(ports)],
    names: [...new Set(words.filter((word) => !isPort(word)))],
    options: serviceOptionsOf(read),
    protocol: choiceOf(read, 'protocol'),
    yes: switches.has('yes'),
    force: switches.has('force'),
    help,
  }
}

export interface WaitLine {
  /** 0 if only help is wanted. */
  readonly port: number
  readonly host: string | undefined
  readonly free: boolean
  /** In milliseconds. */
  readonly timeout: number | undefined
  readonly help: boolean
}

/** Reads the arguments after `port4me wait`. */
export function parseWaitLine(args: readonly string[]): WaitLine {
  const read = readFlags(args, 'wait')
  const { switches, texts, words } = read
  const help = switches.has('help')
  const [word, second] = words
  if (word === undefined && !help) throw usage('wait needs a port: port4me wait PORT [flags]')
  if (second !== undefined) {
    throw usage(`only one port is allowed, but there are two: ${quote(word)} and ${quote(second)}`)
  }
  return {
    port: word === undefined ? 0 : integerText(word, 'PORT', 1, 65535),
    host: texts.get('host'),
    free: switches.has('free'),
    timeout: timeoutOf(read),
    help,
  }
}

type Choice<Name extends 'protocol' | 'family'> = (typeof SETTINGS)[Name]['choices'][number]

function choiceOf<Name extends 'protocol' | 'family'>(
  { texts }: Read,
  flag: Name,
): Choice<Name> | undefined {
  const text = texts.get(flag)
  if (text === undefined) return undefined
  return oneOf<Choice<Name>>(text, `--${flag}`, SETTINGS[flag].choices)
}

/** Each word is a port, or ports and ranges. */
function portsOf(words: readonly string[]): number[] {
  const ports = new Set<number>()
  for (const word of words) for (const port of readPorts(word, 'PORT')) ports.add(port)
  if (words.length > 0 && ports.size === 0) throw usage('PORT must be from 1 to 65535, not 0')
  return [...ports].sort((a, b) => a - b)
}

/** A timer of Node.js takes at most 2^31 - 1 milliseconds: doc/api/timers.md, setTimeout. */
const MOST_SECONDS = 2_147_483

/** The milliseconds of --timeout, whose unit is seconds. */
function timeoutOf({ texts }: Read): number | undefined {
  const text = texts.get('timeout')
  if (text === undefined) return undefined
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  if (seconds > 0 && seconds <= MOST_SECONDS) return Math.ceil(seconds * 1000)
  throw usage(
    `--timeout must be a number of seconds greater than 0, and at most ${MOST_SECONDS}, not ${quote(text)}`,
  )
}
