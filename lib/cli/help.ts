// The texts of --help, from the table of settings.

import {
  FLAG_HELP,
  type Flag,
  type FlagHelp,
  OPTIONS,
  PROGRAM_FLAGS,
  SETTINGS,
  type Setting,
  VARIABLE_HELP,
} from '../settings/table.js'

const FLAGS = Object.keys(FLAG_HELP) as Flag[]

/** The columns where the text of a flag begins and ends. */
const INDENT = 20
const WIDTH = 80

export function help(): string {
  return `port4me: the same personal, free TCP port, every day

Usage:
  port4me [TOOL] [flags]
  port4me run [TOOL] [flags] -- COMMAND [ARGUMENTS]
  port4me help [run]

Prints the first free port of a sequence that depends only on the user and the
tool. With run it leases the port while a command runs: port4me run --help

Which ports:
${section('ports')}
What 'free' means:
${section('free')}
What to print:
${section('print')}
PORTS are ports and ranges, separated by commas or spaces: 2000-2123,4321
0 is ignored; --include=0 and --include= mean the default. {chrome} and
{firefox} stand for the ports that these browsers block.
If a flag is given twice, the last one counts.

Variables (a flag takes precedence over its variable):
${wrapped(variablesOfFlags().join(', '), 2)}
Variables without a flag:
${Object.entries(VARIABLE_HELP)
  .map(([name, says]) => entry(name, says))
  .join('')}
Exit status: 0 success; 1 no free port, port not free, or a failure; 2 wrong
usage

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
  return `port4me run: run a command with a port that no other program gets

Usage:
  port4me run [TOOL] [flags] -- COMMAND [ARGUMENTS]

Leases the first free candidate while the command runs: no other lease gets the
port, and the system does not choose it for another program. (This holds on
Linux. Elsewhere the port is released just before the command starts.) The
variable PORT tells the command its port, and each {port} in its arguments is
replaced by the port. The command is started without a shell.

${section('run')}${wrapped(`${optionFlags().join(', ')}, --help`, 2)}
                    the same as without run: port4me --help

SIGINT, SIGTERM, SIGHUP and SIGQUIT are passed on to the command, unless it has
received them itself: a terminal sends Ctrl-C to the command too. A UDP server
needs SO_REUSEADDR to bind the port.

Exit status: that of the command; 128 + n if signal n ended it; 127 not found;
126 cannot be run; 1 no free port, or a failure; 2 wrong usage

Examples:
  port4me run -- npm start
  port4me run docs -- python3 -m http.server {port}
  port4me run --env=VITE_PORT web -- sh -c 'vite --port "$VITE_PORT"'
`
}

function section(name: FlagHelp['section']): string {
  return FLAGS.filter((flag) => FLAG_HELP[flag].section === name)
    .map((flag) => {
      const { value, says, short = [] } = FLAG_HELP[flag]
      return entry(
        [`--${flag}${value === undefined ? '' : `=${value}`}`, ...short].join(', '),
        says,
      )
    })
    .join('')
}

/** A name with its text beside it, or below it if the name is long. */
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
