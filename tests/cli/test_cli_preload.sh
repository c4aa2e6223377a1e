#!/bin/sh
# Faults that a shell cannot cause, by a library that is loaded into the
# programs: a disk that fails between two files of a set, a second Ctrl-C while a
# folder is being removed; and memory that is not dumped. The runtime of
# sanitizers wants to be loaded first, so that this test is for other builds.
. "$(dirname "$0")/lib.sh"
if sanitized; then
    echo "skipped: a sanitized build loads no other library first"
    exit 77
fi
ok cc -shared -fPIC -o "$work/preload.so" tests/cli/preload.c -ldl
loaded() # VARIABLE=VALUE COMMAND...
{
    env LD_PRELOAD="$work/preload.so" "$@"
}
rows 20 5 2 1 >"$work/small.csv"
job=$work/job.json
ok "$blindfit" plan -n 20 -d 5 -c 2 -o "$job"

# ---- memory ------------------------------------------------------------------
ok "$blindfit" keygen "$job" -o "$work/keys"
dumps() # WANTED COMMAND...: 0 if its memory is not to be dumped, 1 if it may be
{
    wanted=$1
    shift
    checks=$((checks + 1))
    rm -f "$work/dumpable"
    loaded TELL_DUMPABLE="$work/dumpable" "$blindfit" "$@" none \
        >/dev/null 2>&1
    grep -q "^dumpable $wanted\$" "$work/dumpable" ||
        fail "$1: $(cat "$work/dumpable"), not $wanted"
}
for command in fit keygen encrypt decrypt extract "party id" "party step"; do
    dumps 0 $command
done
dumps 1 evaluate

# ---- files that belong together ----------------------------------------------
broken() # COMMAND...: the second flush to disk fails
{
    loaded FAIL_FSYNC=2 "$@"
}
pair=$work/pair
mkdir "$pair"
{
    printf '\0\0\010\003\0\0\0\003\0\0\0\010\0\0\0\010'
    head -c 192 "$job"
} >"$work/x.idx"
printf '\0\0\010\001\0\0\0\003\0\001\002' >"$work/y.idx"
refuse 3 'cannot flush to disk' broken "$blindfit" extract "$work/x.idx" \
    --labels "$work/y.idx" -o "$pair/x.npy" --labels-out "$pair/y.npy"
refuse 3 'cannot flush to disk' broken "$blindfit" encrypt "$job" \
    "$work/small.csv" --key "$work/keys/secret.key" -o "$pair/upload.bf" \
    --transform "$pair/transform.bf"
refuse 3 'cannot flush to disk' broken "$blindfit" keygen "$job" -o "$pair"
[ -z "$(ls -A "$pair")" ] || fail "some of a set: $(ls -A "$pair")"
refuse 3 'cannot flush to disk' broken "$blindfit" keygen "$job" -o "$pair/new"
absent "$pair/new"

# ... and vanish together: names of labels that stay are not removed.
names='{"class_names": ["a", "b", "c"]}'
echo "$names" >"$work/y.npy.json"
extract() # PREFIX...: of the command
{
    "$@" "$blindfit" extract "$work/x.idx" --labels "$work/y.idx" \
        -o "$work/x.npy" --labels-out "$work/y.npy"
}
refuse 3 'cannot flush to disk' extract broken
[ "$(cat "$work/y.npy.json")" = "$names" ] || fail "names went with a failure"
ok extract env
absent "$work/y.npy.json"

# ---- a second Ctrl-C ---------------------------------------------------------
mkdir "$work/tmp"
checks=$((checks + 1))
loaded INTERRUPT_REMOVAL=1 TMPDIR="$work/tmp" "$blindfit" fit \
    "$work/small.csv" >/dev/null 2>&1
[ $? = 130 ] || fail "two signals during the removal did not end it"
[ -z "$(find "$work/tmp" -type f)" ] ||
    fail "two signals during the removal left $(find "$work/tmp" -type f)"
finish
