// Runs programs of the system and returns what they print.

import { dirname } from 'node:path'
import { builtin } from './builtin.js'

/** A program of the system that is to be run. */
export interface Command {
  /** Its name. It is looked up in the PATH. */
  readonly file: string
  readonly args: readonly string[]
}

/** What the program printed, and its exit status: null if a signal ended it. */
export interface Printed {
  readonly stdout: string
  readonly status: number | null
}

const OPTIONS = {
  encoding: 'utf8',
  maxBuffer: 2 ** 26,
  windowsHide: true,
  // On Windows the working directory is searched before the PATH (search_path() in libuv's src/win/process.c). It may
  // be a folder whose programs nobody has checked.
  ...(process.platform === 'win32' && { cwd: dirname(process.execPath) }),
} as const

/** Runs a program and waits for it. Returns an error if it cannot be run, or prints too much. */
export function printedNow({ file, args }: Command): Printed | Error {
  const { stdout, status, error } = builtin('node:child_process').spawnSync(file, args, {
    ...OPTIONS,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return error ?? { stdout, status }
}

/** Like printedNow(), but does not block the event loop. */
export function printedLater({ file, args }: Command): Promise<Printed | Error> {
  return new Promise((resolve) => {
    const child = builtin('node:child_process').execFile(file, args, OPTIONS, (error, stdout) => {
      if (error === null) resolve({ stdout, status: 0 })
      else if (typeof error.code === 'number') resolve({ stdout, status: error.code })
      else if (error.code === undefined) resolve({ stdout, status: null })
      else resolve(error)
    })
    child.stdin?.end() // PowerShell would wait for its end
  })
}
