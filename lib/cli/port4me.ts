#!/usr/bin/env node
// The program port4me. It loads only what a call needs, because start-up takes most of its time.

import '../core.js'
import { currentEngine, reportOnEngine } from '../engine/engine.js'
import { isFree } from '../engine/questions.js'
import { listCandidates } from '../listing.js'
import { write } from '../output.js'
import { pickPort } from '../port4me.js'
import { type Environment, readEnvironment } from '../settings/environment.js'
import { readQuestionFrom } from '../settings/settings.js'
import { COMMANDS, PROGRAM_FLAGS } from '../settings/table.js'
import { fromText } from '../settings/texts.js'
import { answer, debug } from './answer.js'
import { type CommandLine, flagOf, parseCommandLine } from './flags.js'
import { exitWith, reporting } from './report.js'

/** Set by the bundler, from package.json. */
declare const PORT4ME_VERSION: string

const args = process.argv.slice(2)
exitWith(
  COMMANDS.some((command) => command === args[0])
    ? more()
    : reporting(() => answerTo(parseCommandLine(args))),
)

/** Loads what a plain call does not need. It reads the command line again, and reports its own errors. */
function more(): number | Promise<number> {
  const { main } = require('./port4me-more.js') as typeof import('./more.js')
  return main(args)
}

function answerTo(command: CommandLine): number | Promise<number> {
  if (command.help) return more()
  if (command.version) {
    // The engine is loaded only if the report needs it.
    const report = command.json ? reportOnEngine() : {}
    answer(PORT4ME_VERSION, { version: PORT4ME_VERSION, ...report }, command)
    return 0
  }
  if (command.completion !== undefined || command.why !== undefined) return more()

  // One of the flags --list and --test takes precedence over the variables of both.
  const environment = readEnvironment(currentEngine())
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

function number(environment: Environment, flag: 'test' | 'list'): number | undefined {
  const setting = PROGRAM_FLAGS[flag]
  const value = environment[setting.variable]
  return value === undefined ? undefined : (fromText(setting, value, setting.variable) as number)
}
