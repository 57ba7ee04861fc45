// How the program port4me prints errors.

import { asSystemError, Port4meError } from '../errors.js'
import { write } from '../output.js'

/** Calls `answer` and returns its exit status. If it throws, prints the error and returns the status of the error. */
export function reporting(answer: () => number): number {
  try {
    return answer()
  } catch (thrown) {
    const error = asSystemError(thrown) // stdout may be a file on a full disk
    if (!(error instanceof Port4meError)) throw error
    return fail(exitStatus(error), error.message)
  }
}

export function fail(status: number, message: string): number {
  write(2, `port4me: error: ${message}\n`)
  return status
}

/** 2 for wrong usage, 1 for other errors. */
export function exitStatus({ code }: Port4meError): 1 | 2 {
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
