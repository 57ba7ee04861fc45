// The engine without a binary: binding.d.ts in TypeScript, over public Node.js API.

import type { CandidateBits, Engine, Pick, Verdicts } from '../../../binding.js'
import { hashcode } from './hashcode.js'
import { fillSequence, onePeriod } from './sequence.js'
import { type Refusal, refusal, refusalNow } from './tcp.js'

export const fallback: Engine = {
  name: 'fallback',
  hashcode,
  sequence: (seed, candidates, skip, out) => fillSequence(seed, candidates, skip, out),
  pick,
  pickAsync,
  isFree: (port) => refusalNow(port) === undefined,
  probe: (ports) => Uint8Array.from(ports, (port) => verdict(refusalNow(port))),
  probeAsync,
  environmentFingerprint: () => undefined,
}

function pick(
  seed: number,
  candidates: CandidateBits,
  prepend: Uint16Array,
  skip: number,
  maxTries: number,
): Pick {
  let tries = 0
  for (const port of searchOrder(seed, candidates, prepend, skip)) {
    if (tries === maxTries) break
    tries++
    if (refusalNow(port) === undefined) return tries * 65536 + port
  }
  return tries * 65536
}

async function pickAsync(
  seed: number,
  candidates: CandidateBits,
  prepend: Uint16Array,
  skip: number,
  maxTries: number,
): Promise<Pick> {
  let tries = 0
  for (const port of searchOrder(seed, candidates, prepend, skip)) {
    if (tries === maxTries) break
    tries++
    if ((await refusal(port)) === undefined) return tries * 65536 + port
  }
  return tries * 65536
}

/** Every port that a search may try: prepended ones, then one period of the sequence. */
function* searchOrder(
  seed: number,
  candidates: CandidateBits,
  prepend: Uint16Array,
  skip: number,
): Generator<number> {
  const dropped = Math.min(skip, prepend.length)
  yield* prepend.subarray(dropped)
  yield* onePeriod(seed, candidates, skip - dropped)
}

async function probeAsync(ports: Uint16Array): Promise<Verdicts> {
  const verdicts = new Uint8Array(ports.length)
  for (const [i, port] of ports.entries()) verdicts[i] = verdict(await refusal(port))
  return verdicts
}

/** A verdict on TCP in both families, as binding.d.ts writes it. */
function verdict(why: Refusal | undefined): number {
  if (why === undefined) return 0
  return (why === 'denied' ? 2 : 3) + 8 + 32 + 64
}
