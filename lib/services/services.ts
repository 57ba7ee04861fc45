// Services: one port for each service of each project, and where it runs.

import { sep } from 'node:path'
import type { SocketReport } from '../../binding.js'
import { builtin } from '../builtin.js'
import { firstCandidates } from '../candidates.js'
import { Ask, portOf, State } from '../codes.js'
import { reportService } from '../debug.js'
import { currentEngine, warnInBundle } from '../engine/engine.js'
import { hold, holdersOf, probe } from '../engine/questions.js'
import { Port4meError, printable, quote } from '../errors.js'
import { describeHolders } from '../holders/describe.js'
import { leaseOf } from '../lease.js'
import { isLinkedWorktree, type Project, projectFolder, projectOf } from '../project.js'
import { readVariable, setSharedVariable } from '../settings/environment.js'
import type { NameOf } from '../settings/options.js'
import { readSettings, type Settings, searchFor } from '../settings/settings.js'
import { integerText } from '../settings/texts.js'
import { checkNames, text } from '../settings/values.js'
import type { PortHolder, PortLease, ServiceOptions, ServiceStatus } from '../types.js'
import { type DeclaredService, declaredServices, isServiceName, variableOf } from './declared.js'
import { isServing } from './serving.js'

const OPTIONS = [
  ...['project', 'user', 'prepend', 'include', 'exclude', 'protocol', 'family', 'host'],
  ...['timeWait', 'debug'],
] as const

/** How many candidates of a service are looked at. */
const CANDIDATES = 16

/**
 * Returns the port of a service of this project: the port where it runs, whoever started it, or else its first free
 * port. So a config that is evaluated again, a second terminal, a test and a tool get one number. Another worktree of
 * the repository gets another number, the same every day.
 *
 * The first call that finds a free port records it in `process.env`, so that all descendants get the same number.
 *
 * @param name the name of the service. It may be left out if the project declares one service or none
 * @throws {Port4meError} `ERR_NO_FREE_PORT` if all of its first sixteen candidates are taken by others;
 *   `ERR_INVALID_CONFIG` if the project declares services wrongly; the errors of {@link port4me}
 *
 * @example
 * module.exports = { server: { port: servicePort('web'), strictPort: true } } // vite.config.js
 */
export function servicePort(name?: string, options?: ServiceOptions): number {
  return portOfService(readService(name, options))
}

/** What servicePort() returns, for a service that was read already. @internal */
export function portOfService(service: Service, { running, free } = look(service)): number {
  if (running !== undefined) return running.port
  if (service.recorded !== undefined) return service.recorded
  if (free === undefined) throw noneFree(service)
  record(service, free)
  return free
}

/**
 * Lists the services that this project declares: their ports, and where they run.
 *
 * @throws {Port4meError} as {@link servicePort} does
 *
 * @example
 * for (const { name, url, running } of listServices()) console.log(name, url, running)
 */
export function listServices(options?: ServiceOptions): ServiceStatus[] {
  return listDeclared(options).map((service) => statusOf(service))
}

/** The services that a project declares. `nameOf` is as in readService(). @internal */
export function listDeclared(options?: ServiceOptions, nameOf?: NameOf): Service[] {
  const names = [...declaredIn(readProject(options, nameOf)).keys()]
  return names.map((name) => readService(name, options, nameOf))
}

/**
 * Leases the port of a service, if the service does not run. Other calls that ask for the service are told this port.
 * Keep the lease itself, not only its port: it ends when it is garbage collected.
 *
 * @returns the lease; see {@link leasePort}
 * @throws {Port4meError} `ERR_SERVICE_RUNNING`, with `port` and `pid`, if the service runs or is leased; the errors
 *   of {@link servicePort}
 *
 * @example
 * const server = await leaseService('api').listen(http.createServer())
 * server.close()
 */
export function leaseService(name?: string, options?: ServiceOptions): PortLease {
  return leaseOfService(readService(name, options))
}

/**
 * A service, with all that is needed to look for it.
 * @internal
 */
export interface Service {
  readonly name: string
  readonly project: Project
  readonly declared: DeclaredService | undefined
  readonly settings: Settings
  /** Its candidates, in order. The recorded port is the first. */
  readonly ports: Uint16Array
  /** The label of its leases. */
  readonly label: string
  /** The variable that records its port for the process tree. */
  readonly variable: string
  readonly recorded: number | undefined
}

/**
 * Where a service runs, and its first free candidate.
 * @internal
 */
