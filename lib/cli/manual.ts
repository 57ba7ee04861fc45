// What the programs and commands do, in words. help.ts prints it, and scripts/man.mjs makes the man pages of it.

import {
  type Command,
  FLAG_HELP,
  type Flag,
  OPTIONS,
  PROGRAM_FLAGS,
  type ProgramFlag,
  SETTINGS,
  type Setting,
  VARIABLE_HELP,
} from '../settings/table.js'
import { flagsOf } from './command-flags.js'

export interface Manual {
  /** What is typed, such as `port4me run`. */
  readonly name: string
  readonly says: string
  readonly usage: readonly string[]
  readonly parts: readonly Part[]
}

/** A part of a manual: a paragraph, entries (flags or variables with their texts), or lines of a shell. */
export type Part =
  | { readonly title?: string; readonly text: string }
  | { readonly title?: string; readonly entries: readonly Entry[] }
  | { readonly title: string; readonly lines: readonly string[] }

interface Entry {
  readonly name: string
  readonly says: string
}

/** They are made at the first use, because most commands print no help. */
const manuals = (): Readonly<Record<Command, Manual>> => ({
  port4me: {
    name: 'port4me',
    says: 'the same personal, free TCP port, every day',
    usage: [
      'port4me [TOOL] [flags]',
      'port4me run [TOOL|SERVICE] [flags] -- COMMAND [ARGUMENTS]',
      'port4me services [flags]',
      'port4me url [SERVICE] [flags]',
      'port4me env [flags]',
      'port4me who [PORT...] [flags]',
      'port4me map [flags]',
      'port4me stop PORT|SERVICE... [flags]',
      'port4me wait PORT [flags]',
      'port4me help [COMMAND]',
    ],
    parts: [
      {
        text: 'Prints the first free port of a sequence that depends only on the user and the tool. run leases the port while a command runs. services lists the services of this project, url prints where one of them runs or is to run, and env prints their ports as variables. who lists the processes that have ports, map shows all ports as a picture, stop ends the one that listens on a port or serves a service, and wait waits until a server accepts connections: port4me help COMMAND',
      },
      { title: 'Which ports', entries: section('port4me', 'ports') },
      { title: "What 'free' means", entries: section('port4me', 'free') },
      { title: 'What to print', entries: section('port4me', 'print') },
      {
        text: 'PORTS are ports and ranges, separated by commas or spaces: 2000-2123,4321. 0 is ignored; --include=0 and --include= mean the default. {chrome} and {firefox} stand for the ports that these browsers block, {ephemeral} for those that the system gives to programs that ask for any port. If a flag is given twice, the last one counts.',
      },
      {
        title: 'Variables (a flag takes precedence over its variable)',
        text: variablesOfFlags().join(', '),
      },
      {
        title: 'Variables without a flag',
        entries: Object.entries(VARIABLE_HELP).map(([name, says]) => ({ name, says })),
      },
      {
        title: 'Exit status',
        text: '0 success; 1 no free port, port not free, or a failure; 2 wrong usage',
      },
      {
        title: 'Examples',
        lines: [
          'port4me',
          'port4me jupyter-lab',
          'port4me --include=8000-8999 --exclude=8080 api',
          'server --port "$(port4me)"',
          'port4me --test=8080 && echo free',
          'port4me --why=8080',
          'port4me run api -- node server.js --port {port}',
        ],
      },
    ],
  },
  run: {
    name: 'port4me run',
    says: 'run a command with a port that no other program gets',
    usage: [
      'port4me run [TOOL|SERVICE] [flags] -- COMMAND [ARGUMENTS]',
      'port4me run --all [flags] -- COMMAND [ARGUMENTS]',
    ],
    parts: [
      {
        text: 'Leases the first free candidate while the command runs: no other lease gets the port, and the system does not choose it for another program. (This holds on Linux. Elsewhere the port is released just before the command starts.) The variable PORT tells the command its port, and each {port} in its arguments is replaced by the port. The command is started without a shell.',
      },
      {
        text: 'If the project declares a service of this name (port4me.json, or "port4me" in package.json), the port is the one of the service: port4me url tells it to others, and a second port4me run is an error as long as the service runs. The variable of the service, such as WEB_PORT, is set besides PORT. --tool=NAME is always a tool.',
      },
      {
        entries: [
          ...section('run', 'run'),
          {
            name: `${optionFlags().join(', ')}, --help`,
            says: 'the same as without run: port4me --help',
          },
        ],
      },
      {
        text: 'SIGINT, SIGTERM, SIGHUP and SIGQUIT are passed on to the command, unless it has received them itself: a terminal sends Ctrl-C to the command too. A UDP server needs SO_REUSEADDR to bind the port.',
      },
      {
        title: 'Exit status',
        text: 'that of the command; 128 + n if signal n ended it; 127 not found; 126 cannot be run; 1 no free port, or a failure; 2 wrong usage',
      },
      {
        title: 'Examples',
        lines: [
          'port4me run -- npm start',
          'port4me run docs -- python3 -m http.server {port}',
          `port4me run --env=VITE_PORT web -- sh -c 'vite --port "$VITE_PORT"'`,
          "port4me run api --wait='npm test' -- node server.js --port {port}",
          'port4me run web --restart -- npm start',
          'port4me run --all -- npm start',
        ],
      },
    ],
  },
  services: {
    name: 'port4me services',
    says: 'the services of this project, and where they run',
    usage: ['port4me services [flags]'],
    parts: [
      {
        text: 'Lists the services that the project around the working directory declares, in port4me.json or as "port4me" in package.json. A service is running if a process of this project, or one that port4me run has started for it, serves its port. It is leased if a process keeps its port, but nothing listens yet. If it is free, the port is the one where it is to start; if it is taken, others have all ports that it may have.',
      },
      {
        text: 'If others have the port that a service prefers, a line on stderr says who. --all looks at the projects in whose folders a process of yours has a port. Services that are not declared are not shown.',
      },
      { entries: flags('services') },
      { title: 'Exit status', text: '0 success; 1 a failure; 2 wrong usage' },
      {
        title: 'Examples',
        lines: ['port4me services', 'port4me services --all --json'],
      },
    ],
  },
  url: {
    name: 'port4me url',
    says: 'where a service of this project runs, or is to run',
    usage: ['port4me url [SERVICE] [flags]'],
    parts: [
      {
        text: 'Prints the URL of a service: http://localhost: and the port where it runs, or else its first free port. SERVICE may be left out if the project declares only one. It need not be declared: each name has a port.',
      },
      { entries: flags('url') },
      {
        title: 'Exit status',
        text: '0 success; 1 no free port, a service for UDP only, or a failure; 2 wrong usage',
      },
      {
        title: 'Examples',
        lines: ['curl "$(port4me url web)/health"', 'port4me url api --project=~/src/shop'],
      },
    ],
  },
  env: {
    name: 'port4me env',
    says: 'the ports of the services of this project, as variables',
    usage: ['port4me env [flags]'],
    parts: [
      {
        text: 'Prints a line such as WEB_PORT=3000 for each service that the project declares: the port where it runs, or else its first free port. Files with such lines are often called .env. With --json it prints an object.',
      },
      { entries: flags('env') },
      { title: 'Exit status', text: '0 success; 1 no free port, or a failure; 2 wrong usage' },
      {
        title: 'Examples',
        lines: ['port4me env > .env', 'eval "$(port4me env --export)"'],
      },
    ],
  },
  who: {
    name: 'port4me who',
    says: 'who has which port',
    usage: ['port4me who [PORT...] [flags]'],
    parts: [
      {
        text: 'Lists the sockets that have the ports, with their processes. Without PORT it lists all ports on which a process listens or that it has bound. A PORT is a port or a range, such as 8080-8090. In a terminal, long cells are shortened.',
      },
      {
        text: 'The address * means every address. [lease] marks a port that a process leases, and [bound] one that it has bound without listening. ? is a process that cannot be seen, and - is anything else that is not known.',
      },
      { entries: flags('who') },
      {
        title: 'Exit status',
        text: '0 success; 1 nobody has the ports, or a failure; 2 wrong usage',
      },
      {
        title: 'Examples',
        lines: ['port4me who', 'port4me who 3000 8080-8090', 'port4me who --json 3000'],
      },
    ],
  },
  map: {
    name: 'port4me map',
    says: 'all ports of this machine as a picture',
    usage: ['port4me map [flags]'],
    parts: [
      {
        text: 'Shows which of the 65,536 ports are free, in use or leased. A cell stands for several ports in a row, as many as the width of the terminal makes necessary. It shows the port of most interest to you if one of its ports is in use or leased; else it shows what most of its ports are. Below the picture each state has its number of ports.',
      },
      {
        text: 'Each port has one state. free, ephemeral and excluded ports are free. Of these, the system gives the ephemeral ones to programs that ask for any port, and your settings never choose the excluded ones: those that are not included, or excluded, or unsafe for browsers. denied ports need privileges, or a policy reserves them; port 0 belongs to them too. A leased port is kept by a lease, and no process listens on it. The others are in use: by processes of yours that work in this project (project), by your other processes (mine), or by others and by processes that cannot be seen (in-use).',
      },
      {
        text: 'A terminal with colors shows colored half blocks. Otherwise, also with NO_COLOR, each cell is a character.',
      },
      { entries: flags('map') },
      { title: 'Exit status', text: '0 success; 1 a failure; 2 wrong usage' },
      {
        title: 'Examples',
        lines: [
          'port4me map',
          'port4me map --protocol=tcp --svg > ports.svg',
          'port4me map --json',
        ],
      },
    ],
  },
  stop: {
    name: 'port4me stop',
    says: 'end the process that listens on a port, or serves a service',
    usage: ['port4me stop PORT|SERVICE... [flags]'],
    parts: [
      {
        text: 'Ends the process that listens on the port, and no other: no client of the port, no process of another user, and none that has started this command. It says what it will end, and asks. A name without a letter is a port; any other name is a service of the project around the working directory. A process that only leases the port, or has bound it on TCP without listening, is not ended either.',
      },
      {
        text: 'The process gets SIGTERM and has five seconds to end. Windows has no such signal: there the process is ended at once.',
      },
      { entries: flags('stop') },
      {
        title: 'Exit status',
        text: '0 it has ended; 1 nobody listens, the service does not run, it may not be ended, or it still runs; 2 wrong usage',
      },
      {
        title: 'Examples',
        lines: ['port4me stop 3000', 'port4me stop web', 'port4me stop --yes --force 3000'],
      },
    ],
  },
  wait: {
    name: 'port4me wait',
    says: 'wait until a server accepts connections on a port',
    usage: ['port4me wait PORT [flags]'],
    parts: [
      {
        text: 'Connects to the port again and again until something accepts the connection, and closes it. With --free it waits until a TCP server could listen on the port.',
      },
      { entries: flags('wait') },
      { title: 'Exit status', text: '0 success; 1 timed out, or a failure; 2 wrong usage' },
      {
        title: 'Examples',
        lines: ['port4me wait 3000 && npm test', 'port4me wait --free --timeout=5 3000'],
      },
    ],
  },
  openport: {
    name: 'openport',
    says: 'a port that is free on TCP and UDP, IPv4 and IPv6',
    usage: ['openport', 'openport START END [--inclusive]'],
    parts: [
      {
        text: 'Without arguments it prints any free port. With START and END it prints the first free port from START to END, without END unless --inclusive is given.',
      },
      { entries: flags('openport') },
      { title: 'Exit status', text: '0 success; 1 no free port, or a failure; 2 wrong usage' },
      { title: 'Examples', lines: ['openport', 'openport 15000 16000'] },
    ],
  },
})

