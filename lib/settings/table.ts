// The table of settings. Each row is one setting: its option, its variable, its flag, its allowed values and its
// default. The list of variables, the flags, --help, completion, and the comparison of a call with the last one are
// derived from this table. Tests compare types.ts and the tables of the documentation with it.

import type { LeaseOptions, Port4meOptions } from '../types.js'

/** The options of all functions that pick or lease a port. */
export type Option = keyof Port4meOptions | keyof LeaseOptions

export interface Setting {
  /** The kind of value. reading.ts reads each kind. */
  readonly kind: 'text' | 'ports' | 'integer' | 'boolean' | 'choice' | 'host' | 'worker' | 'project'
  /**
   * The part of the settings that is computed from this setting. settings.ts names the function for each part.
   * With `values` nothing is computed: the value itself is `settings.values.NAME`.
   */
  readonly part: 'identity' | 'prepended' | 'allowed' | 'portQuestion' | 'share' | 'values'
  readonly variable?: string
  /** A second variable, of a set of ports. Its ports are always added, even if the option is set. */
  readonly site?: string
  /** The flag, without dashes. */
  readonly flag?: string
  /** Set if the option is only for leases, or only for picks. */
  readonly only?: 'lease' | 'pick'
  readonly default?: string | number | boolean
  /** The smallest and the greatest allowed integer. */
  readonly min?: number
  readonly max?: number
  /** The allowed values of a choice. */
  readonly choices?: readonly string[]
}

const { MAX_SAFE_INTEGER } = Number

export const SETTINGS = {
  user: { kind: 'text', part: 'identity', variable: 'PORT4ME_USER', flag: 'user' },
  tool: { kind: 'text', part: 'identity', variable: 'PORT4ME_TOOL', flag: 'tool', default: '' },
  project: { kind: 'project', part: 'identity', variable: 'PORT4ME_PROJECT', flag: 'project' },
  prepend: {
    kind: 'ports',
    part: 'prepended',
    variable: 'PORT4ME_PREPEND',
    site: 'PORT4ME_PREPEND_SITE',
    flag: 'prepend',
  },
  include: {
    kind: 'ports',
    part: 'allowed',
    variable: 'PORT4ME_INCLUDE',
    site: 'PORT4ME_INCLUDE_SITE',
    flag: 'include',
  },
  exclude: {
    kind: 'ports',
    part: 'allowed',
    variable: 'PORT4ME_EXCLUDE',
    site: 'PORT4ME_EXCLUDE_SITE',
    flag: 'exclude',
  },
  skip: {
    kind: 'integer',
    part: 'values',
    variable: 'PORT4ME_SKIP',
    flag: 'skip',
    min: 0,
    max: MAX_SAFE_INTEGER,
    default: 0,
  },
  worker: { kind: 'worker', part: 'share', flag: 'worker' },
  protocol: {
    kind: 'choice',
    part: 'portQuestion',
    variable: 'PORT4ME_PROTOCOL',
    flag: 'protocol',
    choices: ['tcp', 'udp', 'both'],
    default: 'tcp',
  },
  family: {
    kind: 'choice',
    part: 'portQuestion',
    variable: 'PORT4ME_FAMILY',
    flag: 'family',
    choices: ['ipv4', 'ipv6', 'both'],
    default: 'both',
  },
  host: { kind: 'host', part: 'portQuestion', variable: 'PORT4ME_HOST', flag: 'host' },
  timeWait: {
    kind: 'choice',
    part: 'portQuestion',
    variable: 'PORT4ME_TIME_WAIT',
    flag: 'time-wait',
    choices: ['free', 'busy'],
    default: 'free',
  },
  maxTries: {
    kind: 'integer',
    part: 'values',
    variable: 'PORT4ME_MAX_TRIES',
    min: 1,
    max: MAX_SAFE_INTEGER,
    default: 65535,
  },
  mustWork: {
    kind: 'boolean',
    part: 'values',
    variable: 'PORT4ME_MUST_WORK',
    only: 'pick',
    default: true,
  },
  exclusive: {
    kind: 'boolean',
    part: 'values',
    flag: 'exclusive',
    only: 'lease',
    default: false,
  },
  debug: {
    kind: 'boolean',
    part: 'values',
    variable: 'PORT4ME_DEBUG',
    flag: 'debug',
    default: false,
  },
} as const satisfies Record<Option, Setting>

