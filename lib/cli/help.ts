export const HELP = `port4me: the same personal, free TCP port, every day

Usage:
  port4me [TOOL] [flags]
  port4me run [TOOL] [flags] -- COMMAND [ARGUMENTS]
  port4me help [run]

Prints the first free port of a sequence that depends on the user and the tool
alone. With run it leases the port while the command runs: port4me run --help

Which ports:
  --user=NAME       whose port (default: $PORT4ME_USER, $LOGNAME, $USER, $LNAME,
                    $USERNAME, the account)
  --tool=NAME       what the port is for; also the first word without a flag,
                    unless that is run or help
  --prepend=PORTS   ports to try first
  --include=PORTS   ports to choose among (default: 1024-65535)
  --exclude=PORTS   ports never to choose
  --skip=N          drop the first N candidates (default: 0)
  --worker=I/N      every N-th candidate only, for worker I of N, from 0; auto:
                    as the test runner's variables say

What 'free' means:
  --protocol=P      tcp, udp or both (default: tcp; with --why: both)
  --family=F        ipv4, ipv6 or both (default: both)
  --host=ADDRESS    an IP address, or localhost for both loopbacks (default:
                    every address of the machine)
  --time-wait=T     free or busy: a port that only connections in TIME_WAIT hold
                    (default: free)

What to print:
  --list=N          the first N candidates, free or not
  --test=PORT       nothing; exit 0 if the port is free, 1 if not
  --why=PORT        whether the port is free, and if not, why and who has it;
                    exit status as with --test
  --json            JSON
  --debug           what was read and tried, on stderr
  --completion=bash a completion script for the shell
  --help, -h
  --version, -V, -v
                    with --json --version also says which engine answers, from
                    which file, or why the addon does not

PORTS are ports and ranges, separated by commas or spaces: 2000-2123,4321
0 is no port; --include=0 and --include= are the default. Of a flag given twice
the last one counts.
{chrome} and {firefox} stand for the ports that these browsers block.

Variables, each beaten by its flag:
  PORT4ME_USER, PORT4ME_TOOL, PORT4ME_PREPEND, PORT4ME_INCLUDE, PORT4ME_EXCLUDE,
  PORT4ME_SKIP, PORT4ME_PROTOCOL, PORT4ME_FAMILY, PORT4ME_HOST,
  PORT4ME_TIME_WAIT, PORT4ME_LIST, PORT4ME_TEST, PORT4ME_DEBUG
and, without a flag:
  PORT4ME_PREPEND_SITE, PORT4ME_INCLUDE_SITE, PORT4ME_EXCLUDE_SITE
                    always added to the set
  PORT4ME_EXCLUDE_UNSAFE
                    always excluded (default: {chrome},{firefox}; 0: none)
  PORT4ME_EXCLUDE_UNSAFE_CHROME, PORT4ME_EXCLUDE_UNSAFE_FIREFOX
                    what {chrome} and {firefox} stand for
  PORT4ME_MAX_TRIES candidates to probe before giving up (default: 65535)
  PORT4ME_MUST_WORK false: print -1 when no port is free
  PORT4ME_ENGINE    auto, native or fallback (default: auto)
  _PORT4ME_CHECK_AVAILABLE_PORTS_
                    any: every port counts as free, for tests

Exit status: 0; 1 no free port, port not free, or a failure; 2 wrong usage

Examples:
  port4me
  port4me jupyter-lab
  port4me --include=8000-8999 --exclude=8080 api
  server --port "$(port4me)"
  port4me --test=8080 && echo free
  port4me --why=8080
  port4me run api -- node server.js --port {port}
`

export const RUN_HELP = `port4me run: run a command with a port that nobody else gets

Usage:
  port4me run [TOOL] [flags] -- COMMAND [ARGUMENTS]

Leases the first free port of port4me's choice while the command runs: no other
lease and no port of the system's choice is it. (On Linux; elsewhere the port is
let go just before the command starts.) The command finds it in its variable
PORT; each {port} in its arguments is replaced by it. There is no shell in
between.

  --env=NAME        the variable, instead of PORT
  --user, --tool, --prepend, --include, --exclude, --skip, --worker, --protocol,
  --family, --host, --time-wait, --debug
                    as without run: port4me --help
  --exclusive       while the port is leased, keep out servers and probers that
                    listen on it. The command could not bind it either, so the
                    port is let go just before the command starts, on Linux too
  --help, -h

SIGINT, SIGTERM, SIGHUP and SIGQUIT are passed on to the command, unless it has
got them itself: a terminal sends Ctrl-C to the command as well. A UDP server
needs SO_REUSEADDR to bind the port.

Exit status: the command's, 128 + n when signal n ended it; 127 it was not
found; 126 it cannot be run; 1 no free port, or a failure; 2 wrong usage

Examples:
  port4me run -- npm start
  port4me run docs -- python3 -m http.server {port}
  port4me run --env=VITE_PORT web -- sh -c 'vite --port "$VITE_PORT"'
`
