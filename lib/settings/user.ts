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

/** The source of a name that no variable gives. */
export const ACCOUNT = 'the account'

/** The name of the user, and where it was read. */
export function defaultUser(environment: Environment): { user: string; source: string } {
  for (const name of VARIABLES) {
    const user = environment[name]
    if (user !== undefined) return { user, source: name }
  }
  const { userInfo } = require('node:os') as typeof import('node:os')
  try {
    return { user: userInfo().username, source: ACCOUNT }
  } catch (error) {
    const { info } = error as { info: NodeJS.ErrnoException } // os.userInfo() says so of its SystemError
    if (info.code !== 'ENOENT') throw asSystemError(info)
    // A user id without an account, as containers are often given.
    throw new Port4meError(
      'ERR_NO_USER',
      `cannot tell the name of the user: none of ${VARIABLES.join(', ')} is set, and the system knows no account for this user id; set PORT4ME_USER`,
    )
  }
}
