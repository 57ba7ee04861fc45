// Writes the man pages of the programs, docs/man/, from the same words and flags as --help.
//
//   node scripts/man.mjs [FOLDER]

import { mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** When the pages last changed. */
const DATE = '2026-11-23'
const WIDTH = 78

const root = fileURLToPath(new URL('..', import.meta.url))
const { version } = createRequire(import.meta.url)('../package.json')

const [folder = `${root}docs/man`] = process.argv.slice(2)
mkdirSync(folder, { recursive: true })
for (const [name, text] of Object.entries(await manPages())) {
  writeFileSync(join(folder, name), text)
}

/** The pages by the names of their files. */
async function manPages() {
  const { outputFiles } = await build({
    stdin: {
      contents: `export { manualOf } from './lib/cli/manual.ts'
        export { COMMANDS } from './lib/settings/table.ts'`,
      resolveDir: root,
    },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    write: false,
  })
  const module = { exports: {} }
  new Function('module', 'exports', 'require', outputFiles[0].text)(module, module.exports)
  const { manualOf, COMMANDS } = module.exports
  const commands = COMMANDS.filter((name) => name !== 'help').map(manualOf)
  return {
    'port4me.1': page(manualOf('port4me'), commands, 'openport'),
    'openport.1': page(manualOf('openport'), [], 'port4me'),
  }
}

/** A page in the language of man(7). */
function page({ name, says, usage, parts }, commands, other) {
  return `${[
    '.\\" Made by scripts/man.mjs.',
    `.TH ${name.toUpperCase()} 1 ${DATE} "port4me ${version}" "User Commands"`,
    '.SH NAME',
    `${name} \\- ${escaped(says)}`,
    '.SH SYNOPSIS',
    ...lines(usage),
    '.SH DESCRIPTION',
    ...parts.flatMap((part, i) => section(part, '.SH', i === 0)),
    ...commands.flatMap((command) => [
      `.SH ${command.name.toUpperCase()}`,
      ...wrapped(`${command.says[0].toUpperCase()}${command.says.slice(1)}.`),
      '.PP',
      ...lines(command.usage),
      ...command.parts.flatMap((part) => section(part, '.SS', false)),
    ]),
    '.SH SEE ALSO',
    `.BR ${other} (1)`,
  ].join('\n')}\n`
}

function section({ title, text, entries, lines: shell }, macro, isFirst) {
  const shown = macro === '.SH' ? title?.toUpperCase() : title
  const head = title === undefined ? [] : [`${macro} "${escaped(shown)}"`]
  if (entries !== undefined) {
    const none = title === undefined && macro === '.SH' ? ['.SH OPTIONS'] : head
    return [
      ...none,
      ...entries.flatMap((entry) => [
        '.TP', // the next line alone is the name
        entry.name.split(' ').map(bold).join(' '),
        ...wrapped(entry.says),
      ]),
    ]
  }
  if (shell !== undefined) return [...head, ...lines(shell)]
  return [...(title === undefined && !isFirst ? ['.PP'] : head), ...wrapped(text)]
}

function lines(texts) {
  return ['.nf', ...texts.map((text) => guarded(escaped(text))), '.fi']
}

/** The flags of a name in bold, and the words for their values in italics. */
function bold(name) {
  return name.replace(/^(-[-\w]+|\w+)(?:=(\w+))?(,?)$/, (_all, flag, value, comma) => {
    const shown = value === undefined ? '' : `=\\fI${value}\\fP`
    return `\\fB${escaped(flag)}\\fP${shown}${comma}`
  })
}

/** Breaks a text into lines of the source. Where they break does not matter to the reader. */
function wrapped(text) {
  const all = ['']
  for (const word of escaped(text).split(' ')) {
    const last = all.at(-1)
    if (last === '') all[all.length - 1] = word
    else if (last.length + 1 + word.length > WIDTH) all.push(word)
    else all[all.length - 1] = `${last} ${word}`
  }
  return all.map(guarded)
}

/** groff_char(7): a plain - may be printed as a hyphen, and a plain ' as a quotation mark. */
function escaped(text) {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('"', '\\(dq')
    .replaceAll('~', '\\(ti')
    .replaceAll('^', '\\(ha')
}

/** A line that begins with a dot would be a macro. */
function guarded(line) {
  return /^\./.test(line) ? `\\&${line}` : line
}
