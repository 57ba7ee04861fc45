// Projects: the folder that a project is, and its name.

import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join, resolve, sep } from 'node:path'
import { asSystemError, Port4meError, quote } from './errors.js'
import { readVariable } from './settings/environment.js'

/**
 * Reads the option `project`. Returns the name of the project; undefined if there is none.
 *
 * @param value `true`: the project around the working directory; a text with a slash, `.`, `..` or `~`: a folder;
 *   any other text: a name; `false`: none
 */
export function readProject(value: unknown, source: string): string | undefined {
  return value === false || value === 'false' ? undefined : projectOf(value, source).name
}

/** A project. */
export interface Project {
  readonly name: string
  /** Missing if only the name is known. */
  readonly folder?: string
}

/** Like readProject(), for functions that need a project. */
export function projectOf(value: unknown, source: string): Project {
  if (value === true || value === 'true') return atFolder(currentProject())
  if (typeof value !== 'string') {
    throw new Port4meError(
      'ERR_INVALID_ARG_TYPE',
      `${source} must be true, false, a folder or a name, not ${quote(value)} of type ${typeof value}`,
    )
  }
  if (value === '') {
    throw new Port4meError('ERR_INVALID_ARG_VALUE', `${source} must not be empty, but is ""`)
  }
  return isFolderText(value) ? atFolder(folderAt(value, source)) : { name: value }
}

function atFolder(folder: string): Project {
  return { name: nameOfFolder(folder), folder }
}

/**
 * The project around the working directory. If that has none, the project of the process that started this one: a
 * service function has recorded it.
 */
function currentProject(): string {
  const folder = workingFolder()
  return markedFolder(folder) ?? projectOfTree() ?? folder
}

function projectOfTree(): string | undefined {
  const folder = readVariable('PORT4ME_TREE_PROJECT')
  return folder !== undefined && existsSync(folder) ? folder : undefined
}

/**
 * Whether a folder is a linked worktree of a git repository. Its `.git` is a file that names a folder in
 * `.git/worktrees` of the main worktree. In a submodule it names one in `.git/modules`, and that folder, whatever its
 * path, has no file `commondir`: gitrepository-layout(5).
 */
export function isLinkedWorktree(folder: string | undefined): boolean {
  if (folder === undefined) return false
  const file = join(folder, '.git')
  try {
    if (!statSync(file).isFile()) return false // a folder: the main worktree
    const text = readFileSync(file, 'utf8')
    const [, gitFolder] = /^gitdir: ([\s\S]*[\\/]worktrees[\\/][^\\/]+?)[\r\n]*$/.exec(text) ?? []
    if (gitFolder === undefined) return false
    const path = resolve(folder, gitFolder)
    return existsSync(join(path, 'commondir')) || !existsSync(path)
  } catch {
    return false // it cannot be read
  }
}

/**
 * Returns the nearest folder, from this one up, that has `.git`, else the nearest that has `package.json`, else this
 * folder. `.git` is a file in a linked worktree (git-worktree(1)).
 */
export function projectFolder(folder: string): string {
  return markedFolder(folder) ?? folder
}

/** Like projectFolder(), but undefined if no folder has one of the two. */
export function markedFolder(folder: string): string | undefined {
  return nearest(folder, '.git') ?? nearest(folder, 'package.json')
}

/** Writes a folder as people write it: with `~` for the home folder, and `/` between the parts. */
export function nameOfFolder(folder: string): string {
  const home = homeFolder()
  const isAtHome = home !== undefined && (folder === home || folder.startsWith(home + sep))
  const name = isAtHome ? `~${folder.slice(home.length)}` : folder
  return name.replaceAll(sep, '/')
}

/** The working directory. Its symbolic links are resolved: getcwd(3). */
export function workingFolder(): string {
  try {
    return process.cwd()
  } catch (error) {
    throw asSystemError(error) // it was removed, for example
  }
}

function isFolderText(text: string): boolean {
  return text === '.' || text === '..' || text === '~' || text.includes('/') || text.includes(sep)
}

function folderAt(text: string, source: string): string {
  const home = /^~(?=[\\/]|$)/.test(text) ? homeFolder() : undefined
  const given = home === undefined ? text : join(home, text.slice(1))
  const path = isAbsolute(given) ? given : resolve(workingFolder(), given)
  try {
    if (statSync(path).isDirectory()) return realpathSync(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw asSystemError(error)
  }
  throw new Port4meError(
    'ERR_INVALID_ARG_VALUE',
    `${source} must be a folder that exists, or a name without slashes, not ${quote(text)}`,
  )
}

/** The home folder, with its symbolic links resolved; undefined if there is none, or if it is the root. */
function homeFolder(): string | undefined {
  const given = homedirOrNone()
  if (given === undefined) return undefined
  if (lastHome?.given !== given) lastHome = { given, folder: resolved(given) }
  return lastHome.folder
}

let lastHome: { readonly given: string; readonly folder: string | undefined } | undefined

function homedirOrNone(): string | undefined {
  try {
    const home = homedir()
    return isAbsolute(home) ? home : undefined // it is HOME, whatever that is
  } catch {
    return undefined // the user has no account: os.homedir() throws
  }
}

function resolved(home: string): string | undefined {
  try {
    const folder = realpathSync(home)
    return folder === dirname(folder) ? undefined : folder
  } catch {
    return undefined
  }
}

function nearest(folder: string, name: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, name))) return at
    if (at === dirname(at)) return undefined
  }
}
