// Finds the answers of the engine. Each answer is a generator that yields one step at a time, such as a bind. drive.ts
// runs the steps at once or on the event loop.

import type { Engine, Host, PackedPick, Question, Verdicts } from '../../../binding.js'
import { Ask, packFound, REASON_MASK, Reason, Refuses } from '../../codes.js'
import type { Bind, Step } from './bind.js'
import {
  byFamily,
  type Endpoint,
  endpointsOf,
  IS_LINUX,
  type Protocol,
  protocolsOf,
} from './endpoints.js'
import { onePeriod } from './sequence.js'
import { isKnownInUse, noteFree, noteInUse, WAITS } from './wait.js'

type PickArguments = Parameters<Engine['pick']>
type HoldArguments = Parameters<Engine['hold']>

export type Steps<Answer> = Generator<Step, Answer, Bind>

/** What a question asks about each port, and what is known about the system so far. */
interface Asked {
  readonly endpoints: readonly Endpoint[]
  /**
   * The protocols whose locks to look at. A bind is not enough: libuv sets SO_REUSEADDR, so a bind of a leased port
   * succeeds.
   */
  readonly locks: readonly Protocol[]
  /** The endpoints that the system is known to have. */
  readonly present: Set<Endpoint>
  /** The endpoints on which some port can be bound. */
  readonly permitted: Set<Endpoint>
  /** The error if even port 0 is denied to TCP, but not to UDP. Perhaps a policy names the ports that TCP may bind. */
  denial: NodeJS.ErrnoException | undefined
  /** Whether to wait and probe again when a port is refused. True until the first port was refused. */
  isPatient: boolean
  /**
   * Whether a lock could not be taken. Perhaps another process was only trying it too, which takes no longer than a
   * bind.
   */
  looksByTaking: boolean
}

/** `locks`: the protocols whose locks to look at. Empty if the caller has taken the locks. */
export function askedBy(question: Question, host: Host, locks = protocolsOf(question)): Asked {
  return {
    endpoints: endpointsOf(question, host),
    locks: IS_LINUX ? locks : [],
    present: new Set(),
    permitted: new Set(),
    denial: undefined,
    isPatient: true,
    looksByTaking: false,
  }
}

/** Finds the first free candidate. The prepended ports come first, then one period of the sequence. */
export function* pickSteps(...args: PickArguments): Steps<PackedPick> {
  const [, , , , maxTries, question, host] = args
  const asked = askedBy(question, host)
  let tries = 0
  for (const port of candidatesOf(args)) {
    if (tries === maxTries) break
    tries++
    if ((yield* patientSteps(asked, port, true)) === 0) return packFound(tries, port)
  }
  if (asked.denial !== undefined) throw asked.denial
  return packFound(tries, 0)
}

/** The candidates of a pick, each once, without the first `skip` ones. */
export function* candidatesOf(args: PickArguments | HoldArguments): Generator<number> {
  const [seed, candidates, prepend, skip] = args
  const dropped = Math.min(skip, prepend.length)
  yield* prepend.subarray(dropped)
  yield* onePeriod(seed, candidates, skip - dropped)
}

/** Finds a verdict for each port: why it is refused, and by which protocols and families. */
export function* probeSteps(ports: Uint16Array, question: Question, host: Host): Steps<Verdicts> {
  const asked = askedBy(question, host)
  // If a dual-stack socket is refused, each family is bound alone to find out which one refuses.
  const families = asked.endpoints.some(({ everywhere }) => everywhere)
    ? asked.endpoints.flatMap(byFamily)
    : []
  const verdicts = new Uint8Array(ports.length)
  for (const [i, port] of ports.entries()) {
    const verdict = yield* patientSteps(asked, port, false)
    const isSettled = verdict === 0 || (verdict & REASON_MASK) === Reason.LEASED
    // If no family refuses the port now, it was released a moment ago. Then the first verdict counts.
    verdicts[i] =
      isSettled || families.length === 0
        ? verdict
        : (yield* verdictSteps({ ...asked, endpoints: families, locks: [] }, port, false)) ||
          verdict
  }
  return verdicts
}

export function* isFreeSteps(port: number, question: Question, host: Host): Steps<boolean> {
  return (yield* patientSteps(askedBy(question, host), port, true)) === 0
}

