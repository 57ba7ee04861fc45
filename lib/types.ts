/// <reference lib="esnext.disposable" preserve="true" />

/**
 * A set of ports: one port, an iterable of ports, or a text of ports and inclusive ranges, separated by commas
 * or white space (`'2000-2123,4321'`). Port 0 is ignored. The text of an option may contain `{chrome}` and
 * `{firefox}`, which stand for the ports that these browsers block, and `{ephemeral}`, which stands for the ports that
 * the system gives to programs that ask for any port.
 */
export type PortSpec = string | number | Iterable<number>

/** Which ports are candidates, and in what order. An option takes precedence over its variable. */
export interface CandidateOptions {
  /**
   * The name of the user whose port it is. Set it when another account runs the program, or to share a port.
   *
   * @default `PORT4ME_USER`, else `LOGNAME`, `USER`, `LNAME` or `USERNAME`, else the name of the account, else
   * `uid` followed by the user id, for a user id that has no account
   */
  user?: string | undefined
  /**
   * What the port is for. Each tool has its own sequence of ports.
   *
   * @default `PORT4ME_TOOL`, else no tool
   */
  tool?: string | undefined
  /**
   * The project that the port is for. Each project has its own ports, so two worktrees of one repository do not get
   * the same port. `true`: the project around the working directory, which is the nearest folder up that has `.git`,
   * else the nearest that has `package.json`, else the working directory. A text with a slash, `.`, `..` or `~` is a
   * folder, and any other text is a name. The ports are those of the tool `TOOL@NAME`. The name of a folder is its path,
   * with `~` for the home folder.
   *
   * @default `PORT4ME_PROJECT`, else no project
   */
  project?: boolean | string | undefined
  /**
   * Ports to try first, in this order. They are tried even when `include` and `exclude` leave them out. The
   * ports of `PORT4ME_PREPEND_SITE` are always added.
   *
   * @default `PORT4ME_PREPEND`, else none
   */
  prepend?: PortSpec | undefined
  /**
   * The ports to choose from. Ports below 1024 are allowed. The ports of `PORT4ME_INCLUDE_SITE` are always added.
   * A set without any port means the default.
   *
   * @default `PORT4ME_INCLUDE`, else 1024 to 65535
   */
  include?: PortSpec | undefined
  /**
   * Ports that are never chosen. The ports of `PORT4ME_EXCLUDE_SITE` and `PORT4ME_EXCLUDE_UNSAFE` are always
   * added. If the latter is not set, it stands for the ports that Chrome and Firefox block.
   *
   * @default `PORT4ME_EXCLUDE`, else none
   */
  exclude?: PortSpec | undefined
  /**
   * How many of the first candidates to drop, including prepended ones: 0 or more.
   *
   * @default `PORT4ME_SKIP`, else 0
   */
  skip?: number | undefined
  /**
   * Take only every count-th candidate, so that parallel workers never get the same port. No lock is needed.
   * `'auto'` reads the number that the test runner gives its worker: `VITEST_POOL_ID`, `JEST_WORKER_ID`,
   * `TEST_PARALLEL_INDEX` (Playwright) or `MOCHA_WORKER_ID`. The count is then twice the machine's parallelism,
   * but at least 64. If none of these variables is set, `'auto'` takes all candidates.
   *
   * @default all candidates
   */
  worker?: WorkerShare | 'auto' | undefined
  /**
   * Whether to print on stderr which settings were read and which ports were tried.
   *
   * @default `PORT4ME_DEBUG`, else false
   */
  debug?: boolean | undefined
}

/**
 * The options of {@link port4me}. An option takes precedence over its variable. The options of
 * {@link ProbeOptions} have the variables `PORT4ME_PROTOCOL` (`'tcp'` when it is not set), `PORT4ME_FAMILY`,
 * `PORT4ME_HOST` and `PORT4ME_TIME_WAIT`.
 */
export interface Port4meOptions extends CandidateOptions, ProbeOptions {
  /**
   * How many candidates to probe before giving up: 1 or more.
   *
   * @default `PORT4ME_MAX_TRIES`, else 65535
   */
  maxTries?: number | undefined
  /**
   * Whether to throw an error when no port is free. If it is false, the function returns -1 instead.
   *
   * @default `PORT4ME_MUST_WORK`, else true
   */
  mustWork?: boolean | undefined
}

