#!/usr/bin/env bash
# Runs servers on leased ports, and reports in TAP: https://testanything.org
set -euo pipefail
cd -- "$(dirname -- "$0")"

# A port as text, to look at or to write into a file. Nothing keeps it until a server listens.
echo "# your port for the docs is $(port4me docs)"

# With `run` no two commands get one port, however many start at once. The command finds it in PORT,
# and wherever an argument says {port}.
port4me run api -- ./with-server.sh node server.js
echo 'ok 1 - a server that reads PORT'

port4me run api -- ./with-server.sh node server.js {port}
echo 'ok 2 - a server that takes the port as an argument'

# The exit status is the command's.
status=0
port4me run -- sh -c 'exit 3' || status=$?
((status == 3))
echo 'ok 3 - the exit status of the command'
echo '1..3'
