/// <reference lib="esnext.disposable" preserve="true" />

/**
 * A set of ports: text of ports and inclusive ranges, separated by commas or white space
 * (`'2000-2123,4321'`), one port, or an iterable of ports. Port 0 is ignored. As an option, text may
 * hold `{chrome}` and `{firefox}`, the ports that these browsers block.
 */
export type PortSpec = string | number | Iterable<number>

/** Which ports are candidates, and in what order. An option beats its variable. */
export interface CandidateOptions {
  /**
   * The name of the user whose port it is. Give one where another account runs the program, or to share a
   * port.
   *
   * @default `PORT4ME_USER`, else `LOGNAME`, `USER`, `LNAME` or `USERNAME`, else the name of the account, else
   * `uid` and the number of a user id that has no account
   */
  user?: string | undefined
  /**
   * What the port is for. Each tool has its own sequence of ports.
   *
   * @default `PORT4ME_TOOL`, else no tool
   */
  tool?: string | undefined
  /**
   * Ports to try first, in this order. They are tried even when `include` and `exclude` leave them out. The
   * ports of `PORT4ME_PREPEND_SITE` are always added.
   *
   * @default `PORT4ME_PREPEND`, else none
   */
  prepend?: PortSpec | undefined
  /**
   * Ports to choose among. Ports below 1024 are allowed. The ports of `PORT4ME_INCLUDE_SITE` are always added. A
   * set without a port means the default.
   *
   * @default `PORT4ME_INCLUDE`, else 1024 to 65535
   */
  include?: PortSpec | undefined
  /**
   * Ports never to choose. Those of `PORT4ME_EXCLUDE_SITE` and `PORT4ME_EXCLUDE_UNSAFE` are always added; the
   * latter is the ports that Chrome and Firefox block, unless it is set.
   *
   * @default `PORT4ME_EXCLUDE`, else none
   */
  exclude?: PortSpec | undefined
  /**
   * How many of the first candidates to drop, prepended ones included: 0 or more.
   *
   * @default `PORT4ME_SKIP`, else 0
   */
  skip?: number | undefined
  /**
   * Take only every count-th candidate, so that parallel workers never get the same port. No lock is needed
   * for that. `'auto'` reads the number that the test runner gives its worker: `VITEST_POOL_ID`, `JEST_WORKER_ID`,
   * `TEST_PARALLEL_INDEX` (Playwright) or `MOCHA_WORKER_ID`. The count is then twice the machine's parallelism, and
   * at least 64. Without such a variable, `'auto'` takes all candidates.
   *
   * @default all candidates
   */
  worker?: WorkerShare | 'auto' | undefined
  /**
   * Whether to print on stderr what was read and tried.
   *
   * @default `PORT4ME_DEBUG`, else false
   */
  debug?: boolean | undefined
}

/**
 * What {@link port4me} takes. An option beats its variable: `PORT4ME_PROTOCOL` (`'tcp'` when it is not set),
 * `PORT4ME_FAMILY`, `PORT4ME_HOST` and `PORT4ME_TIME_WAIT` for those of {@link ProbeOptions}.
 */
export interface Port4meOptions extends CandidateOptions, ProbeOptions {
  /**
   * How many candidates to probe before giving up: 1 or more.
   *
   * @default `PORT4ME_MAX_TRIES`, else 65535
   */
  maxTries?: number | undefined
  /**
   * Whether to throw when no port is free. When it is false, the answer is -1 instead.
   *
   * @default `PORT4ME_MUST_WORK`, else true
   */
  mustWork?: boolean | undefined
}

/** What {@link leasePort} takes: as {@link port4me}, without `mustWork`, since a lease needs a port. */
export interface LeaseOptions extends Omit<Port4meOptions, 'mustWork'> {
  /**
   * Whether nobody can bind the port while it is leased, on Linux too: no child process, and no program that
   * looks for a free port by listening on it, as get-port and portfinder do. The port goes to a server by
   * `listen()`, or to whoever is quickest once the lease is released. A port in TIME_WAIT is passed over.
   *
   * @default false: on Linux, servers can bind the port by its number
   */
  exclusive?: boolean | undefined
}

/** How a server is to listen on a leased port. */
export interface ListenOptions {
  /**
   * Where to listen, as in the server's own listen(): a name or an address.
   *
   * @default what the lease was asked for: every address, unless its options name a host or a family
   */
  host?: string | undefined
  /**
   * How many connections may wait to be accepted: 1 or more.
   *
   * @default 511, as in Node.js
   */
  backlog?: number | undefined
  /**
   * An AbortSignal that closes the server when it is aborted.
   *
   * @default none
   */
  signal?: ListenSignal | undefined
}

