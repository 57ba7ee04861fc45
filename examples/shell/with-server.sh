#!/usr/bin/env bash
# Starts a server, fetches from it once it listens on $PORT, and ends it.
# Usage: with-server.sh COMMAND [ARGUMENTS]
set -euo pipefail

"$@" &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" || true' EXIT

until (: <>"/dev/tcp/localhost/$PORT") 2>/dev/null; do
  kill -0 "$server" # fails, and ends this, when the server has ended
  sleep 0.1
done
node -e 'fetch(process.argv[1]).then((response) => response.text()).then(console.log)' \
  "http://localhost:$PORT/"
