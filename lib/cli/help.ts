// What --help prints, from the table of settings.

import {
  FLAG_WORDS,
  type Flag,
  OPTIONS,
  PROGRAM_FLAGS,
  SETTINGS,
  type Setting,
  VARIABLE_WORDS,
  type Words,
} from '../settings/table.js'

const FLAGS = Object.keys(FLAG_WORDS) as Flag[]

/** Where the words of a flag begin, and where its lines end. */
const INDENT = 20
const WIDTH = 80

export function help(): string {
  return `port4me: the same personal, free TCP port, every day

Usage:
  port4me [TOOL] [flags]
  port4me run [TOOL] [flags] -- COMMAND [ARGUMENTS]
  port4me help [run]

Prints the first free port of a sequence that depends on the user and the tool
alone. With run it leases the port while the command runs: port4me run --help

Which ports:
${section('ports')}
What 'free' means:
${section('free')}
What to print:
${section('print')}
PORTS are ports and ranges, separated by commas or spaces: 2000-2123,4321
0 is no port; --include=0 and --include= are the default. Of a flag given twice
the last one counts.
{chrome} and {firefox} stand for the ports that these browsers block.

Variables, each beaten by its flag:
${wrapped(variablesOfFlags().join(', '), 2)}
and, without a flag:
${Object.entries(VARIABLE_WORDS)
  .map(([name, says]) => entry(name, says))
  .join('')}
Exit status: 0; 1 no free port, port not free, or a failure; 2 wrong usage

Examples:
  port4me
  port4me jupyter-lab
  port4me --include=8000-8999 --exclude=8080 api
  server --port "$(port4me)"
  port4me --test=8080 && echo free
  port4me --why=8080
  port4me run api -- node server.js --port {port}
`
}

export function runHelp(): string {
  return `port4me run: run a command with a port that nobody else gets

Usage:
  port4me run [TOOL] [flags] -- COMMAND [ARGUMENTS]

Leases the first free port of port4me's choice while the command runs: no other
lease and no port of the system's choice is it. (On Linux; elsewhere the port is
let go just before the command starts.) The command finds it in its variable
PORT; each {port} in its arguments is replaced by it. There is no shell in
between.

${section('run')}${wrapped(`${optionFlags().join(', ')}, --help`, 2)}
                    as without run: port4me --help

SIGINT, SIGTERM, SIGHUP and SIGQUIT are passed on to the command, unless it has
got them itself: a terminal sends Ctrl-C to the command as well. A UDP server
needs SO_REUSEADDR to bind the port.

Exit status: the command's, 128 + n when signal n ended it; 127 it was not
found; 126 it cannot be run; 1 no free port, or a failure; 2 wrong usage

Examples:
  port4me run -- npm start
  port4me run docs -- python3 -m http.server {port}
  port4me run --env=VITE_PORT web -- sh -c 'vite --port "$VITE_PORT"'
`
}

function section(name: Words['section']): string {
  return FLAGS.filter((flag) => FLAG_WORDS[flag].section === name)
    .map((flag) => {
      const { value, says, short = [] } = FLAG_WORDS[flag]
      return entry(
        [`--${flag}${value === undefined ? '' : `=${value}`}`, ...short].join(', '),
        says,
      )
    })
    .join('')
}

/** A name, and what there is to say of it beside it, or below it when the name is long. */
function entry(name: string, says: string): string {
  const words = wrapped(says, INDENT)
  const head = `  ${name}`
  return head.length < INDENT - 1
    ? `${head.padEnd(INDENT)}${words.slice(INDENT)}\n`
    : `${head}\n${words}\n`
}

/** The flags that `port4me run` has in common with `port4me`. */
function optionFlags(): string[] {
  return OPTIONS.flatMap((option) => {
    const { flag, only }: Setting = SETTINGS[option]
    return flag === undefined || only === 'lease' ? [] : [`--${flag}`]
  })
}

function variablesOfFlags(): string[] {
  const settings: readonly { readonly variable?: string; readonly kind: string }[] =
    Object.values(PROGRAM_FLAGS)
  return [
    ...OPTIONS.flatMap((option) => {
      const { variable, flag }: Setting = SETTINGS[option]
      return variable === undefined || flag === undefined ? [] : [variable]
    }),
    ...settings.flatMap(({ variable }) => variable ?? []),
  ]
}

/** A text in lines of the terminal's usual width, each after so many spaces. */
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