/** What an AbortSignal has. (No type of a library: not every user has those of Node.js or the DOM.) */
interface ListenSignal {
  readonly aborted: boolean
  throwIfAborted(): void
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/** A server, or what makes one: of node:net, http, https or http2, or whatever has their listen(). */
export interface Listenable {
  listen(...args: never[]): unknown
}

/** A port that stays yours. */
export interface PortLease {
  /** From 1 to 65535. */
  readonly port: number

  /**
   * Whether the lease is over: it was released, a server got the port or failed to, or the thread that
   * held the port for the TypeScript engine has ended.
   */
  readonly released: boolean

  /**
   * Lets a server listen on the port, with nothing that could come between: it gets the very socket
   * that held the port, which listens already. (Without the addon, on Windows and OpenBSD, in a cluster
   * worker, for another host or for `localhost` a new socket is bound: on Linux while the lease still
   * holds the port, elsewhere at once after. Where a program that looks for free ports listens just
   * then, it is tried again for 0.3 seconds. Bun's servers always bind by themselves.) The lease
   * ends with that; a UDP port that was leased too is let go.
   *
   * @param server what is to listen
   * @returns what listen() of the server returns, the server itself as a rule, when it listens
   * @throws {Port4meError} rejects, and the lease is over. `ERR_LEASE_RELEASED`: it was over before, or
   *   the server was closed before it listened. `ERR_SYSTEM`: the server cannot listen; with `errno`
   *   `'EADDRINUSE'` another program listens on the port. `ERR_INVALID_ARG_VALUE`: listen() of the
   *   server did not do as it was told. Otherwise the signal's reason, or whatever listen() of the
   *   server throws. Nothing that this made listen goes on; a server that listened before does
   *
   * @example
   * const lease = leasePort('api')
   * const server = http.createServer()
   * await lease.listen(server)
   * server.close()
   */
  listen<Server extends Listenable>(
    server: Server,
    options?: ListenOptions,
  ): Promise<Awaited<ReturnType<Server['listen']>>>

  /** Lets the port go. A second time does nothing, nor once a server has it. */
  release(): void

  /** As release(), for `using lease = leasePort()`. */
  [Symbol.dispose](): void
}

/**
 * What to ask of a port. Functions that pick a port also read the variables `PORT4ME_PROTOCOL`, `PORT4ME_FAMILY`,
 * `PORT4ME_HOST` and `PORT4ME_TIME_WAIT`; an option beats its variable.
 */
export interface ProbeOptions {
  /**
   * Which protocols must be able to bind the port.
   *
   * @default `'tcp'` (`PORT4ME_PROTOCOL`) for functions that pick or lease your own port, `'both'` for the others
   */
  protocol?: 'tcp' | 'udp' | 'both' | undefined
  /**
   * Which address families must be able to bind the port.
   *
   * @default `'both'` (`PORT4ME_FAMILY`), wherever the machine has both
   */
  family?: 'ipv4' | 'ipv6' | 'both' | undefined
  /**
   * Which address must be able to bind the port: an IP literal, with an IPv6 zone or without, or `'localhost'`
   * for both loopbacks. `'::'` is every address, or every IPv6 one with `family: 'ipv6'`. `'0.0.0.0'` is every IPv4
   * address. An IPv4-mapped address is its IPv4 address.
   *
   * @default every address of the machine (`PORT4ME_HOST`)
   */
  host?: string | undefined
  /**
   * Whether a TCP port counts as free that only connections in TIME_WAIT hold. A server that just stopped
   * leaves such connections for about a minute. `'busy'` needs the addon. On Windows such a port can always be
   * bound.
   *
   * @default `'free'` (`PORT4ME_TIME_WAIT`), since servers set SO_REUSEADDR and can bind such a port
   */
  timeWait?: 'free' | 'busy' | undefined
}

/** Which of several workers this is. */
export interface WorkerShare {
  /** From 0 to count - 1. */
  index: number
  /** How many share the candidates, 1 or more. */
  count: number
}

/** What {@link probe} says of a port. */
export interface PortStatus {
  readonly port: number
  readonly free: boolean
  /**
   * Why it is not free: somebody leases it, this process or another; another socket has it; the
   * system keeps it, for the privileged or for itself; or, with `timeWait: 'busy'`, connections in
   * TIME_WAIT hold it. That it is leased can be told on Linux; elsewhere it is in use.
   */
  readonly reason?: 'leased' | 'in-use' | 'denied' | 'time-wait'
  /** Which protocol refuses, of those asked. */
  readonly protocol?: 'tcp' | 'udp' | 'both'
  /** Which address family refuses, of those asked. */
  readonly family?: 'ipv4' | 'ipv6' | 'both'
}
