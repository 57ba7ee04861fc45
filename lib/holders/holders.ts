// Who has this port?

import { dirname } from 'node:path'
import type { HoldersArguments, HoldersReport } from '../../binding.js'
import { readPorts } from '../availability.js'
import { Ask, State } from '../codes.js'
import { holdersAsyncOf, holdersOf } from '../engine/questions.js'
import { Port4meError, quote } from '../errors.js'
import { projectFolder, workingFolder } from '../project.js'
import { readQuestion } from '../settings/question.js'
import { checkNames, integer, oneOf } from '../settings/values.js'
import { nextTurn } from '../timers.js'
import type { HolderOptions, HolderState, ListHoldersOptions, PortHolder } from '../types.js'
import { describeHolders } from './describe.js'

const OPTIONS = ['protocol', 'family', 'states'] as const
const STATES: Readonly<Record<HolderState, number>> = {
  listening: State.LISTENING,
  bound: State.BOUND,
  connected: State.CONNECTED,
  'time-wait': State.TIME_WAIT,
}

/**
 * Returns who has a port: each socket that has it, with its process. This process, its descendants and the processes
 * of this project are looked at first, so these are found quickly.
 *
 * @param port from 1 to 65535
 * @returns the holders, sorted by protocol, address and process; empty if no socket has the port. Also empty if a
 *   process of another container or network namespace has the same number
 * @throws {Port4meError} `ERR_OUT_OF_RANGE` if `port` is not a port; `ERR_INVALID_ARG_TYPE` or
 *   `ERR_INVALID_ARG_VALUE` for a wrong option; `ERR_SYSTEM` if the system does not tell which sockets there are, for
 *   example because no file descriptor is left
 *
 * @example
 * const [holder] = whoHas(3000)
 * if (holder) console.error(`port 3000: ${holder.name} (process ${holder.pid}) in ${holder.cwd}`)
 */
export function whoHas(port: number, options?: HolderOptions): PortHolder[] {
  return ask(Uint16Array.of(checkPort(port)), options, OPTIONS)
}

/**
 * Returns a promise of the same holders as {@link whoHas}. It does not block the event loop.
 *
 * @example
 * const holders = await whoHasAsync(3000, { protocol: 'tcp' })
 */
export async function whoHasAsync(port: number, options?: HolderOptions): Promise<PortHolder[]> {
  return await askAsync(Uint16Array.of(checkPort(port)), options, OPTIONS)
}

/**
 * Returns who has which ports: the same as {@link whoHas}, for all ports.
 *
 * @returns the holders, sorted by port, protocol, address and process
 * @throws {Port4meError} as {@link whoHas} does; `ERR_PORT_SPEC` if `options.ports` contains something else than ports
 *
 * @example
 * for (const { port, name, project } of listHolders({ states: ['listening'] })) {
 *   console.log(port, name, project)
 * }
 */
export function listHolders(options?: ListHoldersOptions): PortHolder[] {
  return ask(portsOf(options), options, [...OPTIONS, 'ports'])
}

/**
 * Returns a promise of the same holders as {@link listHolders}. It does not block the event loop.
 *
 * @example
 * const servers = await listHoldersAsync({ states: ['listening'] })
 */
export async function listHoldersAsync(options?: ListHoldersOptions): Promise<PortHolder[]> {
  return await askAsync(portsOf(options), options, [...OPTIONS, 'ports'])
}

function ask(...args: Parameters<typeof read>): PortHolder[] {
  const { ports, asked, families } = read(...args)
  return ports?.length === 0 ? [] : describeHolders(holdersOf(asked), families)
}

async function askAsync(...args: Parameters<typeof read>): Promise<PortHolder[]> {
  const { ports, asked, families } = read(...args)
  return ports?.length === 0 ? [] : describeHolders(await inTurn(asked), families)
}

/** Settles when the last search has ended, and the event loop has turned. */
let lastSearch: Promise<unknown> = Promise.resolve()

/**
 * Searches one after the other. Many at the same time would fill the thread pool or the event loop. Other work would
 * wait, and also the end of the process.
 */
function inTurn(asked: HoldersArguments): Promise<HoldersReport> {
  const search = lastSearch.then(() => holdersAsyncOf(asked))
  lastSearch = search.catch(() => {}).then(nextTurn)
  return search
}

function read(
  ports: Uint16Array | undefined,
  options: HolderOptions | undefined,
  allowed: readonly string[],
) {
  if (options !== undefined) checkNames(options, allowed)
  const { question } = readQuestion((option) => {
    const value = option === 'protocol' || option === 'family' ? options?.[option] : undefined
    return value === undefined ? undefined : { value, source: `options.${option}` }
  }, 'both')
  const protocols = question & (Ask.TCP | Ask.UDP)
  const project = projectFolder(workingFolder())
  // In the root every process would be of this folder.
  const folder = project === dirname(project) ? '' : project
  const asked: HoldersArguments = [
    ports ?? new Uint16Array(0),
    protocols,
    readStates(options?.states),
    folder,
  ]
  return { ports, asked, families: question - protocols }
}

function readStates(states: Iterable<HolderState> | undefined): number {
  if (states === undefined) return State.LISTENING | State.BOUND
  const names = Object.keys(STATES) as HolderState[]
  if (typeof states === 'string' || typeof states?.[Symbol.iterator] !== 'function') {
    throw new Port4meError(
      'ERR_INVALID_ARG_TYPE',
      `options.states must be an iterable of ${names.join(', ')}, not ${quote(states)}`,
    )
  }
  let sum = 0
  for (const state of states) sum |= STATES[oneOf(state, 'each of options.states', names)]
  if (sum !== 0) return sum
  throw new Port4meError('ERR_INVALID_ARG_VALUE', 'options.states must not be empty, but is')
}

function checkPort(port: unknown): number {
  return integer(port, 'port', 1, 65535)
}

function portsOf(options: ListHoldersOptions | undefined): Uint16Array | undefined {
  return options?.ports === undefined ? undefined : readPorts(options.ports, 'options.ports')
}
