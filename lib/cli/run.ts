// port4me run: runs a command and leases a port while it runs, or the ports of services.

import { currentEngine } from '../engine/engine.js'
import { type Port4meError, quote } from '../errors.js'
import { leaseFor, SERVERS_BIND_HELD_PORTS } from '../lease.js'
import type { Project } from '../project.js'
import { isServiceName } from '../services/declared.js'
import {
  declaredIn,
  leaseOfService,
  listDeclared,
  readProject,
  readService,
  type Service,
} from '../services/services.js'
import { environmentWith } from '../settings/environment.js'
import type { PortQuestion } from '../settings/question.js'
import { readQuestionFrom } from '../settings/settings.js'
import type { LeaseOptions, PortLease, ServiceOptions } from '../types.js'
import { launch } from './command.js'
import { parseRunLine, type RunLine } from './commands.js'
import { variableFor } from './env.js'
import { flagOf, usage } from './flags.js'
import { printHelp } from './help.js'
import { fail } from './report.js'
import { hostToAsk, runUntilUp } from './run-wait.js'
import { noneDeclared } from './services.js'
import { endServices } from './stop.js'
import { FORWARDED, Forwarder } from './witness.js'

/** Runs the command of `port4me run`. Returns its exit status. */
export async function runCommand(args: readonly string[]): Promise<number> {
  const line = parseRunLine(args)
  const { options, command, all, wait, timeout } = line
  if (command === undefined) return printHelp('run')
  const services = servicesOf(line)
  if (all && services.length === 0) return fail(1, noneDeclared(serviceOptionsOf(options)))
  const [service] = services
  const question = service?.settings.portQuestion
  const host = wait === undefined ? undefined : hostToAsk(question ?? questionOf(options))
  if (line.restart && !(await endServices(services))) return 1
  const leases = service === undefined ? [leaseFor(options, flagOf)] : leaseAll(services)
  // The command is another process and binds the port by its number. Where it cannot while the port is held, the lease
  // ends first.
  if (options.exclusive || !SERVERS_BIND_HELD_PORTS) release(leases)
  const [port = 0] = leases.map((lease) => lease.port)
  const filled = (text: string): string => (all ? text : text.replaceAll('{port}', String(port)))
  const [file, ...rest] = command
  const words = rest.map(filled)
  const variables = environmentWith({
    ...Object.fromEntries(services.map((one, i) => [variableFor(one), String(leases[i]?.port)])),
    ...(!all && { [line.env]: String(port) }),
  })
  try {
    if (wait === undefined) return await run(file, words, variables)
    const server = { file, args: words, port, host, timeout }
    return await runUntilUp(server, filled(wait), variables)
  } finally {
    release(leases)
  }
}

/** The services to run. None if the name, or its absence, is that of a tool. */
function servicesOf({ name, options, all, restart }: RunLine): Service[] {
  const given = serviceOptionsOf(options)
  const isDeclared =
    name !== undefined &&
    isServiceName(name) &&
    options.project !== 'false' &&
    isDeclaredIn(projectOf(given), name)
  if (!all && !isDeclared) {
    if (!restart) return []
    throw usage('--restart is for services that the project declares: for one of them, or --all')
  }
  for (const option of ['skip', 'worker', 'exclusive'] as const) {
    if (options[option] === undefined) continue
    const hint = name === undefined ? '' : `, and ${quote(name)} is one; --tool=${name} is a tool`
    throw usage(`${flagOf(option)} is not for services${hint}`)
  }
  return all ? listDeclared(given, flagOf) : [readService(name, given, flagOf)]
}

function isDeclaredIn(project: Project | undefined, name: string): boolean {
  return project !== undefined && declaredIn(project).has(name)
}

/** Undefined if the working directory was removed: a tool does not need it. */
function projectOf(options: ServiceOptions): Project | undefined {
  try {
    return readProject(options, flagOf)
  } catch (error) {
    const { code, errno } = error as Port4meError
    if (code === 'ERR_SYSTEM' && errno === 'ENOENT') return undefined
    throw error
  }
}

function serviceOptionsOf(options: LeaseOptions): ServiceOptions {
  const { tool: _, skip: __, worker: ___, exclusive: ____, ...rest } = options
  return rest as ServiceOptions
}

function questionOf(options: LeaseOptions): PortQuestion {
  const { exclusive: _, ...rest } = options
  return readQuestionFrom(rest, currentEngine(), 'tcp', flagOf)
}

/** Leases the ports of all services, or of none. */
function leaseAll(services: readonly Service[]): PortLease[] {
  const leases: PortLease[] = []
  try {
    for (const service of services) leases.push(leaseOfService(service))
  } catch (error) {
    release(leases)
    throw error
  }
  return leases
}

function release(leases: readonly PortLease[]): void {
  for (const lease of leases) lease.release()
}

async function run(file: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  // A signal ends the command, and then this process ends.
  const forwarder = new Forwarder(FORWARDED, (signal) => command.child?.kill(signal))
  const command = launch(file, args, { stdio: 'inherit', env })
  if (command.child !== undefined) forwarder.start()
  const status = await command.ended
  forwarder.stop()
  return status
}
