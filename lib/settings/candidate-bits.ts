import type { CandidateBits } from '../../binding.js'
import type { PortInterval } from './port-spec.js'

const FIRST_BYTE_OF_DEFAULT = 1024 / 8

/** The ports of `include`, by default 1024-65535, without those of `exclude`, as the engines take them. */
export function candidateBits(
  include: readonly PortInterval[] | undefined,
  exclude: readonly PortInterval[],
): CandidateBits {
  const bits = new Uint8Array(65536 / 8)
  if (include === undefined) bits.fill(0xff, FIRST_BYTE_OF_DEFAULT)
  else for (const interval of include) setBits(bits, interval, true)
  for (const interval of exclude) setBits(bits, interval, false)
  return bits
}

function setBits(bits: CandidateBits, [first, last]: PortInterval, to: boolean): void {
  for (let byte = first >> 3; byte <= last >> 3; byte++) {
    const low = Math.max(first - byte * 8, 0)
    const high = Math.min(last - byte * 8, 7)
    const mask = (0xff << low) & (0xff >> (7 - high))
    const before = bits[byte] as number
    bits[byte] = to ? before | mask : before & ~mask
  }
}
