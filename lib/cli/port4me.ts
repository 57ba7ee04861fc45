#!/usr/bin/env node
// The program port4me. It loads only what a call needs, because start-up takes most of its time.

import '../core.js'
import { probePorts } from '../availability.js'
import { currentEngine, reportOnEngine } from '../engine/engine.js'
import { isFree } from '../engine/questions.js'
import { quote } from '../errors.js'
import { listCandidates } from '../listing.js'
import { write } from '../output.js'
import { pickPort } from '../port4me.js'
import { type Environment, readEnvironment } from '../settings/environment.js'
import { readQuestionFrom } from '../settings/settings.js'
import { PROGRAM_FLAGS, SETTINGS } from '../settings/table.js'
import { fromText } from '../settings/texts.js'
import { bashCompletion } from './completion.js'
import { type CommandLine, flagOf, parseCommandLine, usage } from './flags.js'
import { help } from './help.js'
import { reporting } from './report.js'
import { explain } from './why.js'

/** Set by the bundler, from package.json. */
declare const PORT4ME_VERSION: string

const [first, ...rest] = process.argv.slice(2)
if (first === 'run') run(rest)
else if (first === 'help' && rest[0] === 'run') run(['--help'])
else if (first === 'help') process.exitCode = reporting(printHelp)
else process.exitCode = reporting(() => answerTo(parseCommandLine(process.argv.slice(2))))

function run(args: readonly string[]): void {
  const { runCommand } = require('./port4me-run.js') as typeof import('./run.js')
  runCommand(args)
}

function printHelp(): number {
  write(1, help())
  return 0
}

function answerTo(command: CommandLine): number {
  if (command.help) return printHelp()
  if (command.version) {
    // The engine is loaded only if the report needs it.
    const report = command.json ? reportOnEngine() : {}
    answer(PORT4ME_VERSION, { version: PORT4ME_VERSION, ...report }, command)
    return 0
  }
  if (command.completion !== undefined) {
    if (command.completion !== 'bash') {
      throw usage(`--completion must be bash, not ${quote(command.completion)}`)
    }
    write(1, bashCompletion())
    return 0
  }

  // One of the flags --list and --test takes precedence over the variables of both.
  const environment = readEnvironment(currentEngine())
  if (command.why !== undefined) return why(command.why, environment, command)
  const hasFlag = command.list !== undefined || command.test !== undefined
  const test = command.test ?? (hasFlag ? undefined : number(environment, 'test'))
  if (test !== undefined) return testPort(test, environment, command)
  const list = command.list ?? number(environment, 'list')
  if (list !== undefined) {
    const ports = listCandidates(list, command.options, flagOf)
    answer(ports.join('\n'), { ports }, command)
  } else {
    const port = pickPort(command.options, flagOf)
    answer(String(port), { port }, command)
  }
  return 0
}

function testPort(port: number, environment: Environment, command: CommandLine): number {
  const free = isFree(port, readQuestionFrom(command.options, currentEngine(), 'tcp', flagOf))
  debug(`tested ${port}: ${free ? 'free' : 'not free'}`, environment, command)
  if (command.json) write(1, `${JSON.stringify({ port, free })}\n`)
  return free ? 0 : 1
}

function why(port: number, environment: Environment, command: CommandLine): number {
  const question = readQuestionFrom(command.options, currentEngine(), 'both', flagOf)
  const [status] = probePorts(Uint16Array.of(port), question)
  if (status === undefined) throw new Error('a verdict is missing')
  debug(`tested ${port}: ${status.reason ?? 'free'}`, environment, command)
  const { text, json } = explain(status)
  answer(text, json, command)
  return status.free ? 0 : 1
}

function debug(line: string, environment: Environment, command: CommandLine): void {
  const { variable } = SETTINGS.debug
  const text = environment[variable]
  if (command.options.debug || (text !== undefined && fromText(SETTINGS.debug, text, variable))) {
    write(2, `port4me: ${line}\n`)
  }
}

function number(environment: Environment, flag: 'test' | 'list'): number | undefined {
  const setting = PROGRAM_FLAGS[flag]
  const value = environment[setting.variable]
  return value === undefined ? undefined : (fromText(setting, value, setting.variable) as number)
}

function answer(text: string, json: object, command: CommandLine): void {
  write(1, `${command.json ? JSON.stringify(json) : text}\n`)
}
