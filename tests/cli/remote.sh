# Sourced, after lib.sh, by tests of blindfit remote: a gateway on $spool.
gateway=$build/blindfit-gateway
[ -x "$gateway" ] || { echo "skipped: built without libmicrohttpd"; exit 77; }
"$blindfit" remote login --help | grep -q -e --token ||
    { echo "skipped: built without libcurl"; exit 77; }
spool=$work/spool
mkdir "$spool"

pids=
trap 'kill -9 $pids 2>/dev/null; rm -rf "$work"' EXIT
# serve [OPTIONS]: a gateway, at the port of the one before; sets port and pid.
serve()
{
    : >log
    "$gateway" serve "$spool" --listen "127.0.0.1:${port:-0}" "$@" \
        >/dev/null 2>log &
    pid=$!
    pids="$pids $pid"
    until_true grep -q 'listening on' log || fail "no gateway: $(cat log)"
    port=$(sed -n 's/^listening on 127.0.0.1:\([0-9]*\).*/\1/p' log)
}
end() # PID [SIGNAL]
{
    kill "${2:--TERM}" "$1"
    wait "$1" 2>/dev/null
}
requests() # PATTERN: how many lines of the gateway's log
{
    grep -c -E -e "$1" log
}