export interface Whereabouts {
  readonly running: { readonly port: number; readonly holder: PortHolder } | undefined
  readonly free: number | undefined
}

/**
 * Reads what is known of a service. Errors call an option by the name that `nameOf` returns.
 * @internal
 */
export function readService(
  name: string | undefined,
  options?: ServiceOptions,
  nameOf?: NameOf,
): Service {
  const project = readProject(options, nameOf)
  const declared = declaredIn(project)
  const known = checkedName(name, [...declared.keys()])
  const settings = settingsOf(known, project, declared.get(known), options, nameOf)
  const { tool, user } = settings.identity
  const { createHash } = builtin('node:crypto')
  const label = createHash('sha256').update(`${user}\n${tool}`).digest('hex').slice(0, 16)
  const variable = `PORT4ME_SERVICE_${label.toUpperCase()}`
  const recorded = recordedPort(variable)
  const candidates = candidatesOf(known, settings, [...declared.values()], project, options, nameOf)
  const ports =
    recorded === undefined
      ? candidates
      : Uint16Array.of(recorded, ...candidates.filter((port) => port !== recorded))
  if (settings.values.debug) reportService(settings, known, project.name, ports)
  return {
    name: known,
    project,
    declared: declared.get(known),
    settings,
    ports,
    label,
    variable,
    recorded,
  }
}

/** The port that another process of the tree has recorded for a service. */
function recordedPort(variable: string): number | undefined {
  const recorded = readVariable(variable)
  return recorded === undefined ? undefined : integerText(recorded, variable, 1, 65535)
}

/** @internal */
export function readProject(options: ServiceOptions | undefined, nameOf?: NameOf): Project {
  if (options !== undefined) checkNames(options, OPTIONS)
  const given: unknown = options?.project
  const source = nameOf?.('project') ?? 'options.project'
  if (given === false || given === 'false') {
    throw new Port4meError(
      'ERR_INVALID_ARG_VALUE',
      `${source} must be true, a folder or a name, not ${quote(given)}: a service belongs to a project`,
    )
  }
  if (given !== undefined) return projectOf(given, source)
  const variable = readVariable('PORT4ME_PROJECT') ?? 'true'
  return projectOf(variable === 'false' || variable, 'PORT4ME_PROJECT')
}

/** @internal */
export function declaredIn({ folder }: Project): ReturnType<typeof declaredServices> {
  return folder === undefined ? new Map() : declaredServices(folder)
}

function checkedName(name: unknown, declared: readonly string[]): string {
  if (name === undefined) {
    if (declared.length <= 1) return declared[0] ?? ''
    throw new Port4meError(
      'ERR_INVALID_ARG_VALUE',
      `name must be one of the services of this project, ${declared.join(', ')}, but is missing`,
    )
  }
  const given = text(name, 'name')
  if (isServiceName(given)) return given
  throw new Port4meError(
    'ERR_INVALID_ARG_VALUE',
    `name must have letters, digits, ".", "_" and "-", and begin with a letter or a digit, not ${quote(given)}`,
  )
}

function settingsOf(
  name: string,
  project: Project,
  declared: DeclaredService | undefined,
  options: ServiceOptions | undefined,
  nameOf: NameOf | undefined,
): Settings {
  const { protocol, include, exclude, port } = declared ?? {}
  const isPreferred = port !== undefined && !isLinkedWorktree(project.folder)
  const all = {
    ...(protocol !== undefined && { protocol }),
    ...(include !== undefined && { include }),
    ...(exclude !== undefined && { exclude }),
    ...(isPreferred && { prepend: port }),
    ...Object.fromEntries(Object.entries(options ?? {}).filter(([, value]) => value !== undefined)),
    // The same as the project, but without looking at its folder again.
    tool: `${name}@${project.name}`,
    project: false,
  }
  return readSettings(all, currentEngine(), 'lease', nameOf)
}

/**
 * The first candidates of a service. A port may be a candidate of several declared services. Then it belongs to the one
 * that prefers it. The others are chosen in turns, in the order in which the services are declared. A service that is
 * not declared has none of their ports. So two services never get one port.
 */