/** The variables that belong to no option. */
export const OTHER_VARIABLES = [
  'LOGNAME',
  'USER',
  'LNAME',
  'USERNAME',
  'PORT4ME_EXCLUDE_UNSAFE',
  'PORT4ME_EXCLUDE_UNSAFE_CHROME',
  'PORT4ME_EXCLUDE_UNSAFE_FIREFOX',
  'PORT4ME_LIST',
  'PORT4ME_TEST',
  '_PORT4ME_CHECK_AVAILABLE_PORTS_',
] as const

type Row = (typeof SETTINGS)[Option]

/** The name of a variable from which settings are read. */
export type VariableName =
  | Extract<Row, { variable: string }>['variable']
  | Extract<Row, { site: string }>['site']
  | (typeof OTHER_VARIABLES)[number]

/** The options of the part `values`. */
type ValueOption = {
  [Name in Option]: (typeof SETTINGS)[Name]['part'] extends 'values' ? Name : never
}[Option]

/** The settings of the part `values`. */
export type Values = {
  readonly [Name in ValueOption]: ValueOf<(typeof SETTINGS)[Name]['kind']>
}

type ValueOf<Kind> = Kind extends 'integer' ? number : Kind extends 'boolean' ? boolean : string

export const OPTIONS = Object.keys(SETTINGS) as Option[]

type Flagged = Extract<Row, { flag: string }>

/** The programs and commands that have flags: `port4me` itself, its commands, and the program openport. */
export type Command =
  | 'port4me'
  | 'run'
  | 'services'
  | 'url'
  | 'env'
  | 'who'
  | 'map'
  | 'stop'
  | 'wait'
  | 'openport'

/** The words that are commands if they are the first argument of port4me. */
export const COMMANDS = [
  'run',
  'services',
  'url',
  'env',
  'who',
  'map',
  'stop',
  'wait',
  'help',
] as const

/** The flags that determine the ports of a service. */
const OF_SERVICES = [
  ...(['user', 'project', 'prepend', 'include', 'exclude'] as const),
  ...(['protocol', 'family', 'host', 'timeWait', 'debug'] as const),
]

/** The options that are flags of the commands which neither pick nor lease. The other commands have all of them. */
export const OPTION_FLAGS: Readonly<
  Record<Exclude<Command, 'port4me' | 'run'>, readonly Option[]>
> = {
  services: OF_SERVICES,
  url: OF_SERVICES,
  env: OF_SERVICES,
  who: ['protocol', 'family'],
  map: ['include', 'exclude', 'protocol', 'family'],
  stop: ['user', 'project', 'protocol'],
  wait: ['host'],
  openport: [],
}

/** The flags that are not options. `of` says who has the flag, and `short` has its one-letter forms. */
export const PROGRAM_FLAGS = {
  env: { kind: 'text', of: ['run'] },
  restart: { kind: 'boolean', of: ['run'] },
  wait: { kind: 'text', of: ['run'] },
  free: { kind: 'boolean', of: ['wait'] },
  timeout: { kind: 'text', of: ['run', 'wait'] },
  yes: { kind: 'boolean', of: ['stop'], short: ['-y'] },
  force: { kind: 'boolean', of: ['stop'] },
  all: { kind: 'boolean', of: ['run', 'services', 'who'] },
  export: { kind: 'boolean', of: ['env'] },
  svg: { kind: 'boolean', of: ['map'] },
  inclusive: { kind: 'boolean', of: ['openport'] },
  list: { kind: 'integer', of: ['port4me'], variable: 'PORT4ME_LIST', min: 1, max: 16_777_216 },
  test: { kind: 'integer', of: ['port4me'], variable: 'PORT4ME_TEST', min: 1, max: 65535 },
  why: { kind: 'integer', of: ['port4me'], min: 1, max: 65535 },
  json: { kind: 'boolean', of: ['port4me', 'services', 'url', 'env', 'who', 'map'] },
  completion: { kind: 'choice', of: ['port4me', 'openport'], choices: ['bash', 'zsh', 'fish'] },
  help: {
    kind: 'boolean',
    of: ['port4me', 'run', 'services', 'url', 'env', 'who', 'map', 'stop', 'wait', 'openport'],
    short: ['-h'],
  },
  version: { kind: 'boolean', of: ['port4me', 'openport'], short: ['-V', '-v'] },
} as const satisfies Record<string, ProgramFlag>

