#!/bin/sh
# On a terminal, progress shows the time left, and output does not continue a
# progress line: each line is overwritten by the next or cleared.
. "$(dirname "$0")/lib.sh"

if ! script -qec true /dev/null </dev/null >/dev/null 2>&1; then
    echo "skipped: no pseudo-terminal to show progress on"
    exit 77
fi
rows 128 400 10 1 >"$work/long.csv"
script -qec "$blindfit fit $work/long.csv -k 4 --threads 1 \
    --no-regression" /dev/null >"$work/terminal" </dev/null
checks=3
tr '\r' '\n' <"$work/terminal" |
    grep -q -E '^.*[a-z]+ [0-9]+ %, [0-9.]+ (s|min).* left' ||
    fail "a run of seconds shows no time left"
tr '\r' '\n' <"$work/terminal" | grep 'Recipe' |
    grep -q '%' && fail "progress and result share a line"
tr '\r' '\n' <"$work/terminal" | grep -q 'Accuracy' ||
    fail "no result on a terminal"
finish
