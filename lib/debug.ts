// PORT4ME_DEBUG: what was read and tried, on stderr.

import { writeSync } from 'node:fs'
import type { Engine } from '../binding.js'
import { firstCandidates } from './candidates.js'
import type { Settings } from './settings/settings.js'

/** Tries listed before the rest is summed up. */
const LISTED = 20

export function reportPick(settings: Settings, engine: Engine, port: number, tries: number): void {
  const { environment, user, userSource, tool, seed, prepend, skip, maxTries } = settings
  const lines = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
  lines.push(
    `engine: ${engine.name}`,
    `user: ${user} (from ${userSource})`,
    `tool: ${tool === '' ? 'none' : tool}`,
    `seed: ${seed}`,
    `prepended: ${prepend.length === 0 ? 'none' : prepend.join(' ')}`,
    `skipped: ${skip}`,
    `tries allowed: ${maxTries}`,
  )
  if (tries > 0) {
    const tried = firstCandidates(settings, engine, Math.min(tries, LISTED))
    for (const one of tried) lines.push(`tried ${one}: ${one === port ? 'free' : 'not free'}`)
    if (tries > LISTED) lines.push(`tried ${tries - LISTED} more`)
  }
  lines.push(port === 0 ? 'answer: none' : `answer: ${port} after ${tries} tries`)
  writeSync(2, lines.map((line) => `port4me: ${line}\n`).join(''))
}
