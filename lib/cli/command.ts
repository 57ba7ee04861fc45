// Starts a command as a child process.

import type { ChildProcess, SpawnOptions } from 'node:child_process'
import { constants } from 'node:os'
import { builtin } from '../builtin.js'
import { quote } from '../errors.js'
import { fail } from './report.js'

export interface Running {
  /** Undefined if the command could not be started. */
  readonly child: ChildProcess | undefined
  /** The exit status as a shell returns it: POSIX.1-2024, XCU 2.8.2. It is 128 + n if signal n ended the command. */
  readonly ended: Promise<number>
}

/** Starts a command. If that fails, it prints an error. */
export function launch(file: string, args: readonly string[], options: SpawnOptions): Running {
  let child: ChildProcess
  try {
    child = builtin('node:child_process').spawn(file, args, options)
  } catch (error) {
    return {
      child: undefined,
      ended: Promise.resolve(failedToStart(file, error as NodeJS.ErrnoException)),
    }
  }
  const ended = new Promise<number>((resolve) => {
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (child.pid === undefined) resolve(failedToStart(file, error))
    })
    child.on('exit', (code, signal) => resolve(code ?? statusOf(signal as NodeJS.Signals)))
  })
  return { child: child.pid === undefined ? undefined : child, ended }
}

/** The exit status of a process that a signal ended. */
export function statusOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal]
}

function failedToStart(file: string, { code, message }: NodeJS.ErrnoException): number {
  if (code === 'ENOENT') return fail(127, `the command ${quote(file)} was not found`)
  return fail(126, `the command ${quote(file)} cannot be run: ${code ?? message}`)
}
