// Prints what was read and tried on stderr, for PORT4ME_DEBUG.

import { firstCandidates } from './candidates.js'
import type { EngineReport } from './engine/engine.js'
import { printable, quote } from './errors.js'
import { write } from './output.js'
import { sourced } from './settings/reading.js'
import type { Settings, Source } from './settings/settings.js'
import { OPTIONS, type Option, SETTINGS, type Setting } from './settings/table.js'

/** How many tries are listed. Of the others only the number is printed. */
const LISTED = 20

/** Prints what was read. */
export function reportSettings(settings: Settings, engine: EngineReport): void {
  print(describe(settings, engine))
}

/** Prints what was read of a service. */
export function reportService(
  { identity }: Settings,
  name: string,
  project: string,
  candidates: Iterable<number>,
): void {
  print([
    `user: ${identity.user} (from ${identity.userSource})`,
    `service: ${name === '' ? 'the only one' : name}`,
    `project: ${project}`,
    `the same as: --tool=${JSON.stringify(identity.tool)}`,
    `candidates: ${[...candidates].join(' ')}`,
  ])
}

/** Prints what was read and tried. */
export function reportPick(
  settings: Settings,
  report: EngineReport,
  port: number,
  tries: number,
): void {
  const { candidates, engine } = settings
  const lines = describe(settings, report)
  if (tries > 0) {
    const tried = firstCandidates(candidates, engine, Math.min(tries, LISTED))
    for (const one of tried) lines.push(`tried ${one}: ${one === port ? 'free' : 'not free'}`)
    if (tries > LISTED) lines.push(`tried ${tries - LISTED} more`)
  }
  lines.push(port === 0 ? 'answer: none' : `answer: ${port} after ${tries} tries`)
  print(lines)
}

function describe(settings: Settings, { engine, file, refusal }: EngineReport): string[] {
  const { source, identity, candidates } = settings
  const { seed, prepended } = candidates
  return [
    ...Object.entries(source.environment).map(([name, value]) => `${name}=${value}`),
    `engine: ${engine}`,
    ...(file === undefined ? [] : [`addon: ${file}`]),
    ...(refusal === undefined ? [] : [`addon refused: ${refusal}`]),
    `user: ${identity.user} (from ${identity.userSource})`,
    ...OPTIONS.flatMap((option) => describeOption(option, source)),
    ...(identity.project === undefined
      ? []
      : [`the same as: --tool=${JSON.stringify(identity.tool)}`]),
    `seed: ${seed}`,
    `prepended: ${prepended.length === 0 ? 'none' : prepended.join(' ')}`,
  ]
}

/** The value of an option, and where it comes from; nothing when the option has none. */
function describeOption(option: Option, source: Source): string[] {
  if (option === 'user') return []
  const given = sourced(source, option)
  if (given !== undefined) return [`${option}: ${show(given.value)} (from ${given.source})`]
  const setting: Setting = SETTINGS[option]
  return setting.default === undefined ? [] : [`${option}: ${show(setting.default)}`]
}

function show(value: unknown): string {
  if (value === '') return 'none'
  return Array.isArray(value)
    ? value.slice(0, LISTED).join(' ')
    : quote(value).replace(/^"|"$/g, '')
}

function print(lines: readonly string[]): void {
  write(2, lines.map((line) => `port4me: ${printable(line)}\n`).join(''))
}
