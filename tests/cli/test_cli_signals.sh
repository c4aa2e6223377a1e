#!/bin/sh
# Signals that the caller wants ignored, and what killed runs leave.
. "$(dirname "$0")/lib.sh"

rows 128 400 10 1 >"$work/train.csv"
rows 20 5 2 1 >"$work/small.csv"
mkdir "$work/tmp"
export TMPDIR="$work/tmp"

# As under nohup, for the program and the server that it starts.
checks=$((checks + 1))
env --ignore-signal=HUP "$blindfit" fit "$work/train.csv" -k 2 \
    --no-regression -o "$work/model.npy" >"$work/stdout" 2>"$work/stderr" &
pid=$!
until_true is_program $pid
for moment in 0.3 0.5 0.7; do
    sleep $moment
    kill -s HUP $pid $(pgrep -P $pid) 2>/dev/null
done
wait $pid || fail "SIGHUP that was to be ignored: $(cat "$work/stderr")"
[ -s "$work/model.npy" ] || fail "SIGHUP that was to be ignored: no model"

# If one signal is ignored, another still stops the program and its server.
checks=$((checks + 1))
env --ignore-signal=HUP,TERM --default-signal=INT "$blindfit" fit \
    "$work/train.csv" -k 4 >/dev/null 2>&1 &
pid=$!
until_true is_program $pid
sleep 0.7
kill -s INT $pid
wait $pid
[ $? = 130 ] || fail "Ctrl-C beside an ignored SIGTERM"
[ -z "$(ls -A "$work/tmp")" ] || fail "left: $(ls -A "$work/tmp")"

# The next run removes the files of a killed run, secret key included; folders
# of running runs, and other folders with such names, stay.
mkdir "$work/tmp/blindfit-fit-mine00"
echo mine >"$work/tmp/blindfit-fit-mine00/secret.key"
"$blindfit" fit "$work/train.csv" -k 4 >/dev/null 2>&1 &
live=$!
while ! ls "$work/tmp"/*/job.json >/dev/null 2>&1; do sleep 0.05; done
kept=$(dirname "$work/tmp"/*/job.json)
"$blindfit" fit "$work/train.csv" -k 4 >/dev/null 2>&1 &
killed=$!
while [ "$(ls "$work/tmp"/*/secret.key 2>/dev/null | wc -l)" -lt 3 ]; do
    sleep 0.05
done
kill -s KILL $killed
wait $killed 2>/dev/null
ok "$blindfit" fit "$work/small.csv"
checks=$((checks + 1))
grep -q 'removed .*/blindfit-fit-.* killed left behind' "$work/stderr" ||
    fail "the folder of a killed run is not told: $(cat "$work/stderr")"
[ "$(ls "$work/tmp" | wc -l)" = 2 ] && [ -d "$kept" ] &&
    [ -s "$work/tmp/blindfit-fit-mine00/secret.key" ] ||
    fail "beside a run that lives: $(ls "$work/tmp")"
kill -s INT $live
kill -s TERM $live
wait $live
rm -r "$work/tmp/blindfit-fit-mine00"
[ -z "$(ls -A "$work/tmp")" ] || fail "left: $(ls -A "$work/tmp")"
finish