function candidatesOf(
  name: string,
  settings: Settings,
  declared: readonly DeclaredService[],
  project: Project,
  options: ServiceOptions | undefined,
  nameOf: NameOf | undefined,
): Uint16Array {
  const own = distinct(settings)
  const { prepend: _, ...rest } = options ?? {}
  const lists = declared.map((one) => {
    const ports =
      one.name === name ? own : distinct(settingsOf(one.name, project, one, rest, nameOf))
    return { name: one.name, ports, next: 0 }
  })
  const owners = new Map<number, string>()
  for (const { name, ports } of lists) {
    const { port } = declared.find((one) => one.name === name) ?? {}
    if (port !== undefined && port === ports[0] && !owners.has(port)) owners.set(port, name)
  }
  for (let turn = 0; turn < CANDIDATES; turn++) {
    for (const list of lists) {
      const isTaken = (port: number | undefined) =>
        port !== undefined && (owners.get(port) ?? list.name) !== list.name
      while (isTaken(list.ports[list.next])) list.next++
      const port = list.ports[list.next++]
      if (port !== undefined) owners.set(port, list.name)
    }
  }
  return Uint16Array.from(own.filter((port) => (owners.get(port) ?? name) === name))
}

function distinct({ candidates, engine }: Settings): number[] {
  return [...new Set(firstCandidates(candidates, engine, CANDIDATES))]
}

/**
 * Looks where a service runs. Its ports are probed first, because nobody need be looked for if all are free.
 * @internal
 */
export function look(service: Service): Whereabouts {
  const { ports, settings } = service
  let asked = ports
  let free: number | undefined
  let ownersBefore: ReadonlyMap<number, string> = new Map()
  for (const patienceMs of PATIENCES_MS) {
    const busy = busyOnes(asked, settings, patienceMs)
    free = asked.find((port) => !busy.includes(port)) ?? free
    if (busy.length === 0) break
    const { running, owners } = holdersOn(busy, service)
    if (running !== undefined) return { running, free }
    // A port behind the first free one does not change the answer, and a port that others keep is theirs.
    const end = free === undefined ? ports.length : ports.indexOf(free)
    const isOpen = (port: number) =>
      !owners.has(port) || owners.get(port) !== ownersBefore.get(port)
    asked = busy.filter((port) => ports.indexOf(port) < end && isOpen(port))
    if (asked.length === 0) break
    ownersBefore = owners
  }
  return { running: undefined, free }
}

/**
 * How long busy ports are probed, in milliseconds; 0: once. Other processes that ask for the same service probe its ports
 * too, and may have to wait for a processor meanwhile. The second time is for ports that the service does not have, and
 * the third for those that had other owners, or none, the second time. They are longer, because a wrong verdict would
 * move the service to another port.
 */
const PATIENCES_MS = [0, 30, 300] as const

/** Those ports that are busy each time they are probed. */
function busyOnes(ports: Uint16Array, { portQuestion }: Settings, patienceMs: number): Uint16Array {
  const until = performance.now() + patienceMs
  let busy = ports
  for (let longest = 0.1; ; longest *= 1.5) {
    const verdicts = probe(busy, portQuestion)
    busy = busy.filter((_, i) => verdicts[i] !== 0)
    if (busy.length === 0 || performance.now() > until) return busy
    pause(Math.random() * longest)
  }
}

/** On which of some busy ports a service runs, and the owners of each port that has sockets. */
function holdersOn(
  busy: Uint16Array,
  { settings, project, label }: Service,
): { running: Whereabouts['running']; owners: ReadonlyMap<number, string> } {
  const { question } = settings.portQuestion
  const report = holdersOf([
    busy,
    question & (Ask.TCP | Ask.UDP),
    State.LISTENING | State.BOUND,
    project.folder ?? '',
  ])
  const processes = new Map(report.processes.map((process) => [process.pid, process]))
  const owners = new Map<number, string>()
  for (const { port, uid, pids } of report.sockets) {
    owners.set(port, `${owners.get(port) ?? ''} ${uid}:${pids}`)
  }
  const isIts = (socket: SocketReport): boolean => {
    const own = socket.pids.flatMap((pid) => processes.get(pid) ?? []).filter(isOwn)
    if (socket.label !== undefined) return socket.label === label && own.length > 0
    const isServer =
      socket.state === State.LISTENING || socket.protocol === 'udp' || socket.leased === true
    return (
      isServer &&
      own.some(({ cwd }) => isOf(project, cwd)) &&
      isServing(socket.pids, (ms) => busyOnes(Uint16Array.of(socket.port), settings, ms).length > 0)
    )
  }
  for (const port of busy) {
    const its = report.sockets.filter((one) => one.port === port && isIts(one))
    const socket = its.find(({ state }) => state === State.LISTENING) ?? its[0]
    if (socket === undefined) continue
    const [holder] = describeHolders({ ...report, sockets: [socket] }, Ask.IPV4 | Ask.IPV6)
    if (holder !== undefined) return { running: { port, holder }, owners }
  }
  return { running: undefined, owners }
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

/** Whether a process belongs to this user. @internal */
export function isOwn({ uid, user }: { readonly uid?: number; readonly user?: string }): boolean {
  const own = process.geteuid?.()
  return own === undefined ? user === builtin('node:os').userInfo().username : uid === own
}

/** Whether a working directory belongs to a project, and not to one in a folder below. @internal */
export function isOf({ folder }: Project, cwd: string | undefined): boolean {
  if (folder === undefined || cwd === undefined) return false
  const nearest = projectFolder(cwd)
  // The option `project` may name a folder that is inside of another project.
  return nearest === folder || (isIn(folder, cwd) && isIn(nearest, folder))
}

function isIn(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep)
}

