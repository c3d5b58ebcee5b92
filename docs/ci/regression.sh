#!/usr/bin/env bash
# Shows that the gate is worth something: the good server passes, the one with a regression fails with 5, and `compare` says what became worse.
# PHX_BIN: folder of phx-server and phx-load.
set -euo pipefail
bin=$(cd "${PHX_BIN:?the folder of phx-server and phx-load}" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export PHX_LOAD=$bin/phx-load

expect() {  # expect CODE COMMAND...
  local code=0
  "${@:2}" || code=$?
  [ "$code" -eq "$1" ] || { echo "regression.sh: expected exit $1, got $code: ${*:2}" >&2; exit 1; }
}
expect 0 ./gate.sh "$work/good" "$bin/phx-server" --port 0 --log-level error
expect 5 ./gate.sh "$work/slow" "$bin/phx-server" mock slow.yaml --port 0
expect 5 "$bin/phx-load" compare "$work/good/echo.json" "$work/slow/echo.json" --fail-if-worse
expect 5 "$bin/phx-load" compare "$work/good/broadcast.json" "$work/slow/broadcast.json" --fail-if-worse
echo "regression.sh: the gate saw the regression"