export interface ProgramFlag
  extends Pick<Setting, 'kind' | 'variable' | 'min' | 'max' | 'choices'> {
  readonly of: readonly Command[]
  readonly short?: readonly string[]
}

/** A flag, without dashes. */
export type Flag = Flagged['flag'] | keyof typeof PROGRAM_FLAGS

/** The help of a flag. */
export interface FlagHelp {
  /** The section of `port4me --help`, or of the help of a command, that has the flag. */
  readonly section: 'ports' | 'free' | 'print' | 'run' | 'own'
  /** The word that stands for its value in --help, such as PORTS. */
  readonly value?: string
  readonly says: string
  /** What it says in the help of a command where that is something else. */
  readonly in?: Readonly<Partial<Record<Command, string>>>
}

const PROJECT_OF_SERVICES =
  'whose services: a folder or a name (default: the project around the working directory)'
const PROTOCOL_OF_SERVICES = 'tcp, udp or both (default: what the project declares, else tcp)'

export const FLAG_HELP: Readonly<Record<Flag, FlagHelp>> = {
  user: {
    section: 'ports',
    value: 'NAME',
    says: 'whose port (default: $PORT4ME_USER, $LOGNAME, $USER, $LNAME, $USERNAME, the account)',
  },
  tool: {
    section: 'ports',
    value: 'NAME',
    says: 'what the port is for; also the argument that is not a flag, unless it is run, services, url, env, who, map, stop, wait or help',
  },
  project: {
    section: 'ports',
    value: 'PROJECT',
    says: 'what the port is for: the project around the working directory (--project alone), a folder, or a name',
    in: {
      services: PROJECT_OF_SERVICES,
      url: PROJECT_OF_SERVICES,
      env: PROJECT_OF_SERVICES,
      stop: PROJECT_OF_SERVICES,
    },
  },
  prepend: { section: 'ports', value: 'PORTS', says: 'ports to try first' },
  include: {
    section: 'ports',
    value: 'PORTS',
    says: 'ports to choose from (default: 1024-65535)',
  },
  exclude: { section: 'ports', value: 'PORTS', says: 'ports that are never chosen' },
  skip: { section: 'ports', value: 'N', says: 'drop the first N candidates (default: 0)' },
  worker: {
    section: 'ports',
    value: 'I/N',
    says: "take only every N-th candidate, for worker I of N (I from 0); auto: read I from the test runner's variable",
  },
  protocol: {
    section: 'free',
    value: 'P',
    says: 'tcp, udp or both (default: tcp; with --why: both)',
    in: {
      who: 'tcp, udp or both (default: both)',
      map: 'tcp, udp or both (default: both)',
      stop: 'tcp, udp or both (default: tcp for PORT, and the protocol of the service for SERVICE)',
      services: PROTOCOL_OF_SERVICES,
      url: PROTOCOL_OF_SERVICES,
      env: PROTOCOL_OF_SERVICES,
    },
  },
  family: { section: 'free', value: 'F', says: 'ipv4, ipv6 or both (default: both)' },
  host: {
    section: 'free',
    value: 'ADDRESS',
    says: 'an IP address, or localhost for both loopbacks (default: every address of the machine)',
    in: {
      wait: 'a host name or an IP address (default: localhost, both loopbacks; with --free: every address of the machine)',
    },
  },
  'time-wait': {
    section: 'free',
    value: 'T',
    says: 'whether a port that only connections in TIME_WAIT hold is free or busy (default: free)',
  },
  exclusive: {
    section: 'run',
    says: 'let no other program bind the port while it is leased. The command could not bind it either, so the port is released just before the command starts, also on Linux',
  },
  env: { section: 'run', value: 'NAME', says: 'the variable for the port (default: PORT)' },
  restart: { section: 'run', says: 'if the service runs, end it first, as port4me stop does' },
  wait: {
    section: 'run',
    value: 'COMMAND',
    says: 'when the command accepts connections on the port, run this one in a shell; then end the first, and exit with the status of this one',
  },
  free: { section: 'own', says: 'wait until the port is free' },
  timeout: {
    section: 'run',
    value: 'SECONDS',
    says: 'how long --wait waits for the port (default: 60)',
    in: { wait: 'how long to wait (default: without end)' },
  },
  yes: { section: 'own', says: 'do not ask' },
  force: { section: 'own', says: 'kill what still runs five seconds after SIGTERM' },
  all: {
    section: 'run',
    says: 'lease the ports of all declared services, or none, and set their variables instead of PORT',
    in: {
      services: 'the services of every project that run, as far as they are yours and declared',
      who: 'also connected sockets and those in TIME_WAIT',
    },
  },
  export: { section: 'own', says: 'lines for a shell: export WEB_PORT=3000' },
  svg: { section: 'own', says: 'an SVG picture with a square for each port' },
  inclusive: { section: 'own', says: 'END is part of the range' },
  list: { section: 'print', value: 'N', says: 'the first N candidates, free or not' },
  test: { section: 'print', value: 'PORT', says: 'nothing; exit 0 if the port is free, 1 if not' },
  why: {
    section: 'print',
    value: 'PORT',
    says: 'whether the port is free, and if not, why and who has it; exit status as with --test',
  },
  json: {
    section: 'print',
    says: 'the answer as JSON',
    in: { map: 'the counts, and the ranges of ports with the same state, as JSON' },
  },
  debug: { section: 'print', says: 'also what was read and tried, on stderr' },
  completion: {
    section: 'print',
    value: 'SHELL',
    says: 'a script that completes the command line in bash, zsh or fish',
  },
  help: { section: 'print', says: 'this help' },
  version: {
    section: 'print',
    says: 'the version; with --json also the engine, and the file of the addon or why it does not load',
    in: { openport: 'the version' },
  },
}

