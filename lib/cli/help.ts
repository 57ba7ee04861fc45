// Prints the manuals: --help.

import { write } from '../output.js'
import type { Command } from '../settings/table.js'
import { manualOf, type Part } from './manual.js'

/** The columns where the text of an entry begins and ends. */
const INDENT = 20
const WIDTH = 80

/** Prints the help of a command. Returns the exit status. */
export function printHelp(command: Command): number {
  write(1, help(command))
  return 0
}

export function help(command: Command): string {
  const { name, says, usage, parts } = manualOf(command)
  return `${[
    `${name}: ${says}`,
    ['Usage:', ...usage.map((line) => `  ${line}`)].join('\n'),
    ...parts.map(printed),
  ].join('\n\n')}\n`
}

function printed(part: Part): string {
  const { title } = part
  const head = title === undefined ? '' : `${title}:\n`
  if ('entries' in part) {
    return head + part.entries.map(({ name, says }) => entry(name, says)).join('\n')
  }
  if ('lines' in part) return head + part.lines.map((line) => `  ${line}`).join('\n')
  return wrapped(title === undefined ? part.text : `${title}: ${part.text}`, 0)
}

/** A name with its text beside it, or below it if the name is long. */
function entry(name: string, says: string): string {
  const words = wrapped(says, INDENT)
  const head = wrapped(name, 2)
  return head.length < INDENT - 1 ? head.padEnd(INDENT) + words.slice(INDENT) : `${head}\n${words}`
}

/** Wraps a text to the usual width of a terminal and indents each line. */
function wrapped(text: string, indent: number): string {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? ''
    if (line === '') lines[lines.length - 1] = word
    else if (indent + line.length + 1 + word.length > WIDTH) lines.push(word)
    else lines[lines.length - 1] = `${line} ${word}`
  }
  return lines.map((line) => ' '.repeat(indent) + line).join('\n')
}
