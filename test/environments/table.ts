// The tables of docs/platforms.md, which are made from the results of these tests.
//
//   UPDATE_PLATFORMS=1 npm run test:environments -- --no-file-parallelism     writes them

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../support/paths.js'
import type { Outcome, Result } from './projects.js'

const FILE = join(ROOT, 'docs', 'platforms.md')

/** The rows of one table, which are compared with the file or written to it. */
export class Table {
  readonly #name: string
  readonly #rows = new Map<string, readonly string[]>()

  /**
   * @param name the name that the file has in the comment before the table
   * @param environments the first column, in order; the tests may end in another order
   */
  constructor(name: string, environments: readonly string[]) {
    this.#name = name
    for (const environment of environments) this.#rows.set(environment, [])
  }

  /** Adds a row. Results of environments with one name must be the same. */
  add(environment: string, result: Result, remark?: string): void {
    const remarks = [...refusalsOf(result), ...warningsOf(result), ...(remark ? [remark] : [])]
    const row = [engineOf(result), remarks.join('; ')]
    const before = this.#rows.get(environment)
    if (before === undefined) throw new Error(`no row is named ${environment}`)
    if (before.length > 0) expect(row, environment).toEqual(before)
    this.#rows.set(environment, row)
  }

  /** To be called after the tests that add rows: tests that the file has them. */
  testFile(): void {
    test('docs/platforms.md has these results', () => this.#check())
  }

  #check(): void {
    const text = readFileSync(FILE, 'utf8')
    const [begin, end] = [`<!-- results: ${this.#name} -->\n`, '<!-- end -->\n']
    const [before, rest] = split(text, begin)
    const [, after] = split(rest, end)
    const rows = [...this.#rows].map(([environment, row]) => [environment, ...row])
    const incomplete = rows.filter((row) => row.length === 1).map(([name]) => name)
    expect(incomplete, 'environments without a result').toEqual([])
    const lines = [['environment', 'engine', 'remark'], ['---', '---', '---'], ...rows]
    const table = lines.map((cells) => `| ${cells.join(' | ')} |\n`).join('')
    const wanted = `${before}${begin}\n${table}\n${end}${after}`
    if (process.env.UPDATE_PLATFORMS) writeFileSync(FILE, wanted)
    else expect(text, 'docs/platforms.md: UPDATE_PLATFORMS=1 writes it').toBe(wanted)
  }
}

function split(text: string, by: string): [string, string] {
  const at = text.indexOf(by)
  if (at === -1) throw new Error(`docs/platforms.md lacks ${by}`)
  return [text.slice(0, at), text.slice(at + by.length)]
}

function engineOf({ engine, calls }: Result): string {
  const someWork = Object.values(calls).includes('works')
  return someWork ? String(engine) : 'refused'
}

/** What was refused, by message. */
function refusalsOf({ calls }: Result): string[] {
  const refused = new Map<string, string[]>()
  for (const [name, outcome] of Object.entries(calls)) {
    const message = messageOf(outcome)
    if (message !== undefined) refused.set(message, [...(refused.get(message) ?? []), name])
  }
  return [...refused].map(([message, names]) => {
    const all = names.length === Object.keys(calls).length
    const what = all ? 'every call' : names.map((name) => `\`${name}()\``).join(', ')
    return `${what}: \`${message}\``
  })
}

function warningsOf({ warnings }: Result): string[] {
  return warnings.map((code) => `the first lease warns: \`${code}\``)
}

/** The message of an error, without what differs from run to run and from call to call. */
function messageOf(outcome: Outcome): string | undefined {
  if (typeof outcome !== 'object' || !('message' in outcome)) return undefined
  const { message } = outcome
  return message.replace(/^bind ERR_ACCESS_DENIED /, '').replace(/\b(tcp|udp)\/\d+/, '$1/PORT')
}
