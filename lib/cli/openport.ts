#!/usr/bin/env node
// The program openport: any free port, or the first free port of a range.

import '../core.js'
import { asSystemError, Port4meError, quote } from '../errors.js'
import { pickRandomUnusedPort, pickUnusedPort, portRange } from '../openport.js'
import { write } from '../output.js'
import { readFlags, usage } from './flags.js'
import { exitStatus } from './report.js'

/** Set by the bundler, from package.json. */
declare const PORT4ME_VERSION: string

const HELP = `openport: a port that is free on TCP and UDP, IPv4 and IPv6

Usage:
  openport                          any free port
  openport START END [--inclusive]  the first free port from START to END, without
                                    END unless --inclusive is given

  --help, -h; --version, -V, -v

Exit status: 0 success; 1 no free port, or a failure; 2 wrong usage
`

const FLAGS = {
  inclusive: { type: 'boolean' },
  help: { type: 'boolean' },
  version: { type: 'boolean' },
} as const

process.exitCode = main(process.argv.slice(2))

function main(args: readonly string[]): number {
  try {
    return answerTo(args)
  } catch (thrown) {
    const error = asSystemError(thrown)
    if (!(error instanceof Port4meError)) throw error
    return fail(exitStatus(error), error.message)
  }
}

function answerTo(args: readonly string[]): number {
  const { switches, words } = readFlags(args, FLAGS)
  if (switches.has('help') || switches.has('version')) {
    write(1, switches.has('help') ? HELP : `${PORT4ME_VERSION}\n`)
    return 0
  }
  const [from, to] = words
  if (from === undefined) return print(pickRandomUnusedPort(), 'no free port')
  if (to === undefined || words.length > 2) {
    throw usage(`the arguments must be START and END, or none, not ${quote(words.join(' '))}`)
  }
  const [start, end] = [readPort(from, 'START'), readPort(to, 'END')]
  const inclusive = switches.has('inclusive')
  if (inclusive ? start > end : start >= end) {
    const order = inclusive ? 'not be greater' : 'be less'
    throw usage(`START must ${order} than END, not ${start} and ${end}`)
  }
  return print(
    pickUnusedPort(portRange(start, end, { inclusive })),
    `no free port from ${start} to ${inclusive ? end : end - 1}`,
  )
}

function readPort(text: string, name: string): number {
  const port = /^\+?\d+$/.test(text) ? Number(text) : 0
  if (port >= 1 && port <= 65535) return port
  throw usage(`${name} must be a port from 1 to 65535, not ${quote(text)}`)
}

function print(port: number | undefined, otherwise: string): number {
  if (port === undefined) return fail(1, otherwise)
  write(1, `${port}\n`)
  return 0
}

function fail(status: number, message: string): number {
  write(2, `openport: error: ${message}\n`)
  return status
}
