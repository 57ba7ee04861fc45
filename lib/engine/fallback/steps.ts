// What an engine answers, as steps that ask for one bind at a time: run by one driver at once, by
// another with the event loop.

import type { Engine, Host, Pick, Question, Verdicts } from '../../../binding.js'
import { Flag } from '../../question.js'
import type { Bind, Step } from './bind.js'
import {
  type Endpoint,
  endpointsOf,
  IS_LINUX,
  type Protocol,
  protocolsOf,
  wildcards,
} from './endpoints.js'
import { onePeriod } from './sequence.js'

type PickArguments = Parameters<Engine['pick']>
type HoldArguments = Parameters<Engine['hold']>

export type Steps<Answer> = Generator<Step, Answer, Bind>

/** What a question asks of a port. */
interface Asked {
  readonly endpoints: readonly Endpoint[]
  /** Whose locks to look at: libuv sets SO_REUSEADDR, so that a port that is leased binds. */
  readonly locks: readonly Protocol[]
}

function askedBy(question: Question, host: Host): Asked {
  return {
    endpoints: endpointsOf(question, host),
    locks: IS_LINUX ? protocolsOf(question) : [],
  }
}

/** The first free candidate: prepended ones, then one period of the sequence. */
export function* pickSteps(...args: PickArguments): Steps<Pick> {
  const [, , , , maxTries, question, host] = args
  const asked = askedBy(question, host)
  let tries = 0
  for (const port of candidatesOf(args)) {
    if (tries === maxTries) break
    tries++
    if ((yield* verdictSteps(asked, port, true)) === 0) return tries * 65536 + port
  }
  return tries * 65536
}

/** The candidates of a pick, each once, after the first `skip` ones. */
export function* candidatesOf(args: PickArguments | HoldArguments): Generator<number> {
  const [seed, candidates, prepend, skip] = args
  const dropped = Math.min(skip, prepend.length)
  yield* prepend.subarray(dropped)
  yield* onePeriod(seed, candidates, skip - dropped)
}

/** A verdict for each port, with what refuses and why. */
export function* probeSteps(ports: Uint16Array, question: Question, host: Host): Steps<Verdicts> {
  const asked = askedBy(question, host)
  // What a dual-stack socket is refused is told apart by its families.
  const families = asked.endpoints.some(({ everywhere }) => everywhere)
    ? asked.endpoints.flatMap((one) =>
        one.everywhere ? wildcards(one.protocol, true, true) : [one],
      )
    : []
  const verdicts = new Uint8Array(ports.length)
  for (const [i, port] of ports.entries()) {
    const verdict = yield* verdictSteps(asked, port, false)
    const isSettled = verdict === 0 || (verdict & Flag.REASON_MASK) === Flag.LEASED
    // Nothing refuses any more: the port was let go of just now. The first answer stands.
    verdicts[i] =
      isSettled || families.length === 0
        ? verdict
        : (yield* verdictSteps({ endpoints: families, locks: [] }, port, false)) || verdict
  }
  return verdicts
}

export function* isFreeSteps(port: number, question: Question, host: Host): Steps<boolean> {
  return (yield* verdictSteps(askedBy(question, host), port, true)) === 0
}

/** A port that the system chooses. */
export function* ephemeralPortSteps(question: Question, host: Host): Steps<number> {
  let absent: NodeJS.ErrnoException | undefined
  for (const endpoint of endpointsOf(question, host)) {
    const bind = yield [endpoint, 0]
    if (bind.is === 'bound') return bind.port
    if (bind.is === 'absent') absent = bind.error
    else return 0
  }
  throw absent
}

/** The verdict of binding.d.ts on a port; with `first`, at the first refusal. */
function* verdictSteps({ endpoints, locks }: Asked, port: number, first: boolean): Steps<number> {
  let reason = 0
  let refusing = 0
  let answered = false
  let absent: NodeJS.ErrnoException | undefined
  for (const endpoint of endpoints) {
    const bind = yield [endpoint, port]
    if (bind.is === 'absent') {
      if (!endpoint.optional) throw bind.error
      absent = bind.error
      continue
    }
    answered = true
    if (bind.is === 'bound') continue
    reason = Math.max(reason, bind.is === 'denied' ? Flag.DENIED : Flag.IN_USE)
    refusing |= refusalOf(endpoint)
    if (first) return reason | refusing
  }
  if (!answered) throw absent // every family is missing
  for (const protocol of locks) {
    if ((yield [protocol, port]).is === 'unlocked') continue
    reason = Flag.LEASED
    for (const endpoint of endpoints) {
      if (endpoint.protocol === protocol) refusing |= refusalOf(endpoint)
    }
  }
  return reason | refusing
}

function refusalOf({ protocol, ipv4, ipv6 }: Endpoint): number {
  return (
    (protocol === 'tcp' ? Flag.TCP_REFUSES : Flag.UDP_REFUSES) |
    (ipv4 ? Flag.IPV4_REFUSES : 0) |
    (ipv6 ? Flag.IPV6_REFUSES : 0)
  )
}
