#!/bin/sh
# On a terminal, progress shows the time left, and output does not continue a
# progress line: each line is overwritten by the next or cleared.
. "$(dirname "$0")/lib.sh"

if ! script -qec true /dev/null </dev/null >/dev/null 2>&1; then
    echo "skipped: no pseudo-terminal to show progress on"
    exit 77
fi
left() # the time left was shown
{
    tr '\r' '\n' <"$work/terminal" |
        grep -q -E '^.*[a-z]+ [0-9]+ %, [0-9.]+ (s|min).* left'
}
: >"$work/terminal"
rows 60 3 2 1 >"$work/long.csv"
script -qec "$blindfit fit $work/long.csv -k 2 --refresh yes --threads 1 \
    --no-regression --work $work" /dev/null >"$work/terminal" </dev/null &
fit=$!
# Progress appears two seconds into a phase: the server is stopped for as long,
# until that happens before the end of a phase.
while ! left && kill -s 0 $fit 2>/dev/null; do
    if trainer=$(pgrep -f "^$server train .*$work/"); then
        kill -s STOP $trainer
        sleep 2.1
        kill -s CONT $trainer
    fi
    sleep 0.1
done
wait $fit || fail "fit on a terminal ended with $?"
checks=4
left || fail "a run of seconds shows no time left"
tr '\r' '\n' <"$work/terminal" | grep 'Recipe' |
    grep -q '%' && fail "progress and result share a line"
tr '\r' '\n' <"$work/terminal" | grep -q 'Accuracy' ||
    fail "no result on a terminal"
finish
