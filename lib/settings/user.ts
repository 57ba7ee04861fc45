// The user and the tool, and the seed that follows from them.

import { builtin } from '../builtin.js'
import { asSystemError, Port4meError } from '../errors.js'
import { later } from '../later.js'
import type { Environment } from './environment.js'
import { optionValue } from './options.js'
import { type Sourced, sourced } from './reading.js'
import type { Source } from './settings.js'
import { SETTINGS, type VariableName } from './table.js'
import { nonEmptyText, text } from './values.js'

/** The user, the tool and the seed of the candidates. */
export interface Identity {
  readonly user: string
  /** Where the user's name was read. */
  readonly userSource: string
  /** The effective user id, if the user's name comes from the account. */
  readonly account: number | undefined
  /** What the seed is computed from besides the user: the tool, and the name of the project. */
  readonly tool: string
  /** The option `project`, if it was set. */
  readonly project?: {
    readonly value: unknown
    readonly source: string
    readonly name?: string | undefined
  }
  readonly seed: number
}

/** The variables for the user's name: our own, then those of Python's getpass.getuser(), in its order. */
const VARIABLES = [
  SETTINGS.user.variable,
  'LOGNAME',
  'USER',
  'LNAME',
  'USERNAME',
] as const satisfies readonly VariableName[]

export function readIdentity(source: Source): Identity {
  const { environment, nameOf, engine } = source
  const [givenUser, givenTool] = [
    optionValue(source.options, 'user'),
    optionValue(source.options, 'tool'),
  ]
  const { name, from, account } =
    givenUser === undefined
      ? defaultUser(environment)
      : { name: nonEmptyText(givenUser, nameOf('user')), from: nameOf('user'), account: undefined }
  const toolAlone =
    givenTool === undefined ? (environment.PORT4ME_TOOL ?? '') : text(givenTool, nameOf('tool'))
  const project = projectOf(sourced(source, 'project'))
  const tool = project?.name === undefined ? toolAlone : `${toolAlone}@${project.name}`
  const seed = engine.hashcode(tool === '' ? name : `${name},${tool}`)
  return { user: name, userSource: from, account, tool, seed, ...(project && { project }) }
}

/** Whether an identity is still right: the account and the project of the working directory may have changed. */
export function isCurrent({ account, project }: Identity): boolean {
  return (
    (account === undefined || account === currentAccount()) &&
    (project === undefined || projectOf(project)?.name === project.name)
  )
}

function projectOf(given: Sourced): Identity['project'] {
  if (given === undefined) return undefined
  const { value, source } = given
  return { value, source, name: later().readProject(value, source) }
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

// The last account. To look one up takes time: the system reads files or asks a server.
let last: User | undefined

/** The effective user id; -1 on systems without user ids. */
function currentAccount(): number {
  try {
    return process.geteuid?.() ?? -1
  } catch (error) {
    throw asSystemError(error) // Deno: a permission is missing
  }
}

function userOf(account: number): User {
  const { userInfo } = builtin('node:os')
  try {
    return { name: userInfo().username, from: 'the account', account }
  } catch (error) {
    const { info } = error as { info?: NodeJS.ErrnoException } // a SystemError of os.userInfo() has it
    if (info?.code !== 'ENOENT') throw asSystemError(info ?? error)
    // The user id has no account, as often in containers.
    if (account !== -1) {
      return { name: `uid${account}`, from: 'the user id, which has no account', account }
    }
    throw new Port4meError(
      'ERR_NO_USER',
      `cannot tell the name of the user: none of ${VARIABLES.join(', ')} is set, and the system knows neither an account nor a user id; set PORT4ME_USER`,
    )
  }
}
