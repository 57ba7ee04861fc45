// The candidates of a seed: native/lcg.h and native/sequence.h in TypeScript.

import type { PortBits } from '../../../binding.js'

const MODULUS = 65537

/**
 * After this many steps the generator repeats. 75 is a primitive root of the prime 65537, so in one period each number
 * from 0 to 65535 comes once.
 */
const PERIOD = 65536

/** `value` mod 65537 without a division: 2^16 mod 65537 is -1, so the high 16 of the 32 bits are subtracted. */
function reduce(value: number): number {
  const difference = (value & 0xffff) - (value >>> 16)
  return difference < 0 ? difference + MODULUS : difference
}

/** The state of the generator after `state`, with the constants of the Sinclair ZX81. */
function nextState(state: number): number {
  const from = reduce(state)
  const next = reduce(75 * from + 74)
  // At the fixed point 65536 the reference implementations continue from `state + 1`, which is 0. 74 follows 0.
  return next === from ? 74 : next
}

/** Whether the bit of a port is set. Always false for port 0. */
function has(bits: PortBits, port: number): boolean {
  return port !== 0 && (((bits[port >> 3] as number) >> (port & 7)) & 1) !== 0
}

/** The state of the generator after the first `skip` candidates. Whole periods are skipped without any steps. */
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

/** The candidates of one period, each once. They follow the first `skip` candidates of the endless sequence. */
export function* onePeriod(seed: number, bits: PortBits, skip: number): Generator<number> {
  let state = stateAfterSkip(seed, bits, skip)
  for (let steps = PERIOD; steps > 0; steps--) {
    state = nextState(state)
    if (has(bits, state)) yield state
  }
}

/** Fills `out` with candidates. After the last one the first one comes again. False if there is no candidate. */
export function fillSequence(
  seed: number,
  bits: PortBits,
  skip: number,
  out: Uint16Array,
): boolean {
  // This repeats onePeriod() without a generator function, which would take longer than computing the candidates.
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
