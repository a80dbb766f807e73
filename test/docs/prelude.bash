# What bash reads before a document's commands when a test runs them: they run as they are written, but for those that
# would install packages, run this test again or use a fixed port. A command that fails ends them, and its line is told.
set -Eeuo pipefail
unset BASH_ENV
trap failed ERR
trap end_server EXIT

# Free ones, chosen by the first server; in its reader's place they are the default ones.
export TURNWIRE_PORT=0 TURNWIRE_HTTP_PORT=0 TURNWIRE_INSPECT_PORT=0
# Its sh -c would stay between npm and the server, and keep npm's signal for itself. In a new home it would look for a
# newer npm each time.
export npm_config_script_shell=$BASH npm_config_update_notifier=false
npm=$(type -P npm)
log=$HOME/server.log
server=

failed() {
  echo "$0:${BASH_LINENO[-2]}: this command failed" >&2
}

npm() {
  case "$*" in
    ci | ci\ * | i\ * | install | install\ *) ;; # node_modules is there
    test | test\ * | run\ check) ;;              # runs this
    start | start\ *) serve "$npm" "$@" ;;
    *) "$npm" "$@" ;;
  esac
}

curl() {
  [[ $server ]] || npm start
  local arguments=("${@//24203/$TURNWIRE_HTTP_PORT}")
  command curl --silent --show-error --fail-with-body --max-time 20 "${arguments[@]//24205/$TURNWIRE_PORT}"
}

# Returns when the server is ready. One that is there already is ended: its reader would do so, or use another terminal.
serve() {
  end_server
  : >"$log"
  exec {output}> >(cat >>"$log")
  logger=$!
  "$@" >&"$output" 2>&1 &
  server=$!
  exec {output}>&-
  until ready=$(grep '^turnwire ready ' "$log"); do
    kill -0 "$server" 2>/dev/null || { end_server && cat "$log" >&2 && return 1; }
    sleep 0.1
  done
  echo "$ready"
  [[ $ready =~ :([0-9]+)\ .*:([0-9]+)$ ]]
  export TURNWIRE_PORT=${BASH_REMATCH[1]} TURNWIRE_HTTP_PORT=${BASH_REMATCH[2]}
}

# Returns when the server has gone, and not only the npm that started it: then its log is at its end.
end_server() {
  [[ $server ]] || return 0
  kill "$server" 2>/dev/null || true
  wait "$logger"
  server=
}
