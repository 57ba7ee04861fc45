// Reads a page of the documentation: its code blocks, with what a comment says about each, and its prose.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../support/paths.js'

/** What to do with a block: the comment on the line before it, as CONTRIBUTING.md explains. */
type Directive =
  | { readonly kind: 'run'; readonly status: number }
  | { readonly kind: 'file'; readonly name: string }
  | { readonly kind: 'background' }
  | { readonly kind: 'not run'; readonly reason: string }

export interface Block {
  /** The file, relative to the root of the repository. */
  readonly page: string
  /** The line of its fence, from 1. */
  readonly line: number
  /** Empty if it has none. */
  readonly language: string
  readonly code: string
  readonly directive: Directive
}

export interface Page {
  readonly name: string
  readonly blocks: readonly Block[]
  /** What is wrong with its blocks or their comments. */
  readonly problems: readonly string[]
  /** The text with an empty line in place of each line of code. */
  readonly prose: string
}

/** Blocks that are run. */
const RUN = ['js', 'ts', 'sh', 'console']
/** Blocks that need no comment, but are not run. JSON is parsed. */
const SHOWN = ['json', 'text', 'yaml', 'toml', 'dockerfile', 'ini']

const FENCE = /^( *)(`{3,}|~{3,}) *([^`]*)$/
const COMMENT = /^ *<!-- *(.*?) *--> *$/
const DIRECTIVE = /^(file|exit|not run|background)\b *:? *(.*)$/

/** README.md and the pages of docs/. Those of docs/reference/ are made from the doc comments. */
export const PAGES: readonly string[] = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

export function readPage(name: string): Page {
  return parsePage(name, readFileSync(join(ROOT, name), 'utf8'))
}

export function parsePage(name: string, text: string): Page {
  const lines = text.split('\n')
  const prose = [...lines]
  const blocks: Block[] = []
  const problems: string[] = []

  for (let at = 0; at < lines.length; at++) {
    const line = at + 1
    const comment = commentIn(lines[at])
    const [, indent = '', fence, info = ''] = FENCE.exec(lines[at] ?? '') ?? []
    if (fence === undefined) {
      if (comment !== undefined && DIRECTIVE.test(comment) && !FENCE.test(lines[line] ?? '')) {
        problems.push(`${name}:${line}: no block begins on the line after "${comment}"`)
      }
      continue
    }
    const end = lines.findIndex((other, i) => i > at && isEnd(other, fence))
    if (end === -1) {
      problems.push(`${name}:${line}: the block has no end`)
      break
    }
    const code = lines
      .slice(line, end)
      .map((codeLine) => codeLine.replace(new RegExp(`^ {0,${indent.length}}`), ''))
      .join('\n')
    const language = /^[^\s{[]*/.exec(info)?.[0] ?? ''
    const found = { page: name, line, language, code }
    const directive = directiveOf(commentIn(lines[at - 1]))
    const block = { ...found, directive: directive ?? ({ kind: 'run', status: 0 } as const) }
    const problem = directive === undefined ? 'unknown comment' : problemOf(block)
    if (problem === undefined) blocks.push(block)
    else problems.push(`${name}:${line}: ${problem}`)
    prose.fill('', at, end + 1)
    at = end
  }
  return { name, blocks, problems, prose: prose.join('\n') }
}

/** Whether a block is a process, or several. */
export function isRun({ language, directive }: Block): boolean {
  return RUN.includes(language) && (directive.kind === 'run' || directive.kind === 'background')
}

function commentIn(line = ''): string | undefined {
  return COMMENT.exec(line)?.[1]
}

function isEnd(line: string, fence: string): boolean {
  const text = line.trim()
  return text.length >= fence.length && text === fence[0]?.repeat(text.length)
}

/** Undefined if the comment is not one of those that CONTRIBUTING.md explains. */
function directiveOf(comment: string | undefined): Directive | undefined {
  if (comment === undefined) return { kind: 'run', status: 0 }
  const [, kind, value = ''] = DIRECTIVE.exec(comment) ?? []
  switch (kind) {
    case 'file':
      return { kind, name: value }
    case 'exit':
      return { kind: 'run', status: value === '' ? Number.NaN : Number(value) }
    case 'not run':
      return { kind, reason: value }
    case 'background':
      return value === '' ? { kind } : undefined
    default:
      return undefined
  }
}

function problemOf({ language, directive }: Block): string | undefined {
  if (language === '') return 'the block has no language'
  switch (directive.kind) {
    case 'not run':
      return directive.reason === '' ? '"not run" has no reason' : undefined
    case 'file':
      return /^(?!.*\.\.)\w[\w./-]*$|^\.\w[\w./-]*$/.test(directive.name)
        ? undefined
        : '"file" needs the name of a file in the folder'
    case 'background':
      return RUN.includes(language) ? undefined : `a block of ${language} cannot be started`
    case 'run':
      if (![...RUN, ...SHOWN].includes(language)) {
        return `nothing is known about blocks of ${language}: add a comment "file" or "not run"`
      }
      return Number.isInteger(directive.status) ? undefined : '"exit" needs a number'
  }
}
