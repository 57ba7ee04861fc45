// PORT4ME_DEBUG: what was read and tried, on stderr.

import type { Engine } from '../binding.js'
import { firstCandidates } from './candidates.js'
import type { EngineReport } from './engine/engine.js'
import { printable } from './errors.js'
import { write } from './output.js'
import type { Settings } from './settings/settings.js'

/** Tries listed before the rest is summed up. */
const LISTED = 20

/** Says what was read. */
export function reportSettings(settings: Settings, engine: EngineReport): void {
  print(describe(settings, engine))
}

/** Says what was read and tried. */
export function reportPick(
  settings: Settings,
  engine: Engine,
  report: EngineReport,
  port: number,
  tries: number,
): void {
  const lines = describe(settings, report)
  lines.push(`tries allowed: ${settings.maxTries}`)
  if (tries > 0) {
    const tried = firstCandidates(settings, engine, Math.min(tries, LISTED))
    for (const one of tried) lines.push(`tried ${one}: ${one === port ? 'free' : 'not free'}`)
    if (tries > LISTED) lines.push(`tried ${tries - LISTED} more`)
  }
  lines.push(port === 0 ? 'answer: none' : `answer: ${port} after ${tries} tries`)
  print(lines)
}

function describe(settings: Settings, { engine, file, refusal }: EngineReport): string[] {
  const { environment, user, userSource, tool, seed, prepend, skip } = settings
  return [
    ...Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    `engine: ${engine}`,
    ...(file === undefined ? [] : [`addon: ${file}`]),
    ...(refusal === undefined ? [] : [`addon refused: ${refusal}`]),
    `user: ${user} (from ${userSource})`,
    `tool: ${tool === '' ? 'none' : tool}`,
    `seed: ${seed}`,
    `prepended: ${prepend.length === 0 ? 'none' : prepend.join(' ')}`,
    `skipped: ${skip}`,
  ]
}

function print(lines: readonly string[]): void {
  write(2, lines.map((line) => `port4me: ${printable(line)}\n`).join(''))
}
