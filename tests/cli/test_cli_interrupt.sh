#!/bin/sh
# Ctrl-C and similar signals at many moments: exit code 130, no files left, no
# process left running.
. "$(dirname "$0")/lib.sh"

rows 128 400 10 1 >"$work/train.csv"
mkdir "$work/tmp"
export TMPDIR="$work/tmp"

# A script's background jobs ignore Ctrl-C from the start.
hearing="env --default-signal=INT,TERM,HUP"

# Programs whose command line names this test's folder.
left()
{
    pgrep -f "^$build.*$work"
}

gone() # no process left
{
    [ -z "$(left)" ]
}

interrupt() # SIGNAL SECONDS
{
    checks=$((checks + 1))
    $hearing "$blindfit" fit "$work/train.csv" -k 2 -o "$work/tmp/model.npy" \
        --threads 2 >"$work/stdout" 2>"$work/stderr" &
    pid=$!
    until_true is_program $pid
    sleep "$2"
    kill -s "$1" $pid 2>/dev/null
    wait $pid
    code=$?
    # The run was faster, or was already comparing its model: then the model is
    # complete.
    if [ -e "$work/tmp/model.npy" ]; then
        "$blindfit" evaluate "$work/tmp/model.npy" "$work/train.csv" \
            >/dev/null 2>"$work/stderr" ||
            fail "$1 after $2 s left half a model: $(cat "$work/stderr")"
        rm -f "$work"/tmp/model.npy "$work"/tmp/model.npy.json
    elif [ $code = 0 ]; then
        fail "$1 after $2 s: done without a model"
    fi
    if [ $code != 0 ] && [ $code != 130 ]; then
        fail "$1 after $2 s: exit $code, $(cat "$work/stderr")"
    fi
    [ -z "$(ls -A "$work/tmp")" ] ||
        fail "$1 after $2 s left $(ls -A "$work/tmp")"
    until_true gone || fail "$1 after $2 s: processes $(left) still run"
    rm -rf "$work/tmp/"* "$work/tmp/".b*
}
# Under sanitizers everything takes several times as long: fewer moments there.
moments="0.02 0.1 0.3 0.6 1.0 1.5 2.1"
! sanitized || moments="0.1 0.4 0.9 1.6"
for moment in $moments; do
    interrupt INT $moment
done
interrupt TERM 0.8
interrupt HUP 1.4

# The single commands: stopped after so many seconds, or while a file is being
# written, each ends with 130 and leaves nothing, or was faster and leaves all.
steps=$work/steps
mkdir "$steps" "$steps/out"
rows 128 400 2 1 >"$steps/train.csv"
ok "$blindfit" plan -n 128 -d 400 -c 2 -k 2 -o "$steps/job.json"
ok "$blindfit" keygen "$steps/job.json" -o "$steps"
ok "$blindfit" encrypt "$steps/job.json" "$steps/train.csv" \
    --key "$steps/secret.key" -o "$steps/upload.bf"
ok "$server" train "$steps/job.json" --keys "$steps/eval.keys" \
    --upload "$steps/upload.bf" -o "$steps/model.enc"
is_writing()
{
    for unfinished in "$steps/out"/.blindfit-*.tmp; do
        [ -e "$unfinished" ] && return
    done
    return 1
}
stop() # MOMENT COMMAND...
{
    checks=$((checks + 1))
    moment=$1
    shift
    $hearing "$@" >"$work/stdout" 2>"$work/stderr" &
    pid=$!
    until_true is_program $pid
    if [ "$moment" = writing ]; then
        # Files are written within milliseconds.
        until is_writing || ! kill -0 $pid 2>/dev/null; do
            sleep 0.002
        done
    else
        sleep "$moment"
    fi
    kill -s INT $pid 2>/dev/null
    wait $pid
    code=$?
    case $code in
    130)
        stopped=$((stopped + 1))
        [ -z "$(ls -A "$steps/out")" ] ||
            fail "$2, stopped at $moment, left $(ls -A "$steps/out")"
        ;;
    0)
        [ "$(ls "$steps/out" | wc -l)" = "$made" ] ||
            fail "$2 made $(ls -A "$steps/out")"
        ;;
    *) fail "$2, stopped at $moment: exit $code, $(cat "$work/stderr")" ;;
    esac
    rm -rf "$steps/out"
    mkdir "$steps/out"
}
stop_often() # FILES-IT-MAKES COMMAND...
{
    stopped=0 made=$1
    shift
    moments="0 0.005 0.01 0.03 0.06 0.1 0.2 0.4 0.8 writing writing"
    ! sanitized || moments="0 0.03 0.1 0.4 writing"
    for moment in $moments; do
        stop $moment "$@"
    done
    # If the command is too fast for these moments, or the machine too slow.
    for moment in $(seq 0.01 0.01 0.4); do
        [ $stopped -lt 2 ] || break
        stop $moment "$@"
    done
    checks=$((checks + 1))
    [ $stopped -ge 2 ] || fail "$2 was stopped $stopped times"
}
stop_often 2 "$blindfit" extract data/digits-test-images.idx.gz --first 500 \
    --batch 50 --labels data/digits-test-labels.idx.gz \
    -o "$steps/out/x.npy" --labels-out "$steps/out/y.npy"
stop_often 2 "$blindfit" keygen "$steps/job.json" -o "$steps/out"
stop_often 2 "$blindfit" encrypt "$steps/job.json" "$steps/train.csv" \
    --key "$steps/secret.key" -o "$steps/out/upload.bf" \
    --transform "$steps/out/transform.bf"
stop_often 2 "$blindfit" decrypt "$steps/job.json" "$steps/model.enc" \
    --key "$steps/secret.key" --transform "$steps/transform.bf" \
    -o "$steps/out/model.npy"

holds_secret()
{
    [ -n "$(find "$work/tmp" -name secret.key)" ]
}

# A second Ctrl-C does not wait; at most the folder is left.
checks=$((checks + 1))
$hearing "$blindfit" fit "$work/train.csv" -k 2 --threads 1 \
    >/dev/null 2>&1 &
pid=$!
until_true holds_secret || fail "fit makes no key"
kill -s INT $pid
kill -s INT $pid
wait $pid
[ $? = 130 ] || fail "a second Ctrl-C did not end it"
until_true gone || fail "a second Ctrl-C left $(left) running"
! holds_secret || fail "a secret was left"
finish
