// Prints what was read and tried on stderr, for PORT4ME_DEBUG.

import { firstCandidates } from './candidates.js'
import type { EngineReport } from './engine/engine.js'
import { printable } from './errors.js'
import { write } from './output.js'
import type { Settings } from './settings/settings.js'

/** How many tries are listed. Of the others only the number is printed. */
const LISTED = 20

/** Prints what was read. */
export function reportSettings(settings: Settings, engine: EngineReport): void {
  print(describe(settings, engine))
}

/** Prints what was read and tried. */
export function reportPick(
  settings: Settings,
  report: EngineReport,
  port: number,
  tries: number,
): void {
  const { candidates, engine, values } = settings
  const lines = describe(settings, report)
  lines.push(`tries allowed: ${values.maxTries}`)
  if (tries > 0) {
    const tried = firstCandidates(candidates, engine, Math.min(tries, LISTED))
    for (const one of tried) lines.push(`tried ${one}: ${one === port ? 'free' : 'not free'}`)
    if (tries > LISTED) lines.push(`tried ${tries - LISTED} more`)
  }
  lines.push(port === 0 ? 'answer: none' : `answer: ${port} after ${tries} tries`)
  print(lines)
}

function describe(settings: Settings, { engine, file, refusal }: EngineReport): string[] {
  const { environment, identity, candidates } = settings
  const { prepended, skip } = candidates
  return [
    ...Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    `engine: ${engine}`,
    ...(file === undefined ? [] : [`addon: ${file}`]),
    ...(refusal === undefined ? [] : [`addon refused: ${refusal}`]),
    `user: ${identity.user} (from ${identity.userSource})`,
    `tool: ${identity.tool === '' ? 'none' : identity.tool}`,
    `seed: ${candidates.seed}`,
    `prepended: ${prepended.length === 0 ? 'none' : prepended.join(' ')}`,
    `skipped: ${skip}`,
  ]
}

function print(lines: readonly string[]): void {
  write(2, lines.map((line) => `port4me: ${printable(line)}\n`).join(''))
}
