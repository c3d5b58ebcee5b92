#!/usr/bin/env bash
# gate.sh OUT SERVER...: starts SERVER, which prints {"listening":{"host","port"}} when it is ready, puts load on it and exits as phx-load does:
# 0 all gates passed, 5 one failed (docs/load.md has the others). Results go to the folder OUT.
# PHX_LOAD: the program (default: phx-load of the PATH). PHX_LOAD_FLAGS: further flags, such as --max-lag 1 on a slow runner.
set -euo pipefail
out=$1
shift
load=${PHX_LOAD:-phx-load}
mkdir -p "$out"

coproc SERVER { exec "$@"; }
server=$SERVER_PID
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true' EXIT
IFS= read -r -t 30 ready <&"${SERVER[0]}" || { echo "gate.sh: '$1' did not come up within 30 s" >&2; exit 1; }
port=$(sed -E 's/.*"port": ?([0-9]+).*/\1/' <<<"$ready")
url=ws://127.0.0.1:$port/socket

judge() {  # judge NAME PLAN FLAG...: one run; its exit code is the worst so far unless that one is worse
  local name=$1 code=0
  "$load" run "$2" --url "$url" --target-pid "$server" ${PHX_LOAD_FLAGS:-} --quiet "${@:3}" \
    --out "$out/$name.json" --html "$out/$name.html" --junit "$out/$name.xml" --markdown "$out/$name.md" >/dev/null || code=$?
  echo "gate.sh: $name exits $code"
  [ "$code" -le "$worst" ] || worst=$code
}
worst=0
judge echo echo --users 40 --ramp 0.5 --duration 1.5 --gate 'reply.p99 < 1s' --gate 'errors.total == 0'
judge broadcast broadcast --users 40 --rate 20 --ramp 0.5 --duration 1.5 --gate 'delivery.lost == 0' --gate 'delivery.duplicate == 0'
exit "$worst"
