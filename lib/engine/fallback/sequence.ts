// The candidates of a seed: native/lcg.h and native/sequence.h in TypeScript.

import type { PortBits } from '../../../binding.js'

const MODULUS = 65537

/**
 * Steps until the generator repeats: 75 is a primitive root of the prime 65537, so each of 0 to 65535
 * comes once.
 */
const PERIOD = 65536

/** A 32-bit value mod 65537 without a division: 2^16 is -1 there, so the high half counts negative. */
function reduce(value: number): number {
  const difference = (value & 0xffff) - (value >>> 16)
  return difference < 0 ? difference + MODULUS : difference
}

/** The state of the generator after `state`, with the constants of the Sinclair ZX81. */
function nextState(state: number): number {
  const from = reduce(state)
  const next = reduce(75 * from + 74)
  // At the fixed point, 65536, the references go on from the state after it, which is 0.
  return next === from ? 74 : next
}

/** Whether a port's bit is set; port 0 never counts. */
function has(bits: PortBits, port: number): boolean {
  return port !== 0 && (((bits[port >> 3] as number) >> (port & 7)) & 1) !== 0
}

/** The state after which the first `skip` candidates have come; whole periods are not walked. */
function stateAfterSkip(seed: number, bits: PortBits, skip: number): number {
  let state = seed
  if (skip === 0) return state
  const inPeriod = count(bits)
  if (inPeriod === 0) return state
  for (let left = skip % inPeriod; left > 0; ) {
    state = nextState(state)
    if (has(bits, state)) left--
  }
  return state
}

/** The candidates of one period, each once, after the first `skip` ones of the endless sequence. */
export function* onePeriod(seed: number, bits: PortBits, skip: number): Generator<number> {
  let state = stateAfterSkip(seed, bits, skip)
  for (let steps = PERIOD; steps > 0; steps--) {
    state = nextState(state)
    if (has(bits, state)) yield state
  }
}

/** Fills `out` with candidates, starting again after the last. False when there is none. */
export function fillSequence(
  seed: number,
  bits: PortBits,
  skip: number,
  out: Uint16Array,
): boolean {
  // onePeriod() without the generator, which would cost more than the candidates.
  let state = stateAfterSkip(seed, bits, skip)
  let filled = 0
  for (let steps = PERIOD; steps > 0 && filled < out.length; steps--) {
    state = nextState(state)
    if (has(bits, state)) out[filled++] = state
  }
  if (filled === 0) return out.length === 0
  for (let i = filled; i < out.length; i++) out[i] = out[i - filled] as number
  return true
}

function count(bits: PortBits): number {
  let ports = (bits[0] as number) & 1 ? -1 : 0
  for (let byte of bits) for (; byte !== 0; byte &= byte - 1) ports++
  return ports
}
