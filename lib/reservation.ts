// Ports set aside within a program, with the semantics of openport's PortReservation.

import { readAsked } from './availability.js'
import { firstFree, readRange } from './openport.js'
import { integer } from './settings/values.js'
import type { PortSpec } from './types.js'

const DEFAULT_RANGE = '15000-65534'

/**
 * Gives each port of a range to one taker at a time. It remembers what it gave; it binds nothing, so
 * that other programs know nothing of it.
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
   * @param range the ports to give, in order: 15000 to 65534 by default
   * @throws {Port4meError} `ERR_PORT_SPEC` for what is no range
   */
  constructor(range: PortSpec = DEFAULT_RANGE) {
    this.#range = readRange(range)
  }

  /**
   * Reserves the first port of the range that is not reserved and free on TCP and UDP.
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
    const port = firstFree(open, readAsked(undefined, 'both'))
    if (port !== undefined) this.#reserved.add(port)
    return port
  }

  /**
   * Reserves so many ports, or as many as there are.
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
    const asked = readAsked(undefined, 'both')
    const ports: number[] = []
    // Past a port that is given or taken the search goes on; it does not begin again.
    let open = this.#range.filter((port) => !this.#reserved.has(port))
    while (ports.length < count) {
      const port = firstFree(open, asked)
      if (port === undefined) break
      this.#reserved.add(port)
      ports.push(port)
      open = open.subarray(open.indexOf(port) + 1)
    }
    return ports
  }

  /**
   * Lets a port go; one that is not reserved stays as it is.
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
   * Lets ports go; those that are not reserved stay as they are.
   *
   * @example
   * const reservation = new PortReservation('15000-15999')
   * reservation.releasePorts(reservation.reservePorts(2))
   */
  releasePorts(ports: Iterable<number>): void {
    for (const port of ports) this.#reserved.delete(port)
  }

  /**
   * Whether this reservation has given a port, and not got it back.
   *
   * @example
   * const reservation = new PortReservation('15000-15999')
   * reservation.isReserved(15000) // false
   */
  isReserved(port: number): boolean {
    return this.#reserved.has(port)
  }

  /**
   * Whether this reservation has not given a port. It speaks of the reservation alone: ask the
   * function isFree() whether the port can be bound.
   *
   * @example
   * const reservation = new PortReservation('15000-15999')
   * reservation.isFree(15000) // true
   */
  isFree(port: number): boolean {
    return !this.#reserved.has(port)
  }
}
