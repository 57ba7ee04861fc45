// Errors, as the program port4me tells them.

import { asSystemError, Port4meError } from '../errors.js'
import { write } from '../output.js'

/** The exit status that `answer` returns, or that of the error it throws, which is told. */
export function reporting(answer: () => number): number {
  try {
    return answer()
  } catch (thrown) {
    const error = asSystemError(thrown) // a full disk under stdout, too
    if (!(error instanceof Port4meError)) throw error
    return fail(exitStatus(error), error.message)
  }
}

export function fail(status: number, message: string): number {
  write(2, `port4me: error: ${message}\n`)
  return status
}

/** 2 for what the user can set right, 1 for the rest. */
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
