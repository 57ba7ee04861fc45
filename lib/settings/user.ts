import { asSystemError, Port4meError } from '../errors.js'
import type { Environment, VariableName } from './environment.js'

/** In the order in which Python's getpass.getuser() asks them, after our own. */
const VARIABLES = [
  'PORT4ME_USER',
  'LOGNAME',
  'USER',
  'LNAME',
  'USERNAME',
] as const satisfies readonly VariableName[]

interface User {
  readonly user: string
  /** Where the name was read. */
  readonly source: string
}

const ACCOUNT = 'the account'
const NUMBER = 'the user id, which has no account'

/** Whether a name follows from the effective user id, by such a source. */
export function isOfAccount(source: string): boolean {
  return source === ACCOUNT || source === NUMBER
}

// The system looks an account up in files, or asks a server.
let last: { readonly id: number | undefined; readonly user: User } | undefined

/** The name of the user, and where it was read. */
export function defaultUser(environment: Environment): User {
  for (const name of VARIABLES) {
    const user = environment[name]
    if (user !== undefined) return { user, source: name }
  }
  const id = effectiveUserId()
  if (last === undefined || last.id !== id) last = { id, user: userOfAccount(id) }
  return last.user
}

function effectiveUserId(): number | undefined {
  try {
    return process.geteuid?.()
  } catch (error) {
    throw asSystemError(error) // a permission of Deno's
  }
}

function userOfAccount(id: number | undefined): User {
  const { userInfo } = require('node:os') as typeof import('node:os')
  try {
    return { user: userInfo().username, source: ACCOUNT }
  } catch (error) {
    const { info } = error as { info?: NodeJS.ErrnoException } // os.userInfo() says so of its SystemError
    if (info?.code !== 'ENOENT') throw asSystemError(info ?? error)
    // A user id without an account, as containers are often given.
    if (id !== undefined) return { user: `uid${id}`, source: NUMBER }
    throw new Port4meError(
      'ERR_NO_USER',
      `cannot tell the name of the user: none of ${VARIABLES.join(', ')} is set, and the system knows neither an account nor a user id; set PORT4ME_USER`,
    )
  }
}
