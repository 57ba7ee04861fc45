// The project that a folder belongs to.

import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, sep } from 'node:path'

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
  const home = homedir()
  const isAtHome = home !== sep && (folder === home || folder.startsWith(home + sep))
  return (isAtHome ? `~${folder.slice(home.length)}` : folder).replaceAll(sep, '/')
}

function nearest(folder: string, name: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, name))) return at
    if (at === dirname(at)) return undefined
  }
}
