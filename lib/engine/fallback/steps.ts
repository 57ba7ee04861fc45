// What an engine answers, as steps that ask for one bind at a time: run by one driver at once, by
// another with the event loop.

import type { Engine, Host, Pick, Question, Verdicts } from '../../../binding.js'
import { Flag } from '../../question.js'
import type { Bind } from './bind.js'
import { type Endpoint, endpointsOf, wildcards } from './endpoints.js'
import { onePeriod } from './sequence.js'

export type Steps<Answer> = Generator<readonly [Endpoint, port: number], Answer, Bind>

/** The first free candidate: prepended ones, then one period of the sequence. */
export function* pickSteps(...args: Parameters<Engine['pick']>): Steps<Pick> {
  const [seed, candidates, prepend, skip, maxTries, question, host] = args
  const endpoints = endpointsOf(question, host)
  const dropped = Math.min(skip, prepend.length)
  let tries = 0
  for (const ports of [prepend.subarray(dropped), onePeriod(seed, candidates, skip - dropped)]) {
    for (const port of ports) {
      if (tries === maxTries) return tries * 65536
      tries++
      if ((yield* verdictSteps(endpoints, port, true)) === 0) return tries * 65536 + port
    }
  }
  return tries * 65536
}

/** A verdict for each port, with what refuses and why. */
export function* probeSteps(ports: Uint16Array, question: Question, host: Host): Steps<Verdicts> {
  const endpoints = endpointsOf(question, host)
  // What a dual-stack socket is refused is told apart by its families.
  const families = endpoints.some(({ everywhere }) => everywhere)
    ? endpoints.flatMap((one) => (one.everywhere ? wildcards(one.protocol, true, true) : [one]))
    : []
  const verdicts = new Uint8Array(ports.length)
  for (const [i, port] of ports.entries()) {
    const verdict = yield* verdictSteps(endpoints, port, false)
    // Nothing refuses any more: the port was let go of just now. The first answer stands.
    verdicts[i] =
      verdict !== 0 && families.length > 0
        ? (yield* verdictSteps(families, port, false)) || verdict
        : verdict
  }
  return verdicts
}

export function* isFreeSteps(port: number, question: Question, host: Host): Steps<boolean> {
  return (yield* verdictSteps(endpointsOf(question, host), port, true)) === 0
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
function* verdictSteps(
  endpoints: readonly Endpoint[],
  port: number,
  first: boolean,
): Steps<number> {
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
    refusing |= endpoint.protocol === 'tcp' ? Flag.TCP_REFUSES : Flag.UDP_REFUSES
    if (endpoint.ipv4) refusing |= Flag.IPV4_REFUSES
    if (endpoint.ipv6) refusing |= Flag.IPV6_REFUSES
    if (first) break
  }
  if (!answered) throw absent // every family is missing
  return reason | refusing
}
