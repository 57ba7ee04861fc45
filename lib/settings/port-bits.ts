import type { PortBits } from '../../binding.js'
import type { PortIntervals } from './port-spec.js'

const BYTES = 65536 / 8
const FIRST_OF_DEFAULT = 1024
const FIRST_BYTE_OF_DEFAULT = FIRST_OF_DEFAULT / 8

/** The ports of `include` (default: 1024-65535) without those of `exclude`, in the form that engines take. */
export function portBits(include: PortIntervals | undefined, exclude: PortIntervals): PortBits {
  const bits = new Uint8Array(BYTES)
  if (include === undefined) bits.fill(0xff, FIRST_BYTE_OF_DEFAULT)
  else eachInterval(include, (first, last) => setBits(bits, first, last, true))
  eachInterval(exclude, (first, last) => {
    if (include !== undefined || last >= FIRST_OF_DEFAULT) setBits(bits, first, last, false)
  })
  return bits
}

// The ports that portsInOrder() has already added to its list. The array is cleared after each use and used again,
// because to create it would take longer than the rest of the function.
const listed = new Uint8Array(BYTES)

/** The ports of the intervals, in order and without duplicates. */
export function portsInOrder(intervals: PortIntervals): Uint16Array {
  if (intervals.length === 0) return new Uint16Array(0)
  let most = 0
  let highest = 0
  let areAscending = true
  eachInterval(intervals, (first, last) => {
    most += last - first + 1
    areAscending &&= first > highest
    highest = last
  })
  const ports = new Uint16Array(Math.min(most, 65535))
  let count = 0
  if (areAscending) {
    // Ascending intervals have no port in common.
    eachInterval(intervals, (first, last) => {
      for (let port = first; port <= last; port++) ports[count++] = port
    })
    return ports
  }
  eachInterval(intervals, (first, last) => {
    for (let port = first; port <= last; port++) {
      const byte = listed[port >> 3] as number
      const bit = 1 << (port & 7)
      if ((byte & bit) !== 0) continue
      listed[port >> 3] = byte | bit
      ports[count++] = port
    }
  })
  for (let i = 0; i < count; i++) listed[(ports[i] as number) >> 3] = 0
  return ports.subarray(0, count)
}

function eachInterval(
  intervals: PortIntervals,
  apply: (first: number, last: number) => void,
): void {
  for (let i = 0; i < intervals.length; i += 2) {
    apply(intervals[i] as number, intervals[i + 1] as number)
  }
}

function setBits(bits: PortBits, first: number, last: number, to: boolean): void {
  for (let byte = first >> 3; byte <= last >> 3; byte++) {
    const low = Math.max(first - byte * 8, 0)
    const high = Math.min(last - byte * 8, 7)
    const mask = (0xff << low) & (0xff >> (7 - high))
    const before = bits[byte] as number
    bits[byte] = to ? before | mask : before & ~mask
  }
}