/** Finds a port that the system chooses. */
export function* ephemeralPortSteps(question: Question, host: Host): Steps<number> {
  let absent: NodeJS.ErrnoException | undefined
  for (const endpoint of endpointsOf(question, host)) {
    const bind = yield [endpoint, 0]
    if (bind.is === 'bound') return bind.port
    if (bind.is === 'denied') throw bind.error // every port is denied
    if (bind.is !== 'absent') return 0
    absent = bind.error
  }
  throw absent
}

/**
 * Like verdictSteps(). But if the first port that is refused is in use, waits and probes it again, because another
 * process may be probing it at this moment, and a probe may listen.
 */
export function* patientSteps(asked: Asked, port: number, first: boolean): Steps<number> {
  let verdict = yield* verdictSteps(asked, port, first)
  if (verdict === 0) noteFree(port)
  if (verdict === 0 || !asked.isPatient) return verdict
  asked.isPatient = false
  if (!isKnownInUse(port)) {
    for (const [least, random] of WAITS) {
      if (!mayPass(asked, verdict)) break
      yield ['wait', least + Math.random() * random]
      verdict = yield* verdictSteps(asked, port, first)
    }
  }
  if (mayPass(asked, verdict)) noteInUse(port)
  else noteFree(port)
  return verdict
}

/** Whether a port may be refused only because another process probes it. */
function mayPass(asked: Asked, verdict: number): boolean {
  const reason = verdict & REASON_MASK
  return reason === Reason.IN_USE || (reason === Reason.LEASED && asked.looksByTaking)
}

/** Finds the verdict on a port: one byte of Verdicts in binding.d.ts. With `first`, stops at the first refusal. */
function* verdictSteps(asked: Asked, port: number, first: boolean): Steps<number> {
  // The locks are looked at first. A bind of this engine may listen for an instant, and during that time the server of
  // a lease could not listen.
  const leased = new Set<Protocol>()
  for (const protocol of asked.locks) {
    const { is } = yield [protocol, port]
    if (is !== 'unlocked') leased.add(protocol)
    if (is === 'taken') asked.looksByTaking = true
  }
  let reason = leased.size === 0 ? 0 : Reason.LEASED
  let refusing = 0
  let answered = false
  let absent: NodeJS.ErrnoException | undefined
  for (const endpoint of asked.endpoints) {
    const isLeased = leased.has(endpoint.protocol)
    if (isLeased) refusing |= refusalOf(endpoint)
    const bind = yield* bindSteps(asked, endpoint, isLeased ? undefined : port)
    if (bind.is === 'absent') {
      if (!endpoint.optional) throw bind.error
      absent = bind.error
      continue
    }
    answered = true
    if (!isLeased) {
      if (bind.is === 'bound') continue
      reason = Math.max(reason, bind.is === 'denied' ? Reason.DENIED : Reason.IN_USE)
      refusing |= refusalOf(endpoint)
    }
    if (first) return reason | refusing
  }
  if (!answered) throw absent // every family is missing
  return reason | refusing
}

/** Binds a port on an endpoint. Without a port, only finds out whether the system has the endpoint. */
function* bindSteps(asked: Asked, endpoint: Endpoint, port: number | undefined): Steps<Bind> {
  if (port === undefined && (endpoint.everywhere || asked.present.has(endpoint))) {
    return { is: 'bound', port: 0 }
  }
  const bind = yield [endpoint, port ?? 0]
  if (bind.is !== 'absent') asked.present.add(endpoint)
  if (bind.is === 'denied' && !asked.permitted.has(endpoint)) {
    yield* denialSteps(asked, endpoint, bind.error)
  }
  return bind
}

/** Throws a denial that says nothing about its port, because every port is denied, or perhaps every socket. */
function* denialSteps(
  asked: Asked,
  endpoint: Endpoint,
  denial: NodeJS.ErrnoException,
): Steps<void> {
  if (asked.denial !== undefined) return
  if ((yield [endpoint, 0]).is !== 'denied') {
    asked.permitted.add(endpoint)
    return
  }
  // landlock(7) denies each TCP port that no rule names, also port 0. It denies nothing to UDP.
  if (endpoint.protocol === 'udp' || (yield [ANY_UDP, 0]).is === 'denied') throw denial
  asked.denial = denial
}

const [ANY_UDP] = endpointsOf(Ask.UDP | Ask.IPV4, '127.0.0.1') as [Endpoint]

function refusalOf({ protocol, ipv4, ipv6 }: Endpoint): number {
  return (
    (protocol === 'tcp' ? Refuses.TCP : Refuses.UDP) |
    (ipv4 ? Refuses.IPV4 : 0) |
    (ipv6 ? Refuses.IPV6 : 0)
  )
}
