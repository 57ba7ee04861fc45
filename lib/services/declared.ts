// The services that a project declares, in package.json ("port4me") or in port4me.json.

import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { asSystemError, isPlainObject, Port4meError, printable, quote } from '../errors.js'
import { tokensIn } from '../settings/port-set-texts.js'
import { addPortSpec } from '../settings/port-spec.js'

/** A service, as the project declares it. */
export interface DeclaredService {
  readonly name: string
  /** The preferred port. Linked worktrees do not prefer it. */
  readonly port?: number
  /** The variable for its port. */
  readonly env: string
  readonly protocol?: 'tcp' | 'udp' | 'both'
  readonly include?: string
  readonly exclude?: string
}

/** The services of a project, by their names, in the order in which they are declared. */
export type DeclaredServices = ReadonlyMap<string, DeclaredService>

const NONE: DeclaredServices = new Map()

/** Reads the services that the files in a project's folder declare. None if there is no such file. */
export function declaredServices(folder: string): DeclaredServices {
  const own = join(folder, 'port4me.json')
  const ofNpm = join(folder, 'package.json')
  const ownServices = readCached(own, (content) => readServices(content, own, ''))
  const npmServices = readCached(ofNpm, (content) => {
    if (!isPlainObject(content) || !('port4me' in content)) return undefined
    return readServices(content.port4me, ofNpm, 'port4me.')
  })
  if (ownServices !== undefined && npmServices !== undefined) {
    throw wrong(
      own,
      'services',
      'must not be beside "port4me" in package.json: declare services in one file',
    )
  }
  return ownServices ?? npmServices ?? NONE
}

/** The variable for the port of a service: `WEB_PORT` for `web`. No shell takes a name that begins with a digit. */
export function variableOf(name: string): string {
  const words = name.toUpperCase().replace(/[^A-Z0-9]/g, '_')
  return `${words.replace(/^(?=\d)/, '_')}${name === '' ? '' : '_'}PORT`
}

interface Cached {
  readonly stamp: string
  readonly services: DeclaredServices | undefined
}

/** What was read from each file. A file is read again when it has changed. */
const cache = new Map<string, Cached>()

function readCached(
  file: string,
  read: (content: unknown) => DeclaredServices | undefined,
): DeclaredServices | undefined {
  const stats = attempt(() => statSync(file, { bigint: true }))
  if (stats === undefined || !stats.isFile()) return undefined
  const stamp = `${stats.ino} ${stats.size} ${stats.mtimeNs}`
  const cached = cache.get(file)
  if (cached?.stamp === stamp) return cached.services
  const text = attempt(() => readFileSync(file, 'utf8'))
  const services = text === undefined ? undefined : read(parse(text, file))
  cache.set(file, { stamp, services })
  return services
}

/** Undefined if there is no such file. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw asSystemError(error)
  }
}

function parse(text: string, file: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    throw new Port4meError(
      'ERR_INVALID_CONFIG',
      `${printable(file)} is not JSON: ${printable((error as Error).message)}`,
    )
  }
}

function readServices(content: unknown, file: string, prefix: string): DeclaredServices {
  const at = prefix.replace(/\.$/, '') || 'the whole file'
  const config = object(content, file, at, ['services', '$schema'])
  const services = new Map<string, DeclaredService>()
  const listed = config.services === undefined ? {} : config.services
  if (!isPlainObject(listed)) {
    throw wrong(file, `${prefix}services`, `must be an object, not ${quote(listed)}`)
  }
  for (const [name, value] of Object.entries(listed)) {
    const key = `${prefix}services.${name}`
    checkName(name, file, key)
    const service = readService(name, value, file, key)
    for (const other of services.values()) {
      if (other.env === service.env) {
        throw wrong(
          file,
          key,
          `has the variable ${quote(service.env)}, which service ${quote(other.name)} has too: set "env" of one of them`,
        )
      }
      if (other.port !== undefined && other.port === service.port) {
        throw wrong(
          file,
          key,
          `has the port ${service.port}, which service ${quote(other.name)} has too`,
        )
      }
    }
    services.set(name, service)
  }
  return services
}

function readService(name: string, value: unknown, file: string, key: string): DeclaredService {
  const env = variableOf(name)
  if (value === true) return { name, env }
  if (typeof value === 'number') return { name, env, port: port(value, file, key) }
  if (!isPlainObject(value)) {
    throw wrong(file, key, `must be a port, true, or an object, not ${quote(value)}`)
  }
  const given = object(value, file, key, ['port', 'env', 'protocol', 'include', 'exclude'])
  const service: { -readonly [Key in keyof DeclaredService]: DeclaredService[Key] } = { name, env }
  if (given.port !== undefined) service.port = port(given.port, file, `${key}.port`)
  if (given.env !== undefined) {
    if (typeof given.env !== 'string' || !isVariableName(given.env)) {
      throw wrong(file, `${key}.env`, `must be the name of a variable, not ${quote(given.env)}`)
    }
    service.env = given.env
  }
  if (given.protocol !== undefined) {
    const protocol = (['tcp', 'udp', 'both'] as const).find((one) => one === given.protocol)
    if (protocol === undefined) {
      throw wrong(
        file,
        `${key}.protocol`,
        `must be "tcp", "udp" or "both", not ${quote(given.protocol)}`,
      )
    }
    service.protocol = protocol
  }
  for (const set of ['include', 'exclude'] as const) {
    const ports = given[set]
    if (ports === undefined) continue
    if (typeof ports !== 'string') {
      throw wrong(
        file,
        `${key}.${set}`,
        `must be a text of ports, such as "3000-3999", not ${quote(ports)}`,
      )
    }
    checkPorts(ports, file, `${key}.${set}`)
    service[set] = ports
  }
  return service
}

function checkPorts(ports: string, file: string, key: string): void {
  try {
    addPortSpec([], ports, `${printable(file)}: ${key}`, tokensIn({}))
  } catch (error) {
    if (!(error instanceof Port4meError) || error.code !== 'ERR_PORT_SPEC') throw error
    throw new Port4meError('ERR_INVALID_CONFIG', error.message)
  }
}

/** The names of services: they are parts of commands and of variables. */
const NAME = /^[A-Za-z0-9][\w.-]*$/

export function isServiceName(name: string): boolean {
  return NAME.test(name)
}

/** Whether every shell can have a variable of this name. */
export function isVariableName(name: string): boolean {
  return /^[A-Za-z_]\w*$/.test(name)
}

function checkName(name: string, file: string, key: string): void {
  if (isServiceName(name)) return
  throw wrong(
    file,
    key,
    'must have a name of letters, digits, ".", "_" and "-" that begins with a letter or a digit',
  )
}

function port(value: unknown, file: string, key: string): number {
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 65535) {
    return value as number
  }
  throw wrong(file, key, `must be a port from 1 to 65535, not ${quote(value)}`)
}

function object(
  value: unknown,
  file: string,
  key: string,
  allowed: readonly string[],
): Readonly<Record<string, unknown>> {
  if (!isPlainObject(value)) throw wrong(file, key, `must be an object, not ${quote(value)}`)
  for (const name of Object.keys(value)) {
    if (allowed.includes(name)) continue
    throw wrong(file, key, `must not have ${quote(name)}; it may have ${allowed.join(', ')}`)
  }
  return value as Readonly<Record<string, unknown>>
}

function wrong(file: string, key: string, what: string): Port4meError {
  return new Port4meError('ERR_INVALID_CONFIG', `${printable(file)}: ${printable(key)} ${what}`)
}
