#!/bin/sh
# example.sh PROGRAM EXPECTED: PROGRAM ends well and prints what EXPECTED holds.
out=$("$1") || { echo "FAILED: $1 ended with $?"; exit 1; }
echo "$out" | diff "$2" - || { echo "FAILED: $1 prints (>) not $2 (<)"; exit 1; }
