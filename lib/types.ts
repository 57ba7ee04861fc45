/**
 * A set of ports: text of ports and inclusive ranges, separated by commas or white space
 * (`'2000-2123,4321'`), one port, or an iterable of ports. Port 0 is ignored.
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

/** What to ask of a port. */
export interface ProbeOptions {
  /** Which protocols must be able to bind it. Each function says its default. */
  protocol?: 'tcp' | 'udp' | 'both' | undefined
  /** Which address families. Default: `'both'`, wherever the machine has both. */
  family?: 'ipv4' | 'ipv6' | 'both' | undefined
  /**
   * An IP literal, with an IPv6 zone or without, or `'localhost'` for both loopbacks. `'::'` is every
   * address of the families asked, `'0.0.0.0'` every IPv4 one, and an IPv4-mapped address its IPv4
   * one. Default: every address of the machine.
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
   * Why it is not free: another socket has it; the system keeps it, for the privileged or for
   * itself; or, with `timeWait: 'busy'`, connections in TIME_WAIT hold it.
   */
  readonly reason?: 'in-use' | 'denied' | 'time-wait'
  /** Which protocol refuses, of those asked. */
  readonly protocol?: 'tcp' | 'udp' | 'both'
  /** Which address family refuses, of those asked. */
  readonly family?: 'ipv4' | 'ipv6' | 'both'
}