/** The options of {@link leasePort}: those of {@link port4me} without `mustWork`, because a lease needs a port. */
export interface LeaseOptions extends Omit<Port4meOptions, 'mustWork'> {
  /**
   * Whether nobody can bind the port while it is leased, on Linux too. This keeps out child processes, and
   * programs such as get-port and portfinder that look for a free port by listening on it. A server of this
   * process gets the port by `lease.listen()`. A child process can bind it only after the lease is released, and
   * any other process may then bind it first. With the addon, an exclusive lease never takes a port in TIME_WAIT.
   *
   * @default false: on Linux, servers can bind the port by its number
   */
  exclusive?: boolean | undefined
}

/** How a server should listen on a leased port. */
export interface ListenOptions {
  /**
   * The name or address to listen on, as in the server's own listen().
   *
   * @default the addresses of the lease: every address, unless its options name a host or a family
   */
  host?: string | undefined
  /**
   * How many connections can wait to be accepted: 1 or more.
   *
   * @default 511, as in Node.js
   */
  backlog?: number | undefined
  /**
   * An AbortSignal. When it is aborted, the server is closed.
   *
   * @default none
   */
  signal?: Signal | undefined
}

/** The part of an AbortSignal that is used. (Not every user has the types of Node.js or the DOM.) */
interface Signal {
  readonly aborted: boolean
  throwIfAborted(): void
  addEventListener(type: 'abort', listener: () => void): void
  removeEventListener(type: 'abort', listener: () => void): void
}

/** What {@link waitForPort} waits for, and how long. */
export interface WaitOptions {
  /**
   * Where to connect: a host name or an IP address. For a name with several addresses, one of them is enough. With
   * `free` it must be an IP address of this machine or `'localhost'`, as in {@link ProbeOptions}.
   *
   * @default `'localhost'`: both loopbacks; with `free`, every address of the machine
   */
  host?: string | undefined
  /**
   * Whether to wait until a TCP server can listen on the port, instead of until one does. For example to start a server
   * again after another process has stopped.
   *
   * @default false
   */
  free?: boolean | undefined
  /**
   * After how many milliseconds to give up: from 1 to 2147483647.
   *
   * @default none: it waits without end
   */
  timeout?: number | undefined
  /**
   * An AbortSignal. When it is aborted, the promise rejects with its reason.
   *
   * @default none
   */
  signal?: Signal | undefined
}

/**
 * A server of node:net, http, https or http2, or any object with the same listen(), such as an Express app.
 */
export interface Listenable {
  /** Starts the server, as listen() of `net.Server` does. */
  listen(...args: never[]): unknown
}

/**
 * What listen() of a server returns if its only argument is an options object. If it returns a promise, the value
 * of the promise. If listen() has several signatures, only those that accept such an object alone count. (For
 * example, the other signatures of Fastify take a callback and return nothing.)
 */
export type ListenResult<Server extends Listenable> = Awaited<
  [ForOptions<Signatures<Server['listen']>>] extends [never]
    ? ReturnType<Server['listen']>
    : ForOptions<Signatures<Server['listen']>>
>

type ForOptions<Signature> = Signature extends [infer Parameters, infer Result]
  ? [{ port: number; host: string }] extends Parameters
    ? Result
    : never
  : never

/** The parameters and the result of each signature of a function, up to the nine that net.Server has for listen(). */
type Signatures<Listen> = Listen extends {
  (...args: infer A1): infer R1
  (...args: infer A2): infer R2
  (...args: infer A3): infer R3
  (...args: infer A4): infer R4
  (...args: infer A5): infer R5
  (...args: infer A6): infer R6
  (...args: infer A7): infer R7
  (...args: infer A8): infer R8
  (...args: infer A9): infer R9
}
  ? [A1, R1] | [A2, R2] | [A3, R3] | [A4, R4] | [A5, R5] | [A6, R6] | [A7, R7] | [A8, R8] | [A9, R9]
  : never

