#!/usr/bin/env node
// The program openport: any free port, or the first of a range.

import { parseArgs } from 'node:util'
import { asSystemError, Port4meError, quote } from '../errors.js'
import { pickRandomUnusedPort, pickUnusedPort, portRange } from '../openport.js'
import { write } from '../output.js'

/** Set by the bundler, from package.json. */
declare const PORT4ME_VERSION: string

const HELP = `openport: a port that is free on TCP and UDP, IPv4 and IPv6

Usage:
  openport                          any free port
  openport START END [--inclusive]  the first free port from START to END, without
                                    END unless --inclusive is given

  --help, --version

Exit status: 0; 1 no free port, a wrong range or a failure; 2 wrong usage
`

process.exitCode = main(process.argv.slice(2))

function main(args: readonly string[]): number {
  let range: readonly string[]
  let flags: { inclusive?: boolean; help?: boolean; version?: boolean }
  try {
    const parsed = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        inclusive: { type: 'boolean' },
        help: { type: 'boolean' },
        version: { type: 'boolean' },
      },
    })
    range = parsed.positionals
    flags = parsed.values
  } catch {
    return fail(2, `${quote(args.join(' '))} is no usage; allowed: [START END [--inclusive]]`)
  }
  if (flags.help || flags.version) {
    write(1, flags.help ? HELP : `${PORT4ME_VERSION}\n`)
    return 0
  }
  if (range.length !== 0 && range.length !== 2) {
    return fail(2, `a START and an END are allowed, or neither, not ${quote(range.join(' '))}`)
  }
  if (range.length === 0 && flags.inclusive) {
    return fail(2, '--inclusive is allowed with a START and an END')
  }
  try {
    return pick(range, flags.inclusive === true)
  } catch (thrown) {
    const error = asSystemError(thrown)
    if (!(error instanceof Port4meError)) throw error
    return fail(1, error.message)
  }
}

function pick(range: readonly string[], inclusive: boolean): number {
  const ends: number[] = []
  for (const [i, name] of ['START', 'END'].entries()) {
    const text = range[i]
    if (text === undefined) break
    const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
    if (port < 1 || port > 65535) {
      return fail(1, `${name} must be a port from 1 to 65535, not ${quote(text)}`)
    }
    ends.push(port)
  }
  const [start, end] = ends
  if (start === undefined || end === undefined) {
    return print(pickRandomUnusedPort(), 'no free port')
  }
  if (start >= end) return fail(1, `START must be less than END, not ${start} and ${end}`)
  const port = pickUnusedPort(portRange(start, end, { inclusive }))
  return print(port, `no free port from ${start} to ${inclusive ? end : end - 1}`)
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
