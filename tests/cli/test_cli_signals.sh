#!/bin/sh
# Signals that the caller wants ignored, a second Ctrl-C while a folder is being
# removed, and memory that is not dumped.
. "$(dirname "$0")/lib.sh"

rows 128 400 10 1 >"$work/train.csv"
rows 20 5 2 1 >"$work/small.csv"
mkdir "$work/tmp"
export TMPDIR="$work/tmp"

# As under nohup, for the program and the server that it starts.
checks=$((checks + 1))
env --ignore-signal=HUP "$blindfit" fit "$work/train.csv" -k 3 \
    --no-regression -o "$work/model.npy" >"$work/stdout" 2>"$work/stderr" &
pid=$!
for moment in 0.3 0.5 0.7; do
    sleep $moment
    kill -s HUP $pid $(pgrep -P $pid) 2>/dev/null
done
wait $pid || fail "SIGHUP that was to be ignored: $(cat "$work/stderr")"
[ -s "$work/model.npy" ] || fail "SIGHUP that was to be ignored: no model"

# Where one is ignored, another still stops it, and its server.
checks=$((checks + 1))
env --ignore-signal=HUP,TERM --default-signal=INT "$blindfit" fit \
    "$work/train.csv" -k 4 >/dev/null 2>&1 &
pid=$!
sleep 0.7
kill -s INT $pid
wait $pid
[ $? = 130 ] || fail "Ctrl-C beside an ignored SIGTERM"
[ -z "$(ls -A "$work/tmp")" ] || fail "left: $(ls -A "$work/tmp")"

if grep -q 'BLINDFIT_SANITIZE:BOOL=ON' "$build/CMakeCache.txt"; then
    finish # its runtime wants to be loaded first
fi
ok cc -shared -fPIC -o "$work/preload.so" tests/cli/preload.c -ldl

checks=$((checks + 1))
env LD_PRELOAD="$work/preload.so" INTERRUPT_REMOVAL=1 \
    "$blindfit" fit "$work/small.csv" >/dev/null 2>&1
[ $? = 130 ] || fail "two signals during the removal did not end it"
[ -z "$(find "$work/tmp" -type f)" ] ||
    fail "two signals during the removal left $(find "$work/tmp" -type f)"

ok "$blindfit" plan -n 20 -d 5 -c 2 -o "$work/job.json"
checks=$((checks + 1))
env LD_PRELOAD="$work/preload.so" TELL_DUMPABLE="$work/dumpable" \
    "$blindfit" keygen "$work/job.json" -o "$work/keys" >/dev/null 2>&1
grep -q '^dumpable 0$' "$work/dumpable" || fail "keygen's memory may be dumped"
finish
