# shellcheck shell=bash
# What every script here shares. Sourced, never run.
set -euo pipefail

# The checkout, whatever directory the script was called from.
ROOT=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
SCRIPTS=$ROOT/.scripts
export ROOT SCRIPTS

# Debian's own tools first: a pyenv or a cargo in front of them must not change what the stack runs on.
export PGBIN=/usr/lib/postgresql/15/bin
export PYTHON=/usr/bin/python3

say() { printf '%s\n' "$*"; }
note() { printf '  %s\n' "$*"; }
warn() { printf '%s\n' "$*" >&2; }
# die MESSAGE [EXIT]: one clear sentence, then leave.
die() {
  warn "${0##*/}: $1"
  exit "${2:-1}"
}

# random N: N characters that need no quoting anywhere (shell, URL, libpq, Redis ACL).
random() {
  local text
  text=$(head -c $(($1 * 8)) /dev/urandom | LC_ALL=C tr -dc 'A-Za-z0-9')
  printf '%s' "${text:0:$1}"
}

# A free TCP port on the loopback, from the dynamic range above what the kernel gives to clients by itself.
free_port() {
  "$PYTHON" - <<'PY'
import random, socket
for _ in range(200):
    port = random.randint(61000, 65400)
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            continue
    print(port)
    break
else:
    raise SystemExit("no free port between 61000 and 65400")
PY
}

# birth PID: when that process began (clock ticks since boot); nothing, and false, if it is gone or a zombie.
birth() {
  local line rest
  { line=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
  rest=${line##*) }
  # The fields after the name: state is the 1st, the start time the 20th.
  # shellcheck disable=SC2086
  set -- $rest
  [ "$1" != Z ] && printf '%s' "${20}"
}

# alive PID BIRTH: whether it is still the very process that was recorded.
alive() { [ "$(birth "$1" 2>/dev/null || true)" = "$2" ]; }

# end_process PID BIRTH SIGNAL SECONDS: ask it to end, wait, then kill it. Does nothing to a process of another birth.
end_process() {
  local pid=$1 born=$2 signal=$3 tenths=$(($4 * 10))
  alive "$pid" "$born" || return 0
  kill -s CONT "$pid" 2>/dev/null || true
  kill -s "$signal" "$pid" 2>/dev/null || true
  while [ $tenths -gt 0 ]; do
    alive "$pid" "$born" || return 0
    sleep 0.1
    tenths=$((tenths - 1))
  done
  warn "process $pid did not end within $4 s of SIG$signal: killed"
  kill -s KILL "$pid" 2>/dev/null || true
  tenths=50
  while alive "$pid" "$born" && [ $tenths -gt 0 ]; do
    sleep 0.1
    tenths=$((tenths - 1))
  done
}

# private_folder NAME: a new short folder that the server's user can pass through and nobody else can list.
private_folder() {
  local folder
  folder=$(mktemp -d "/tmp/$1-XXXXXX")
  chmod 0711 "$folder"
  printf '%s' "$folder"
}

# remove_folder FOLDER: with all that is in it. What was killed may still have a child that writes there for a moment (a
# server that initdb had started for itself), so that rm finds a folder filled again: it has five seconds to end.
remove_folder() {
  local tenths=50
  until rm -rf -- "$1" 2>/dev/null; do
    if [ $tenths -le 0 ]; then
      rm -rf -- "$1"
      return
    fi
    sleep 0.1
    tenths=$((tenths - 1))
  done
}

# The words to put before a command that PostgreSQL's user must run: none for an ordinary user.
# shellcheck disable=SC2034
SERVER_USER=()
if [ "$(id -u)" = 0 ]; then
  # shellcheck disable=SC2034
  SERVER_USER=(setpriv --reuid=postgres --regid=postgres --init-groups -- env HOME=/ USER=postgres LOGNAME=postgres)
fi

# launch FOLDER COMMAND...: start it in a session of its own, its output in FOLDER/log, its identity in FOLDER/pid. The
# identity is written by the process itself before it becomes COMMAND, so that none can run unrecorded.
launch() {
  local folder=$1
  shift
  rm -f "$folder/pid"
  setsid --fork bash "$SCRIPTS/recorded" "$folder" "$@" </dev/null >>"$folder/log" 2>&1 7>&- 8>&- 9>&-
  local tenths=100
  until [ -s "$folder/pid" ]; do
    [ $tenths -gt 0 ] || die "$1 did not start: see $folder/log"
    sleep 0.05
    tenths=$((tenths - 1))
  done
}

# running FOLDER: whether what was launched there still runs.
running() {
  local pid born
  { read -r pid born <"$1/pid"; } 2>/dev/null && alive "$pid" "$born"
}

# halt FOLDER [SIGNAL [SECONDS]]: end what was launched there.
halt() {
  local pid born
  { read -r pid born <"$1/pid"; } 2>/dev/null || return 0
  end_process "$pid" "$born" "${2:-TERM}" "${3:-15}"
  rm -f "$1/pid"
}

# await FOLDER SECONDS WHAT COMMAND...: until COMMAND succeeds; gives up when the process ends or time is over, with the
# last lines of its log.
await() {
  local folder=$1 tenths=$(($2 * 20)) what=$3
  shift 3
  until "$@" >/dev/null 2>&1; do
    if ! running "$folder" || [ $tenths -le 0 ]; then
      warn "$what did not come up. The end of its log:"
      tail -n 20 "$folder/log" | sed 's/^/  | /' >&2
      return 1
    fi
    sleep 0.05
    tenths=$((tenths - 1))
  done
}
