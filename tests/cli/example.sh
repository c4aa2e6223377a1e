#!/bin/sh
# example.sh EXPECTED PROGRAM [ARGUMENT...]: the program ends well and prints what
# EXPECTED holds.
expected=$1
shift
out=$("$@") || { echo "FAILED: $* ended with $?"; exit 1; }
echo "$out" | diff "$expected" - ||
    { echo "FAILED: $* prints (>) not $expected (<)"; exit 1; }
