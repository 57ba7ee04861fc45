// Ports reserved within a program, with the semantics of openport's PortReservation.

import { readPortQuestion } from './availability.js'
import { firstFree, readRange } from './openport.js'
import { integer } from './settings/values.js'
import type { PortSpec } from './types.js'

const DEFAULT_RANGE = '15000-65534'

/**
 * Reserves each port of a range only once at a time. It remembers the ports that it has reserved. It binds
 * nothing, so other programs do not know about them.
 *
 * @example
 * const reservation = new PortReservation('15000-15999')
 * const port = reservation.reservePort()
 * if (port !== undefined) reservation.releasePort(port)
 */
export class PortReservation {
  readonly #range: Uint16Array
  readonly #reserved = new Set<number>()

  /**
   * @param range the ports to reserve, in order: 15000 to 65534 by default
   * @throws {Port4meError} `ERR_PORT_SPEC` if `range` is not a range
   */
  constructor(range: PortSpec = DEFAULT_RANGE) {
    this.#range = readRange(range)
  }

  /**
   * Reserves the first port of the range that is not yet reserved and is free on TCP and UDP.
   *
   * @returns the port; undefined when there is none
   * @throws {Port4meError} `ERR_SYSTEM` as isFree() does
   *
   * @example
   * const reservation = new PortReservation('15000-15999')
   * const port = reservation.reservePort() ?? console.error('all taken')
   */
  reservePort(): number | undefined {
    const open = this.#range.filter((port) => !this.#reserved.has(port))
    const port = firstFree(open, readPortQuestion(undefined, 'both'))
    if (port !== undefined) this.#reserved.add(port)
    return port
  }

  /**
   * Reserves `count` ports, or fewer if there are not enough.
   *
   * @param count 0 or more
   * @returns the ports, in order
   * @throws {Port4meError} `ERR_OUT_OF_RANGE` for a wrong count; `ERR_SYSTEM` as isFree() does
   *
   * @example
   * const reservation = new PortReservation('15000-15999')
   * const [web, api] = reservation.reservePorts(2)
   */
  reservePorts(count: number): number[] {
    integer(count, 'count', 0, Number.MAX_SAFE_INTEGER)
    const portQuestion = readPortQuestion(undefined, 'both')
    const ports: number[] = []
    // Each search continues after the port that the search before it found.
    let open = this.#range.filter((port) => !this.#reserved.has(port))
    while (ports.length < count) {
      const port = firstFree(open, portQuestion)
      if (port === undefined) break
      this.#reserved.add(port)
      ports.push(port)
      open = open.subarray(open.indexOf(port) + 1)
    }
    return ports
  }

  /**
   * Ends the reservation of a port. Does nothing if the port is not reserved.
   *
   * @example
   * const reservation = new PortReservation('15000-15999')
   * const port = reservation.reservePort()
   * if (port !== undefined) reservation.releasePort(port)
   */
  releasePort(port: number): void {
    this.#reserved.delete(port)
  }

  /**
   * Ends the reservation of several ports. Ignores ports that are not reserved.
   *
   * @example
   * const reservation = new PortReservation('15000-15999')
   * reservation.releasePorts(reservation.reservePorts(2))
   */
  releasePorts(ports: Iterable<number>): void {
    for (const port of ports) this.#reserved.delete(port)
  }

  /**
   * Whether a port is reserved in this object.
   *
   * @example
   * const reservation = new PortReservation('15000-15999')
   * reservation.isReserved(15000) // false
   */
  isReserved(port: number): boolean {
    return this.#reserved.has(port)
  }

  /**
   * Whether a port is not reserved in this object. This does not tell whether the port can be bound: the
   * function isFree() does.
   *
   * @example
   * const reservation = new PortReservation('15000-15999')
   * reservation.isFree(15000) // true
   */
  isFree(port: number): boolean {
    return !this.#reserved.has(port)
  }
}
