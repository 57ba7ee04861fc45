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
  /** Say on stderr what was read and tried. Default: `PORT4ME_DEBUG`, then false. */
  debug?: boolean | undefined
}

/** What {@link port4me} takes. An option beats its variable. */
export interface Port4meOptions extends CandidateOptions {
  /** How many candidates to probe before giving up, 1 or more. Default: `PORT4ME_MAX_TRIES`, then 65535. */
  maxTries?: number | undefined
  /** Whether to throw when no port is free; if not, the answer is -1. Default: `PORT4ME_MUST_WORK`, then true. */
  mustWork?: boolean | undefined
}
