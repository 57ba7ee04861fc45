// Whose ports they are, and what for.

import { builtin } from '../builtin.js'
import { asSystemError, Port4meError } from '../errors.js'
import type { Environment } from './environment.js'
import { given } from './given.js'
import type { Source } from './settings.js'
import { SETTINGS, type VariableName } from './table.js'
import { nonEmptyText, text } from './values.js'

/** What the seed of the candidates follows from. */
export interface Identity {
  readonly user: string
  /** Where the user's name was read. */
  readonly userSource: string
  /** The effective user id that names the user, when neither an option nor a variable does. */
  readonly account: number | undefined
  readonly tool: string
  readonly seed: number
}

/** In the order in which Python's getpass.getuser() asks them, after our own. */
const VARIABLES = [
  SETTINGS.user.variable,
  'LOGNAME',
  'USER',
  'LNAME',
  'USERNAME',
] as const satisfies readonly VariableName[]

export function readIdentity(source: Source): Identity {
  const { environment, nameOf, engine } = source
  const [givenUser, givenTool] = [given(source.given, 'user'), given(source.given, 'tool')]
  const { name, from, account } =
    givenUser === undefined
      ? defaultUser(environment)
      : { name: nonEmptyText(givenUser, nameOf('user')), from: nameOf('user'), account: undefined }
  const tool =
    givenTool === undefined ? (environment.PORT4ME_TOOL ?? '') : text(givenTool, nameOf('tool'))
  const seed = engine.hashcode(tool === '' ? name : `${name},${tool}`)
  return { user: name, userSource: from, account, tool, seed }
}

interface User {
  readonly name: string
  /** Where the name was read. */
  readonly from: string
  readonly account: number | undefined
}

function defaultUser(environment: Environment): User {
  for (const variable of VARIABLES) {
    const name = environment[variable]
    if (name !== undefined) return { name, from: variable, account: undefined }
  }
  const account = currentAccount()
  if (last === undefined || last.account !== account) last = userOf(account)
  return last
}

// The system looks an account up in files, or asks a server.
let last: User | undefined

/** The effective user id; -1 where there are none. */
export function currentAccount(): number {
  try {
    return process.geteuid?.() ?? -1
  } catch (error) {
    throw asSystemError(error) // a permission of Deno's
  }
}

function userOf(account: number): User {
  const { userInfo } = builtin('node:os')
  try {
    return { name: userInfo().username, from: 'the account', account }
  } catch (error) {
    const { info } = error as { info?: NodeJS.ErrnoException } // os.userInfo() says so of its SystemError
    if (info?.code !== 'ENOENT') throw asSystemError(info ?? error)
    // A user id without an account, as containers are often given.
    if (account !== -1) {
      return { name: `uid${account}`, from: 'the user id, which has no account', account }
    }
    throw new Port4meError(
      'ERR_NO_USER',
      `cannot tell the name of the user: none of ${VARIABLES.join(', ')} is set, and the system knows neither an account nor a user id; set PORT4ME_USER`,
    )
  }
}
