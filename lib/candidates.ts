// The candidates that follow from settings, free or not: prepended ports, then the sequence of the seed.

import type { Engine, PortBits } from '../binding.js'
import { Port4meError } from './errors.js'
import type { Share } from './settings/worker.js'

/** The data that determines the candidates. */
export interface Candidates {
  readonly seed: number
  /** The sequence has only these ports. */
  readonly allowed: PortBits
  /** Tried first. */
  readonly prepended: Uint16Array
  /** How many of the first candidates to drop, including prepended ones. */
  readonly skip: number
  /** The worker whose share of the candidates this is, and the number of workers. */
  readonly share?: readonly [index: number, count: number]
}

/** How many steps the generator takes until it repeats. There are never more candidates in the sequence. */
const PERIOD = 65536

const FIRST_CHUNK = 32

/** The first `count` candidates; fewer when all candidates are prepended ports. */
export function firstCandidates(from: Candidates, engine: Engine, count: number): number[] {
  const prepended = prependedAfterSkip(from)
  const fromSequence = Math.max(count - prepended.length, 0)
  const sequence = sequenceAfterSkip(from, engine, fromSequence) ?? new Uint16Array(0)
  const ports = new Array<number>(Math.min(prepended.length, count) + sequence.length)
  const ofPrepended = ports.length - sequence.length
  // Array.from() would use iterators, which take ten times as long.
  for (let i = 0; i < ofPrepended; i++) ports[i] = prepended[i] as number
  for (let i = 0; i < sequence.length; i++) ports[ofPrepended + i] = sequence[i] as number
  if (ports.length === 0) throw noCandidate(from)
  return ports
}

/** An iterator of all candidates. It has no end, unless all candidates are prepended ports. */
export function* eachCandidate(from: Candidates, engine: Engine): IterableIterator<number> {
  yield* prependedAfterSkip(from)
  const chunk = sequenceAfterSkip(from, engine, FIRST_CHUNK)
  if (chunk === undefined) return
  yield* chunk
  const period = onePeriod(from, engine)
  for (let i = FIRST_CHUNK % period.length; ; i = (i + 1) % period.length) yield period[i] as number
}

/** How many candidates come before a port; -1 if the port is not a candidate. */
export function rankOf(port: number, from: Candidates, engine: Engine): number {
  const prepended = prependedAfterSkip(from)
  const rank = prepended.indexOf(port)
  if (rank !== -1) return rank
  const inSequence = onePeriod(from, engine).indexOf(port)
  return inSequence === -1 ? -1 : prepended.length + inSequence
}

export function noCandidate({ skip, prepended, share }: Candidates): Port4meError {
  if (share !== undefined) {
    return new Port4meError(
      'ERR_NO_CANDIDATE',
      `no port to try: worker ${share[0]} of ${share[1]} (workers count from 0) has no candidates`,
    )
  }
  return new Port4meError(
    'ERR_NO_CANDIDATE',
    skip > 0 && prepended.length > 0
      ? `no port to try: skip drops every prepended port, and no other port is both included and not excluded`
      : 'no port to try: no port is both included and not excluded',
  )
}

function prependedAfterSkip({ prepended, skip }: Candidates): Uint16Array {
  return prepended.subarray(Math.min(skip, prepended.length))
}

/** Candidates of the sequence, without prepended ports; undefined when the sequence has none. */
function sequenceAfterSkip(
  { seed, allowed, prepended, skip }: Candidates,
  engine: Engine,
  count: number,
): Uint16Array | undefined {
  const out = new Uint16Array(count)
  const skipped = Math.max(skip - prepended.length, 0)
  return engine.sequence(seed, allowed, skipped, out) ? out : undefined
}

/** Each candidate of the sequence once, in order, starting after the skipped ones. */
export function onePeriod(from: Candidates, engine: Engine): Uint16Array {
  const ports = sequenceAfterSkip(from, engine, PERIOD)
  if (ports === undefined) return new Uint16Array(0)
  const again = ports.indexOf(ports[0] as number, 1)
  return again === -1 ? ports : ports.subarray(0, again)
}

/** How many different candidates there are. */
export function countCandidates(from: Candidates, engine: Engine): number {
  return prependedAfterSkip(from).length + onePeriod(from, engine).length
}

/**
 * Every count-th candidate. Of a port that comes several times only the first place counts, so that two workers
 * never have a port in common.
 */
export function shareOf(all: Candidates, share: Share, engine: Engine): Candidates {
  const [index, count] = share
  const prepended = prependedAfterSkip(all)
  const first = new Set(prepended)
  const sequence = onePeriod(all, engine).filter((port) => !first.has(port))
  const allowed = new Uint8Array(all.allowed.length)
  for (const [rank, port] of sequence.entries()) {
    if ((prepended.length + rank) % count !== index) continue
    allowed[port >> 3] = (allowed[port >> 3] as number) | (1 << (port & 7))
  }
  return {
    // The state of the generator is the port that it gave last. So with the last port of a period as the seed the
    // sequence begins with the first port.
    seed: sequence.at(-1) ?? all.seed,
    allowed,
    prepended: prepended.filter((_, rank) => rank % count === index),
    skip: 0,
    share,
  }
}