export function manualOf(command: Command): Manual {
  return manuals()[command]
}

/** The flags of a command, as --help shows them. */
function flags(command: Command): Entry[] {
  return Object.entries(FLAG_HELP).flatMap(([flag, { value, says, in: inCommand }]) => {
    const row = flagsOf(command)[flag]
    if (row === undefined) return []
    return {
      name: [`--${flag}${value === undefined ? '' : `=${value}`}`, ...row.short].join(', '),
      says: inCommand?.[command] ?? says,
    }
  })
}

function section(command: Command, name: string): Entry[] {
  return flags(command).filter(
    ({ name: shown }) => FLAG_HELP[/^--([\w-]+)/.exec(shown)?.[1] as Flag].section === name,
  )
}

/** The flags that `port4me run` has in common with `port4me`. */
function optionFlags(): string[] {
  return OPTIONS.flatMap((option) => {
    const { flag, only }: Setting = SETTINGS[option]
    return flag === undefined || only === 'lease' ? [] : [`--${flag}`]
  })
}

function variablesOfFlags(): string[] {
  return [
    ...OPTIONS.flatMap((option) => {
      const { variable, flag }: Setting = SETTINGS[option]
      return variable === undefined || flag === undefined ? [] : [variable]
    }),
    ...Object.values<ProgramFlag>(PROGRAM_FLAGS).flatMap(({ variable }) => variable ?? []),
  ]
}
