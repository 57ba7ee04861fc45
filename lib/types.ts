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
   * Whose port it is. Default: `PORT4ME_USER`, then `LOGNAME`, `USER`, `LNAME`, `USERNAME`, then the
   * name of the operating system's account.
   */
  user?: string | undefined
  /** What the port is for; each tool has its own sequence. Default: `PORT4ME_TOOL`, then none. */
  tool?: string | undefined
  /**
   * Ports to try first, in this order, whatever `include` and `exclude` say. Default:
   * `PORT4ME_PREPEND`. `PORT4ME_PREPEND_SITE` always adds to it.
   */
  prepend?: PortSpec | undefined
  /**
   * Ports to choose among; those below 1024 are allowed. Default: `PORT4ME_INCLUDE`, then 1024-65535.
   * `PORT4ME_INCLUDE_SITE` always adds to it.
   */
  include?: PortSpec | undefined
  /**
   * Ports never to choose. Default: `PORT4ME_EXCLUDE`. `PORT4ME_EXCLUDE_SITE` and
   * `PORT4ME_EXCLUDE_UNSAFE`, by default the ports that Chrome and Firefox block, always add to it.
   */
  exclude?: PortSpec | undefined
  /** How many of the first candidates to drop, prepended ones included. Default: `PORT4ME_SKIP`, then 0. */
  skip?: number | undefined
  /**
   * Take every count-th candidate only, so that parallel workers cannot get the same port, without
   * any lock. `'auto'` reads the test runner's variables: `VITEST_POOL_ID`, `JEST_WORKER_ID`,
   * `TEST_PARALLEL_INDEX` (Playwright), `MOCHA_WORKER_ID`; the count is then twice the machine's
   * parallelism, at least 64. Without such a variable it is 0 of 1. Default: all candidates.
   */
  worker?: WorkerShare | 'auto' | undefined
  /** Say on stderr what was read and tried. Default: `PORT4ME_DEBUG`, then false. */
  debug?: boolean | undefined
}

/**
 * What {@link port4me} takes. An option beats its variable: `PORT4ME_PROTOCOL` (default `'tcp'`),
 * `PORT4ME_FAMILY`, `PORT4ME_HOST` and `PORT4ME_TIME_WAIT` for those of {@link ProbeOptions}.
 */
export interface Port4meOptions extends CandidateOptions, ProbeOptions {
  /** How many candidates to probe before giving up, 1 or more. Default: `PORT4ME_MAX_TRIES`, then 65535. */
  maxTries?: number | undefined
  /** Whether to throw when no port is free; if not, the answer is -1. Default: `PORT4ME_MUST_WORK`, then true. */
  mustWork?: boolean | undefined
}

/** What {@link leasePort} takes: as {@link port4me}, but there is no lease of no port. */
export interface LeaseOptions extends Omit<Port4meOptions, 'mustWork'> {
  /**
   * Whether nobody can bind the port while it is leased, on Linux too: no child process, and no program
   * that looks for a free port by listening on it, as get-port and portfinder do. The port goes to a
   * server by `listen()`, or to whoever is quickest once the lease is released. A port that connections
   * in TIME_WAIT hold is passed over. Default: false, which on Linux lets servers bind the port.
   */
  exclusive?: boolean | undefined
}

/** How a server is to listen on a leased port. */
export interface ListenOptions {
  /**
   * Where to listen, as in the server's own listen(): a name or an address. Default: what the lease
   * is of, which is every address unless its options say otherwise.
   */
  host?: string | undefined
  /** How many connections may wait to be accepted. Default: 511, Node.js's own. */
  backlog?: number | undefined
  /** An AbortSignal: closes the server when it is aborted. */
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
   * const server = http.createServer(app)
   * await lease.listen(server)
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

/** What to ask of a port. */
export interface ProbeOptions {
  /** Which protocols must be able to bind it. Each function says its default. */
  protocol?: 'tcp' | 'udp' | 'both' | undefined
  /** Which address families. Default: `'both'`, wherever the machine has both. */
  family?: 'ipv4' | 'ipv6' | 'both' | undefined
  /**
   * An IP literal, with an IPv6 zone or without, or `'localhost'` for both loopbacks. `'::'` is every
   * address, or every IPv6 one with `family: 'ipv6'`; `'0.0.0.0'` is every IPv4 one, and an IPv4-mapped
   * address its IPv4 one. Default: every address of the machine.
   */
  host?: string | undefined
  /**
   * What a TCP port is that only connections in TIME_WAIT hold, as a server leaves them that just
   * stopped. Default: `'free'`, since servers set SO_REUSEADDR and can bind it. `'busy'` needs the
   * addon, on another system than Windows: elsewhere such a port binds.
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
