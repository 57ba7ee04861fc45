#!/usr/bin/env node
// The program openport: any free port, or the first free port of a range.

import '../core.js'
import { quote } from '../errors.js'
import { pickRandomUnusedPort, pickUnusedPort, portRange } from '../openport.js'
import { write } from '../output.js'
import { readFlags, usage } from './flags.js'
import { exitWith, fail, reporting } from './report.js'

/** Set by the bundler, from package.json. */
declare const PORT4ME_VERSION: string

const args = process.argv.slice(2)
exitWith(reporting(answer, 'openport'))

function answer(): number | Promise<number> {
  const { switches, texts, words } = readFlags(args, 'openport')
  if (switches.has('help') || texts.has('completion')) {
    const { mainOfOpenport } = require('./port4me-more.js') as typeof import('./more.js')
    return mainOfOpenport(args)
  }
  if (switches.has('version')) {
    write(1, `${PORT4ME_VERSION}\n`)
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
  if (port === undefined) return fail(1, otherwise, 'openport')
  write(1, `${port}\n`)
  return 0
}
