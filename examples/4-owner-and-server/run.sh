#!/bin/sh
# run.sh OWNER SERVER: both programs in a folder of their own, one after another.
set -eu
owner=$1
server=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir -m 700 private
mkdir public

# Three kinds of rows: the label, then four features.
awk 'BEGIN {
    for (i = 0; i < 96; i++) {
        printf "%d", i % 3
        for (j = 0; j < 4; j++)
            printf ",%.3f", 1 + (j == i % 3) + (i * 7 + j * 5 + i * j) % 11 / 11
        print ""
    }
}' >rows.csv

"$owner" send rows.csv
"$server"
"$owner" receive rows.csv