function record({ variable, project }: Service, port: number): void {
  setSharedVariable(variable, String(port))
  if (project.folder !== undefined) setSharedVariable('PORT4ME_TREE_PROJECT', project.folder)
}

/** How long a lease is tried again, if two processes start a service at the same instant. */
const TRYING_MS = 10_000
/**
 * How long a lease asks for its label, which only one lease has at a time. After that it does without: a process that
 * cannot be seen from here, such as one of another container, has the label.
 */
const LABELLED_MS = 1000

/**
 * Does what leaseService() does, for the programs.
 * @internal
 */
export function leaseOfService(service: Service): PortLease {
  const { settings, label, ports } = service
  const start = performance.now()
  for (let attempt = 0; ; attempt++) {
    const spent = performance.now() - start
    const { running, free } = look(service)
    if (running !== undefined) throw isRunning(service, running)
    if (free === undefined) throw noneFree(service)
    const only = {
      ...settings.candidates,
      allowed: NO_PORTS,
      prepended: Uint16Array.of(free),
      skip: 0,
    }
    const search = searchFor(only, 1, settings.portQuestion)
    const held = hold(
      { engine: settings.engine, search },
      settings.values.exclusive,
      spent < LABELLED_MS ? label : '',
    )
    if (portOf(held.pick) !== 0) {
      // The service may have started meanwhile. Where leases have no labels, another process may also have leased
      // another candidate at the same instant. Then both give way, and try again.
      const others = ports.filter((port) => port !== free)
      const other = look({ ...service, ports: others }).running
      if (other === undefined) {
        warnInBundle()
        record(service, free)
        return leaseOf(free, held, settings.portQuestion)
      }
      held.release()
    }
    if (spent > TRYING_MS) throw noneFree(service)
    pause(Math.random() * 2 ** Math.min(attempt, 5))
  }
}

const NO_PORTS = new Uint8Array(65536 / 8)

/** @internal */
export function statusOf(service: Service, { running, free } = look(service)): ServiceStatus {
  const { name, declared, ports, recorded } = service
  const port = running?.port ?? recorded ?? free ?? ports[0] ?? 0
  const url = urlOf(service, port)
  return {
    name,
    port,
    env: declared?.env ?? variableOf(name),
    running: running !== undefined,
    ...(url !== undefined && { url }),
    ...(running !== undefined && { holder: running.holder }),
  }
}

/** Undefined for a service that is for UDP only. @internal */
export function urlOf({ settings }: Service, port: number): string | undefined {
  const { question, host } = settings.portQuestion
  if ((question & Ask.TCP) === 0) return undefined
  const shown = host === '' ? 'localhost' : host.includes(':') ? `[${host}]` : host
  return `http://${shown}:${port}`
}

function isRunning(
  { name, project }: Service,
  running: NonNullable<Whereabouts['running']>,
): Port4meError {
  const { port, holder } = running
  const which = name === '' ? 'the service' : `service ${quote(name)}`
  const verb = holder.state === 'listening' ? 'runs' : 'is being started'
  const error = new Port4meError(
    'ERR_SERVICE_RUNNING',
    `${which} of ${printable(project.name)} ${verb} already: port ${port}, process ${holder.pid ?? 'unknown'}`,
  )
  return Object.assign(error, { port, ...(holder.pid !== undefined && { pid: holder.pid }) })
}

function noneFree({ name, ports }: Service): Port4meError {
  const which = name === '' ? 'the service' : `service ${quote(name)}`
  return new Port4meError(
    'ERR_NO_FREE_PORT',
    ports.length === 0
      ? `${which} has no candidates: each of its ports belongs to another service`
      : `no free port for ${which}: others have all of its ${ports.length} candidates, ${[...ports].join(', ')}`,
  )
}
