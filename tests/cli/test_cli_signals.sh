#!/bin/sh
# Signals that the caller wants ignored, and what killed runs leave.
. "$(dirname "$0")/lib.sh"

rows 128 400 10 1 >"$work/train.csv"
rows 20 5 2 1 >"$work/small.csv"
mkdir "$work/tmp"
export TMPDIR="$work/tmp"

made() # COUNT NAME: so many folders of runs hold such a file
{
    [ "$(find "$work/tmp" -name "$2" | wc -l)" -ge "$1" ]
}

# The job of a run whose server takes a second. The server's report is made as
# the server starts.
job="$work/train.csv -k 2 --threads 1 --no-regression"

# As under nohup, for the program and the server that it starts.
checks=$((checks + 1))
env --ignore-signal=HUP "$blindfit" fit $job -o "$work/model.npy" \
    >"$work/stdout" 2>"$work/stderr" &
pid=$!
until_true is_program $pid
sleep 0.3
kill -s HUP $pid
until_true made 1 server.json || fail "no server"
for moment in 0.1 0.2 0.3; do
    sleep $moment
    kill -s HUP $pid $(pgrep -P $pid) 2>/dev/null
done
wait $pid || fail "SIGHUP that was to be ignored: $(cat "$work/stderr")"
[ -s "$work/model.npy" ] || fail "SIGHUP that was to be ignored: no model"

# If one signal is ignored, another still stops the program and its server.
checks=$((checks + 1))
env --ignore-signal=HUP,TERM --default-signal=INT "$blindfit" fit $job \
    >/dev/null 2>&1 &
pid=$!
until_true made 1 server.json || fail "no server"
served=$(pgrep -P $pid)
kill -s INT $pid
wait $pid
[ $? = 130 ] || fail "Ctrl-C beside an ignored SIGTERM"
kill -s 0 $served 2>/dev/null && fail "the server still runs"
[ -z "$(ls -A "$work/tmp")" ] || fail "left: $(ls -A "$work/tmp")"

# The next run removes the files of a killed run, secret key included; folders
# of running runs, and other folders with such names, stay. The running run is
# suspended, so that it does not end before.
mkdir "$work/tmp/blindfit-fit-mine00"
echo mine >"$work/tmp/blindfit-fit-mine00/secret.key"
"$blindfit" fit $job >/dev/null 2>&1 &
live=$!
until_true made 1 server.json || fail "no server"
served=$(pgrep -P $live)
kill -s STOP $live $served
kept=$(dirname "$work/tmp"/*/job.json)
"$blindfit" fit $job >/dev/null 2>&1 &
killed=$!
until_true made 3 secret.key || fail "no secret key"
kill -s KILL $killed
wait $killed 2>/dev/null
ok "$blindfit" fit "$work/small.csv" -k 1
checks=$((checks + 1))
grep -q 'removed .*/blindfit-fit-.* killed left behind' "$work/stderr" ||
    fail "the folder of a killed run is not told: $(cat "$work/stderr")"
[ "$(ls "$work/tmp" | wc -l)" = 2 ] && [ -d "$kept" ] &&
    [ -s "$work/tmp/blindfit-fit-mine00/secret.key" ] ||
    fail "beside a run that lives: $(ls "$work/tmp")"
kill -s CONT $served $live
kill -s INT $live
kill -s TERM $live
wait $live
rm -r "$work/tmp/blindfit-fit-mine00"
[ -z "$(ls -A "$work/tmp")" ] || fail "left: $(ls -A "$work/tmp")"
finish
