/**
 * What an engine does. The C++ addon (native/addon/) and the TypeScript engine
 * (lib/engine/fallback/) both implement it, and one contract suite (test/contract/) holds both to it.
 *
 * The addon takes no argument on trust: a wrong type is a TypeError, a wrong value a RangeError.
 * In both engines a system call that fails in a way that says nothing about a port (out of descriptors, a host
 * address that is not this machine's) throws an Error with `code` ("EMFILE") and `syscall` ("socket"), and
 * with `address` and `port` where it was about one.
 */
export interface Engine {
  readonly name: 'native' | 'fallback'

  /** The name and version of this contract: CONTRACT of lib/codes.ts. */
  readonly contract: string

  /** The numbers of lib/codes.ts as this engine has them, by their names there (`Reason.LEASED`). */
  codes(): Readonly<Record<string, number>>

  /** The port4me hashcode of a text's Unicode code points: 0 to 2^32 - 1. */
  hashcode(text: string): number

  /**
   * Fills `out` with the candidates of a seed, after the first `skip` ones.
   * After the last candidate they start again. False when there is none.
   */
  sequence(seed: number, allowed: PortBits, skip: number, out: Uint16Array): boolean

  /** The first free candidate: `prepend`, then the sequence, with the first `skip` of both dropped. */
  pick(...search: Search): PackedPick

  /**
   * As pick(), off the event loop. Wrong arguments throw at once; a failed system call rejects. A process
   * or a worker thread that ends meanwhile does not wait for the answer.
   */
  pickAsync(...search: Search): Promise<PackedPick>

  /**
   * As pick(), and holds the port that it finds: nobody else can hold it, and no port that the system
   * chooses is it, on the addresses that are held (on Linux the TypeScript engine holds loopbacks for
   * wildcards). Other questions call it leased on Linux, and in use elsewhere. On Linux a server that
   * sets SO_REUSEADDR can bind it meanwhile, unless `exclusive`; elsewhere, once the hold is released.
   */
  hold(...args: [...search: Search, exclusive: boolean]): Hold

  /** Whether a port, 1 to 65535, can be bound. */
  isFree(port: number, question: Question, host: Host): boolean

  /** A verdict for each port, with what refuses and why. */
  probe(ports: Uint16Array, question: Question, host: Host): Verdicts

  /** As probe(), off the event loop. */
  probeAsync(ports: Uint16Array, question: Question, host: Host): Promise<Verdicts>

  /**
   * A port that the system chooses for the first protocol of the question, free at that moment.
   * 0: it has none left.
   */
  ephemeralPort(question: Question, host: Host): number

  /**
   * A number that differs whenever a variable has changed in the process's own environment.
   * Undefined where that cannot be told more cheaply than by reading the variables, and in worker
   * threads, whose `process.env` is a copy.
   */
  environmentGeneration(): number | undefined
}

/** What is searched for: the candidates, how many of them to try, and what is asked of each. */
export type Search = readonly [
  seed: number,
  /** What the sequence of the seed is filtered by. */
  allowed: PortBits,
  /** Tried before the sequence, in this order. */
  prepended: Uint16Array,
  /** How many of the first candidates to drop, prepended ones included. */
  skip: number,
  maxTries: number,
  question: Question,
  host: Host,
]

/** One bit for each port in 8192 bytes: bit (port % 8) of byte (port / 8). Bit 0 is ignored. */
export type PortBits = Uint8Array

/** What hold() found and holds. It is released when it is collected, and when its thread ends. */
export interface Hold {
  readonly pick: PackedPick

  /** Whether nothing is held any more: it was released, or what held it is gone. */
  readonly isOver: boolean

  /** Lets the port go. A second time does nothing. */
  release(): void

  /**
   * Lets servers bind the port by its number from now on, and keeps other leases out, where the system
   * can do both; elsewhere it lets the port go. Does nothing where servers can bind it already.
   */
  admitServers(): void

  /**
   * Makes the TCP socket listen, with room for `backlog` connections (1 to 2^31 - 1), and gives its
   * descriptor away: it is the caller's to close, and what else holds the port stays until release().
   * -1: there is no such socket, or more than one. A program that listens on the port for an instant, as
   * probers do, makes listen(2) fail with EADDRINUSE: it is tried again for 40 ms before that is thrown.
   */
  takeListeningDescriptor(backlog: number): number
}

/**
 * A port and the number of probes it took, as `tries * 65536 + port`, so that no object is made
 * for it. Port 0: none was free.
 */
export type PackedPick = number

/**
 * What to ask of a port, as a sum of 1 (TCP), 2 (UDP), 4 (IPv4), 8 (IPv6) and 16 (a port in
 * TIME_WAIT is busy). At least one protocol and one family.
 */
export type Question = number

/**
 * An IP literal, `localhost` for both loopbacks, or `''` for every address of the machine. Wildcards
 * come as `''` with their family, and IPv4-mapped literals as IPv4.
 */
export type Host = string

/**
 * A byte for each port: 0 when it is free; otherwise the reason (1 TIME_WAIT, 2 denied, 3 in use,
 * 4 leased) plus what refuses: 8 TCP, 16 UDP, 32 IPv4, 64 IPv6. A lease is of all that was asked of
 * its protocol.
 */
export type Verdicts = Uint8Array