type VariableOfFlag = Extract<
  Flagged | (typeof PROGRAM_FLAGS)[keyof typeof PROGRAM_FLAGS],
  { variable: string }
>['variable']
type VariableOfUser = 'LOGNAME' | 'USER' | 'LNAME' | 'USERNAME'

/** The help of the variables that have no flag. */
export const VARIABLE_HELP: Readonly<
  Record<Exclude<VariableName, VariableOfFlag | VariableOfUser> | 'PORT4ME_ENGINE', string>
> = {
  PORT4ME_PREPEND_SITE: 'always added to the ports to try first',
  PORT4ME_INCLUDE_SITE: 'always added to the ports to choose from',
  PORT4ME_EXCLUDE_SITE: 'always added to the ports that are never chosen',
  PORT4ME_EXCLUDE_UNSAFE: 'always excluded (default: {chrome},{firefox}; 0: none)',
  PORT4ME_EXCLUDE_UNSAFE_CHROME: 'the ports that {chrome} stands for',
  PORT4ME_EXCLUDE_UNSAFE_FIREFOX: 'the ports that {firefox} stands for',
  PORT4ME_MAX_TRIES: 'candidates to probe before giving up (default: 65535)',
  PORT4ME_MUST_WORK: 'false: print -1 if no port is free',
  PORT4ME_ENGINE: 'auto, native or fallback (default: auto)',
  _PORT4ME_CHECK_AVAILABLE_PORTS_: 'any: every port counts as free, for tests',
}
