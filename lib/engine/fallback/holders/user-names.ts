// The names of users on Linux, by their numbers.

import { readFileSync } from 'node:fs'
import type { Command, Printed } from '../../../system-program.js'

type Names = ReadonlyMap<number, string>

/**
 * Reads the names of these users: from /etc/passwd, and those of a directory service with getent(1). (musl has no
 * directory services, and often no getent.)
 */
export function* userNames(
  uids: ReadonlySet<number>,
): Generator<Command | undefined, Names, Printed | undefined> {
  const names = namesIn(accounts())
  const others = [...uids].filter((uid) => !names.has(uid))
  if (others.length === 0) return names
  try {
    const printed = yield { file: 'getent', args: ['passwd', ...others.map(String)] }
    return new Map([...namesIn(printed?.stdout ?? ''), ...names])
  } catch {
    return names // there is no getent
  }
}

/** The first name of each user: passwd(5). */
function namesIn(text: string): Map<number, string> {
  const names = new Map<number, string>()
  for (const line of text.split('\n')) {
    const [name, , uid] = line.split(':')
    if (name && uid && !names.has(Number(uid))) names.set(Number(uid), name)
  }
  return names
}

function accounts(): string {
  try {
    return readFileSync('/etc/passwd', 'utf8')
  } catch {
    return ''
  }
}
