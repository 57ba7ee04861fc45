import type { Server } from 'node:net'

/**
 * The interface of an engine. The C++ addon (native/addon/) and the TypeScript engine (lib/engine/fallback/)
 * both implement it. One contract suite (test/contract/) tests both.
 *
 * The addon checks every argument: a wrong type throws a TypeError, a wrong value a RangeError. In both engines
 * a system call may fail in a way that says nothing about a port (out of descriptors, a host address that is not
 * this machine's). It throws an Error with `code` ("EMFILE") and `syscall` ("socket"). The error also has
 * `address` and `port`, if the call was about one.
 */
export interface Engine {
  readonly name: 'native' | 'fallback'

  /** The name and version of this interface: CONTRACT in lib/codes.ts. */
  readonly contract: string

  /** The numbers of lib/codes.ts that this engine uses, by their names there (`Reason.LEASED`). */
  codes(): Readonly<Record<string, number>>

  /** The port4me hashcode of a text's Unicode code points: 0 to 2^32 - 1. */
  hashcode(text: string): number

  /**
   * Fills `out` with the candidates of a seed that follow the first `skip` ones. After the last candidate
   * the first one comes again. False when there is no candidate.
   */
  sequence(seed: number, allowed: PortBits, skip: number, out: Uint16Array): boolean

  /** The first free candidate. The prepended ports come first, then the sequence, without the first `skip`. */
  pick(...search: Search): PackedPick

  /**
   * Like pick(), but does not block the event loop. Wrong arguments throw at once. A failed system call rejects
   * the promise. A process or a worker thread that ends meanwhile does not wait for the answer.
   */
  pickAsync(...search: Search): Promise<PackedPick>

  /**
   * Like pick(), but also holds the port that it finds. On the addresses that are held, nobody else can hold the
   * port, and the system does not choose it. (On Linux, if Node.js has no net.BoundSocket, the TypeScript engine
   * holds the loopbacks instead of the wildcards.) Other questions about a held port say that it is leased on
   * Linux, and in use elsewhere. On Linux a server with SO_REUSEADDR can bind the port while it is held, unless
   * `exclusive` is true. Elsewhere a server can bind it after the hold is released.
   *
   * `label`: up to 32 hexadecimal digits. On Linux holders() tells it to other processes, and only one hold at a time
   * can have a label.
   */
  hold(...args: [...search: Search, exclusive: boolean, label?: string]): Hold

  /** Whether a port, 1 to 65535, can be bound. */
  isFree(port: number, question: Question, host: Host): boolean

  /** A verdict for each port, which says why it is refused, and by which protocols and families. */
  probe(ports: Uint16Array, question: Question, host: Host): Verdicts

  /** Like probe(), but does not block the event loop. */
  probeAsync(ports: Uint16Array, question: Question, host: Host): Promise<Verdicts>

  /**
   * A port that the system chooses for the first protocol of the question. It is free at that moment.
   * 0: the system has no port left.
   */
  ephemeralPort(question: Question, host: Host): number

  /**
   * The sockets on these ports, and the processes that have them. Missing on systems where the addon does not know
   * how to find out.
   */
  holders?(...args: HoldersArguments): HoldersReport

  /** Like holders(), but does not block the event loop. */
  holdersAsync?(...args: HoldersArguments): Promise<HoldersReport>

  /**
   * A number that changes when a variable of the process's own environment changes. Undefined if the engine has
   * no cheaper way to notice a change than to read the variables. Undefined in worker threads, too, because their
   * `process.env` is a copy.
   */
  environmentGeneration(): number | undefined
}

export type HoldersArguments = readonly [
  /** Empty: all ports. */
  ports: Uint16Array,
  /** 1 (TCP), 2 (UDP) or 3 (both), as in a Question. */
  protocols: number,
  /** The sum of 1 (listening), 2 (bound), 4 (connected) and 8 (in TIME_WAIT): State in lib/codes.ts. */
  states: number,
  /**
   * Processes whose working directory is in this folder are looked at first, after this process and its descendants.
   * `''`: there is no such folder.
   */
  folder: string,
]