/** A port that stays yours. */
export interface PortLease {
  /** From 1 to 65535. */
  readonly port: number

  /**
   * Whether the lease is over: it was released, listen() has ended (with or without success), or the thread
   * that held the port for the TypeScript engine has ended.
   */
  readonly released: boolean

  /**
   * Lets a server listen on the port. No other process can take the port in between, because the server gets
   * the socket that held the port, which listens already. Then the lease ends. A UDP port that was leased too
   * is released.
   *
   * In some cases a new socket is bound instead: in Bun, for a lease of `localhost`, and if `host` is given. With
   * the addon this is also so on Windows and OpenBSD, and in a cluster worker. With the TypeScript engine it is
   * also so before Node.js 24.20 and 26.7, and outside Linux for a lease of both families. On Linux the new socket
   * is bound while the lease still holds the port, elsewhere immediately after the lease has released it. If a
   * program that looks for free ports listens on the port at that moment, the bind is tried again for 0.3 seconds.
   *
   * @param server the server that should listen
   * @returns a promise of what listen() of the server returns, which is usually the server itself. It resolves
   *   when the server listens
   * @throws {Port4meError} rejects, and the lease is over. `ERR_LEASE_RELEASED`: the lease was over before, or
   *   the server was closed before it listened. `ERR_SYSTEM`: the server cannot listen; if `errno` is
   *   `'EADDRINUSE'`, another program listens on the port. `ERR_INVALID_ARG_VALUE`: listen() of the server
   *   ignored the port that it was given. Otherwise it rejects with the signal's reason, or with what listen() of
   *   the server throws. A server that began to listen because of this call is closed. A server that listened
   *   before continues to listen
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
  ): Promise<ListenResult<Server>>

  /** Releases the port. Does nothing if the lease is over, or if a server has the port. */
  release(): void

  /** The same as release(), for `using lease = leasePort()`. */
  [Symbol.dispose](): void
}

/**
 * What to ask about a port. Functions that pick a port also read the variables `PORT4ME_PROTOCOL`,
 * `PORT4ME_FAMILY`, `PORT4ME_HOST` and `PORT4ME_TIME_WAIT`. An option takes precedence over its variable.
 */
export interface ProbeOptions {
  /**
   * The protocols for which the port must be free.
   *
   * @default `'tcp'` (`PORT4ME_PROTOCOL`) for functions that pick or lease your own port, `'both'` for the others
   */
  protocol?: 'tcp' | 'udp' | 'both' | undefined
  /**
   * The address families in which the port must be free.
   *
   * @default `'both'` (`PORT4ME_FAMILY`), if the machine has both
   */
  family?: 'ipv4' | 'ipv6' | 'both' | undefined
  /**
   * The address on which the port must be free: an IP literal, with or without an IPv6 zone, or `'localhost'`
   * for both loopbacks. `'::'` means every address, and with `family: 'ipv6'` every IPv6 address. `'0.0.0.0'`
   * means every IPv4 address. An IPv4-mapped address means its IPv4 address.
   *
   * @default every address of the machine (`PORT4ME_HOST`)
   */
  host?: string | undefined
  /**
   * Whether a TCP port counts as free when only connections in TIME_WAIT hold it. A server that has just stopped
   * leaves such connections for about a minute. `'busy'` needs the addon. On Windows such a port can always be
   * bound.
   *
   * @default `'free'` (`PORT4ME_TIME_WAIT`), because servers set SO_REUSEADDR and can bind such a port
   */
  timeWait?: 'free' | 'busy' | undefined
}

/** Which of several workers this is. */
export interface WorkerShare {
  /** From 0 to count - 1. */
  index: number
  /** How many workers share the candidates: 1 or more. */
  count: number
}

/** The answer of {@link probe} about one port. */
export interface PortStatus {
  readonly port: number
  readonly free: boolean
  /**
   * Why the port is not free. `'leased'`: a process leases it, perhaps this one; only Linux can tell this, and
   * elsewhere a leased port is `'in-use'`. `'in-use'`: another socket has it. `'denied'`: the system allows it
   * only to privileged processes, or reserves it. `'time-wait'`: connections in TIME_WAIT hold it; only with
   * `timeWait: 'busy'`.
   */
  readonly reason?: 'leased' | 'in-use' | 'denied' | 'time-wait'
  /** Which of the protocols that were asked about refuses. */
  readonly protocol?: 'tcp' | 'udp' | 'both'
  /** Which of the address families that were asked about refuses. */
  readonly family?: 'ipv4' | 'ipv6' | 'both'
}

