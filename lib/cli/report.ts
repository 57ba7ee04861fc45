// How the program port4me prints errors.

import { asSystemError, Port4meError } from '../errors.js'
import { write } from '../output.js'

type Status = number | Promise<number>

/** Calls `answer` and returns its exit status. If it throws, prints the error and returns the status of the error. */
export function reporting(answer: () => Status, program = 'port4me'): Status {
  try {
    const status = answer()
    return typeof status === 'number' ? status : status.catch((thrown) => report(thrown, program))
  } catch (thrown) {
    return report(thrown, program)
  }
}

function report(thrown: unknown, program: string): number {
  const error = asSystemError(thrown) // stdout may be a file on a full disk
  if (!(error instanceof Port4meError)) throw error
  return fail(exitStatus(error), error.message, program)
}

/** Makes an exit status that of this process, now or when it is known. */
export function exitWith(status: Status): void {
  if (typeof status === 'number') process.exitCode = status
  else void status.then(exitWith)
}

export function fail(status: number, message: string, program = 'port4me'): number {
  write(2, `${program}: error: ${message}\n`)
  return status
}

/** 2 for wrong usage, 1 for other errors. */
function exitStatus({ code }: Port4meError): 1 | 2 {
  switch (code) {
    case 'ERR_INVALID_ARG_TYPE':
    case 'ERR_INVALID_ARG_VALUE':
    case 'ERR_OUT_OF_RANGE':
    case 'ERR_PORT_SPEC':
      return 2
    default:
      return 1
  }
}
