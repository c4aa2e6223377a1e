#!/bin/sh
# blindfit remote with a gateway and a queue: from a login to an opened model;
# cuts and Ctrl-C in every phase; certificates, tokens and quotas that fail; what
# is opened once is never sent again.
. "$(dirname "$0")/lib.sh"

gateway=$build/blindfit-gateway
[ -x "$gateway" ] || { echo "skipped: built without libmicrohttpd"; exit 77; }
"$blindfit" remote login --help | grep -q -e --token ||
    { echo "skipped: built without libcurl"; exit 77; }

spool=$work/spool
mkdir "$spool" "$work/config"
export XDG_CONFIG_HOME="$work/config"
cd "$work" || exit 1
login=$work/config/blindfit/server.json

# ---- a server ----------------------------------------------------------------

pids=
trap 'kill -9 $pids 2>/dev/null; rm -rf "$work"' EXIT
# serve [OPTIONS]: a gateway, at the port of the one before; sets url and pid.
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
train_jobs() # starts a queue
{
    "$server" queue "$spool" 2>queue.log &
    queue=$!
    pids="$pids $queue"
}
requests() # PATTERN: how many lines of the gateway's log
{
    grep -c -E -e "$1" log
}
remote()
{
    "$blindfit" remote "$@"
}

"$gateway" token add "$spool" alice >token 2>/dev/null || fail "no token"

# ---- from a login to an opened model -----------------------------------------

rows 60 6 2 1 >rows.csv
serve
url=http://127.0.0.1:$port
train_jobs
ok remote login "$url/" --token token
holds "$(stat -c %a "$login") == 600"
ok remote fit rows.csv --rows 1:40 --test-rows 41:60 --job digits -o model.npy \
    --json
holds "$(number accuracy stdout) > 0.8 && $(number bytes_sent stdout) > 2e7"
holds "$(number server_peak_rss_bytes stdout) > 1e6"
ok "$blindfit" evaluate model.npy rows.csv
checks=$((checks + 1))
[ ! -e "$spool/alice/jobs/digits" ] || fail "the server keeps the job"
# The job is gone before the model is opened, and nothing comes after that.
opened=$(wc -l <log)
refuse 5 'model of this job has been opened' remote fit rows.csv --rows 1:40 \
    --job digits -o model.npy
refuse 5 'model of this job has been opened' remote push digits
refuse 5 'model of this job has been opened' remote pull digits
holds "$opened == $(wc -l <log)"

finish
