// port4me services: the services of this project, or of all projects, and where they run.

import { probe } from '../availability.js'
import { builtin } from '../builtin.js'
import { asSystemError, type Port4meError, printable } from '../errors.js'
import { listHolders } from '../holders/holders.js'
import { ageOf, inBrief } from '../holders/texts.js'
import { write } from '../output.js'
import { projectFolder } from '../project.js'
import {
  isOwn,
  listDeclared,
  look,
  readProject,
  type Service,
  statusOf,
} from '../services/services.js'
import type { PortHolder, PortStatus, ServiceOptions, ServiceStatus } from '../types.js'
import { parseServicesLine } from './commands.js'
import { flagOf } from './flags.js'
import { printHelp } from './help.js'
import { isListener, serverOf } from './listeners.js'
import { type Column, type Narrowing, tableOf } from './table.js'
import { paper } from './who.js'
import { cutPath, NONE, shortCommand, UNSEEN } from './who-table.js'

/** A service, as --json prints it. */
interface Row extends ServiceStatus {
  readonly project: string
  readonly state: 'running' | 'leased' | 'free' | 'taken'
  /** The port that the service prefers, if others have it. */
  readonly preferred?: {
    readonly port: number
    readonly holders: readonly PortHolder[]
    readonly reason?: PortStatus['reason']
  }
}

/** Answers `port4me services`. Returns the exit status. */
export function servicesCommand(args: readonly string[]): number {
  const { options, all, json, help } = parseServicesLine(args)
  if (help) return printHelp('services')
  const services = all ? servicesOfAll(options) : listDeclared(options, flagOf)
  const rows = services.map(rowOf).filter(({ running }) => running || !all)
  if (json) {
    write(1, `${JSON.stringify(rows)}\n`)
  } else if (rows.length > 0) {
    write(1, tableOf(rows, columnsOf(all), NARROWING, paper()))
    write(2, rows.map(noteOn).join('')) // so that a program that reads the table need not know it
  } else {
    write(1, all ? 'no service runs\n' : `${noneDeclared(options)}\n`)
  }
  return 0
}

/** Says that a project declares no services. */
export function noneDeclared(options: ServiceOptions): string {
  const { name, folder } = readProject(options, flagOf)
  const where = folder === undefined ? 'it is a name, not a folder' : 'port4me.json, package.json'
  return `the project ${printable(name)} declares no services (${where})`
}

/**
 * The declared services of each project in whose folder a process of this user has a port. Errors of projects are
 * printed, because others may have made them.
 */
function servicesOfAll(options: ServiceOptions): Service[] {
  const folders = new Set<string>()
  for (const holder of listHolders()) {
    const { cwd, container } = holder
    if (cwd === undefined || container !== undefined || !isOwn(holder)) continue
    folders.add(projectFolder(cwd))
  }
  const { existsSync } = builtin('node:fs')
  return [...folders].sort().flatMap((folder) => {
    if (!existsSync(folder)) return [] // it was removed
    try {
      return listDeclared({ ...options, project: folder }, flagOf)
    } catch (thrown) {
      const error = asSystemError(thrown)
      const isAbout = (code: string): boolean => (error as Port4meError).code === code
      if (!isAbout('ERR_INVALID_CONFIG') && !isAbout('ERR_SYSTEM')) throw error
      write(2, `port4me: ${(error as Port4meError).message}\n`)
      return []
    }
  })
}

function rowOf(service: Service): Row {
  const found = look(service)
  const { running, free } = found
  const status = statusOf(service, found)
  const project = service.project.name
  const taken = preferredOf(service, status.port)
  const more = { project, ...(taken !== undefined && { preferred: taken }) }
  if (running === undefined) {
    return { ...status, ...more, state: free === undefined ? 'taken' : 'free' }
  }
  const holder = serverOf(service, running)
  return { ...status, ...more, state: isListener(holder) ? 'running' : 'leased', holder }
}

/** The port that a service prefers, if it has to do with another one because this one is not free. */
function preferredOf({ declared, ports }: Service, port: number): Row['preferred'] {
  const preferred = declared?.port
  // A linked worktree does not prefer it.
  if (preferred === undefined || preferred === port || !ports.includes(preferred)) return undefined
  const holders = listHolders({ ports: [preferred] })
  const { reason } = probe(preferred)[0] ?? {}
  if (holders.length === 0 && reason === undefined) return undefined
  return { port: preferred, holders, ...(reason !== undefined && { reason }) }
}

function noteOn({ name, preferred }: Row): string {
  if (preferred === undefined) return ''
  const { port, holders, reason } = preferred
  const holder = holders.find(isListener) ?? holders[0]
  const who = holder && inBrief(holder)
  const unknown = reason === 'denied' ? 'the system denies it' : 'it is not free'
  return `${name} prefers port ${port}, but ${who === undefined ? unknown : `${who} has it`}\n`
}

const NARROWING: Narrowing = {
  steps: [
    ['COMMAND', 20],
    ['PROJECT', 16],
    ['NAME', 12],
    ['COMMAND', 12],
    ['PROJECT', 8],
  ],
  leftOut: ['AGE', 'COMMAND', 'PID', 'URL'],
}

function columnsOf(hasProjects: boolean): readonly Column<Row>[] {
  const isShort = paper().width !== undefined
  const ofHolder = (cell: (holder: PortHolder) => string | undefined) => {
    return ({ holder }: Row): string => (holder === undefined ? undefined : cell(holder)) ?? NONE
  }
  return [
    ...(hasProjects
      ? [{ title: 'PROJECT', of: ({ project }: Row) => printable(project), cut: cutPath }]
      : []),
    { title: 'NAME', of: ({ name }) => name },
    { title: 'PORT', of: ({ port }) => String(port), right: true },
    { title: 'STATE', of: ({ state }) => state },
    { title: 'URL', of: ({ url }) => url ?? NONE },
    { title: 'PID', of: ofHolder(({ pid }) => String(pid ?? UNSEEN)), right: true },
    { title: 'AGE', of: ofHolder((holder) => ageOf(holder)), right: true },
    {
      title: 'COMMAND',
      of: ofHolder((holder) => {
        const { command, name } = holder
        return printable((isShort ? shortCommand(holder) : command) ?? name ?? NONE)
      }),
    },
  ]
}
