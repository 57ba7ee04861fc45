import { spawnSync } from 'node:child_process'
import { PROGRAM } from './paths.js'

export interface Run {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** The settings that a script or a program inherits: its user and its engine. */
const INHERITED = ['PORT4ME_USER', 'PORT4ME_ENGINE', 'PORT4ME_PREBUILD']

/** The variables of this process, without those from which settings are read, except the inherited ones. */
export function environment(variables: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) =>
      INHERITED.includes(name) ||
      !(/^_?PORT4ME_/.test(name) || ['LOGNAME', 'USER', 'LNAME', 'USERNAME'].includes(name)),
  )
  return { ...Object.fromEntries(kept), ...variables }
}

export function run(
  command: string,
  args: readonly string[],
  variables?: Readonly<Record<string, string>>,
): Run {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    env: environment(variables),
    maxBuffer: 2 ** 26,
  })
  if (error !== undefined) throw error
  return { status, stdout, stderr }
}

/** Runs a command in its own network namespace. Users other than root also need a user namespace. */
export const OWN_NETWORK = ['unshare', ...(process.getuid?.() === 0 ? ['-n'] : ['-rn'])]

/** Like OWN_NETWORK, with a loopback and without any privilege: capabilities(7), "Capability bounding set". */
export const UNPRIVILEGED = [
  ...[...OWN_NETWORK, 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh'],
  ...['setpriv', '--bounding-set=-all', '--inh-caps=-all'],
]

/** Runs a command with a user id that has no account: user_namespaces(7). */
export const NO_ACCOUNT = ['unshare', '--user', '--map-user=4242', '--map-group=4242']

/** Preloads a library, after those that this process itself has preloaded: ld.so(8). */
export function preloading(library: string): { LD_PRELOAD: string } {
  return { LD_PRELOAD: `${process.env.LD_PRELOAD ?? ''} ${library}` }
}

/** Runs the program port4me. */
export function program(
  args: readonly string[],
  variables?: Readonly<Record<string, string>>,
): Run {
  return run(process.execPath, [PROGRAM, ...args], variables)
}

/** Runs a script that can use the package as `port4me`. Its return value is passed back as JSON. */
export function script(
  body: string,
  {
    before = [] as readonly string[],
    nodeArgs = [] as readonly string[],
    variables = {} as Readonly<Record<string, string>>,
  } = {},
): unknown {
  const code = `const port4me = require(${JSON.stringify(PROGRAM.replace('port4me-cli.js', 'index.js'))});
    (async () => { ${body} })().then((value) => console.log(JSON.stringify(value)))`
  const [command = process.execPath, ...args] = [
    ...before,
    process.execPath,
    ...nodeArgs,
    '-e',
    code,
  ]
  const { status, stdout, stderr } = run(command, args, variables)
  if (status !== 0) throw new Error(`the script failed with ${status}: ${stderr}`)
  return JSON.parse(stdout)
}