/** Which sockets {@link whoHas} and {@link listHolders} look for. */
export interface HolderOptions {
  /**
   * The protocols of the sockets.
   *
   * @default 'both'
   */
  protocol?: 'tcp' | 'udp' | 'both' | undefined
  /**
   * The address families of the sockets. A socket of both families belongs to each of them.
   *
   * @default 'both'
   */
  family?: 'ipv4' | 'ipv6' | 'both' | undefined
  /**
   * The states of the sockets. Connected sockets and those in TIME_WAIT rarely keep a server from its port.
   *
   * @default ['listening', 'bound']
   */
  states?: Iterable<HolderState> | undefined
}

/** The options of {@link listHolders}. */
export interface ListHoldersOptions extends HolderOptions {
  /**
   * The ports to look at.
   *
   * @default all ports
   */
  ports?: PortSpec | undefined
}

/**
 * The state of a socket. `'listening'`: a TCP server. `'bound'`: a socket that has the port, but does not listen or is
 * not connected; each UDP server is one. `'connected'`: one end of a connection, also while it opens or closes.
 * `'time-wait'`: a closed connection; the system itself keeps it for about a minute.
 */
export type HolderState = 'listening' | 'bound' | 'connected' | 'time-wait'

/**
 * A socket that has a port, and a process that has the socket. If several processes have it, there is a PortHolder
 * for each. A field is absent if the system does not tell it. If `pid` is absent, no process has the socket (the
 * system itself has it), or the process cannot be seen: it belongs to another user, or to another container.
 */
export interface PortHolder {
  readonly port: number
  readonly protocol: 'tcp' | 'udp'
  /** `'both'`: an IPv6 socket that takes IPv4 too. */
  readonly family?: 'ipv4' | 'ipv6' | 'both'
  /** The local address: `'127.0.0.1'`; `'0.0.0.0'` or `'::'` for all addresses of the machine. */
  readonly address?: string
  readonly state: HolderState
  readonly pid?: number
  /** The name of the program, without its folder. */
  readonly name?: string
  /** The whole command line. It may contain control characters. */
  readonly command?: string
  /** The name of the user: of the process, or if the process is not known, of the socket. */
  readonly user?: string
  /** The number of the same user (not on Windows). */
  readonly uid?: number
  /** The working directory of the process. */
  readonly cwd?: string
  readonly startedAt?: Date
  /** The ancestors of the process: its parent first. */
  readonly parents?: readonly ProcessName[]
  /** The container of the process, by its id or name, if its control group tells it (Linux). */
  readonly container?: string
  /**
   * The project of the process: the nearest folder from its working directory up that has `.git`, else the nearest
   * that has `package.json`. The home folder is written as `~`.
   */
  readonly project?: string
  /** Whether the process leases the port with this package (Linux). */
  readonly lease?: boolean
}

/** A process. */
export interface ProcessName {
  readonly pid: number
  readonly name?: string
}

/** The options of functions about services. */
export interface ServiceOptions
  extends Omit<CandidateOptions, 'tool' | 'skip' | 'worker' | 'project'>,
    ProbeOptions {
  /**
   * The project that the service belongs to, as in {@link CandidateOptions}.
   *
   * @default `PORT4ME_PROJECT`, else true: the project around the working directory
   */
  project?: true | string | undefined
}

/** A service, as {@link listServices} returns it. */
export interface ServiceStatus {
  readonly name: string
  /** Where it runs, or where it would start. */
  readonly port: number
  /** `http://localhost:PORT`, unless the service is for UDP only. */
  readonly url?: string
  /** The variable for its port. */
  readonly env: string
  /** Whether a process of this project, or a lease of the service, has the port. */
  readonly running: boolean
  /** Who has the port, if it runs. */
  readonly holder?: PortHolder
}