/** What an engine finds out about the holders of ports. A value that the system does not tell is missing. */
export interface HoldersReport {
  readonly sockets: readonly SocketReport[]
  /** The processes that `sockets` names, and all their ancestors, each once. */
  readonly processes: readonly ProcessReport[]
}

/** One socket. */
export interface SocketReport {
  readonly port: number
  readonly protocol: 'tcp' | 'udp'
  /** The local address. A socket of an IPv4-mapped address has the IPv4 address. Missing for a lock of a lease. */
  readonly address?: string
  /** Whether the socket of an IPv6 address refuses IPv4. */
  readonly v6Only?: boolean
  /** One of State in lib/codes.ts. */
  readonly state: number
  /** The user who created the socket. */
  readonly uid?: number
  readonly user?: string
  /** Whether a lease holds the port with this socket. (Only Linux tells this.) */
  readonly leased?: boolean
  /** The label of the lease, if it has one. (Only Linux tells this.) */
  readonly label?: string
  /** The processes that have a descriptor of the socket, as far as they can be seen. */
  readonly pids: readonly number[]
}

export interface ProcessReport {
  readonly pid: number
  /** The process id of the parent. Missing if there is none. */
  readonly parent?: number
  /** The name of the program, without its folder. */
  readonly name?: string
  /** The command line. Its words are joined with spaces. Bytes that are not UTF-8 are replaced by U+FFFD. */
  readonly command?: string
  readonly uid?: number
  readonly user?: string
  /** The working directory. */
  readonly cwd?: string
  /** In milliseconds since 1970, UTC. */
  readonly startedAt?: number
  /** The text of /proc/PID/cgroup (cgroups(7)). */
  readonly cgroup?: string
}

/** A search: the candidates, how many of them to try, and the question to ask about each. */
export type Search = readonly [
  seed: number,
  /** The sequence of the seed yields only these ports. */
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

/** A port that hold() found and holds. It is released when it is garbage collected, and when its thread ends. */
export interface Hold {
  readonly pick: PackedPick

  /** Whether nothing is held any more: the hold was released, or the thread that held the port has ended. */
  readonly isOver: boolean

  /** Releases the port. A second call does nothing. */
  release(): void

  /**
   * Lets servers bind the port by its number from now on, while other leases stay out. Where the system
   * cannot do both, the port is released. Does nothing if servers can bind the port already.
   */
  admitServers(): void

  /**
   * Makes the TCP socket listen, with room for `backlog` connections (1 to 2^31 - 1), and returns its
   * descriptor, which the caller must close. The rest of the hold stays until release(). Returns -1 when there
   * is no such socket, or more than one. If another program listens on the port for an instant, as programs
   * that look for a free port do, listen(2) fails with EADDRINUSE. Then it is tried again for up to 40 ms. After
   * that the error is thrown.
   */
  takeListeningDescriptor(backlog: number): number

  /**
   * Like takeListeningDescriptor(), but returns a server. The server listens on the TCP socket, or it will emit
   * 'error'. After an error the function can be called again; on Linux the port is still held then. Returns
   * undefined when there is no such socket, or more than one, or when another program listens. Only the
   * TypeScript engine has this function, and only where Node.js has net.BoundSocket.
   */
  takeServer?(backlog: number): Server | undefined
}

/**
 * A port and the number of candidates that were tried, as `tries * 65536 + port`, so that no object is created
 * for it. Port 0: no candidate was free.
 */
export type PackedPick = number

/**
 * What to ask about a port, as a sum of 1 (TCP), 2 (UDP), 4 (IPv4), 8 (IPv6) and 16 (a port in TIME_WAIT
 * counts as busy). It names at least one protocol and one family.
 */
export type Question = number

/**
 * An IP literal, `localhost` for both loopbacks, or `''` for every address of the machine. A wildcard address
 * is passed as `''` with its family, and an IPv4-mapped literal as IPv4.
 */
export type Host = string

/**
 * A byte for each port. 0: the port is free. Otherwise the byte is the sum of a reason (1 TIME_WAIT, 2 denied,
 * 3 in use, 4 leased) and of the protocols and families that refuse (8 TCP, 16 UDP, 32 IPv4, 64 IPv6). A lease
 * refuses in every family that the question names.
 */
export type Verdicts = Uint8Array
