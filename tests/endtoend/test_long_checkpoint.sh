#!/bin/sh
# Foreign and incomplete checkpoints; too little memory or disk; a disk that
# fills up during the run.
. "$(dirname "$0")/../cli/lib.sh"

job() # FOLDER ROWS
{
    mkdir "$1"
    rows "$2" 9 3 1 >"$1/train.csv"
    ok "$blindfit" plan -n "$2" -d 9 -c 3 -o "$1/job.json"
    ok "$blindfit" keygen "$1/job.json" -o "$1/keys"
    encrypt "$1" upload
}
encrypt() # FOLDER NAME
{
    ok "$blindfit" encrypt "$1/job.json" "$1/train.csv" \
        --key "$1/keys/secret.key" -o "$1/$2.bf" --transform "$1/$2.transform"
}
train() # FOLDER UPLOAD OPTIONS...
{
    folder=$1 upload=$2
    shift 2
    # A script's background jobs ignore Ctrl-C from the start.
    env --default-signal=INT "$server" train "$folder/job.json" \
        --keys "$folder/keys/eval.keys" \
        --upload "$folder/$upload.bf" "$@"
}
a=$work/a b=$work/b
job "$a" 300
job "$b" 301
encrypt "$a" again
for folder in "$a" "$b"; do
    ok train "$folder" upload -o "$folder/model.enc" \
        --checkpoint "$folder/state.bf"
done
ok train "$a" again -o "$a/other.enc" --checkpoint "$a/again-state.bf"

# ---- two runs on one checkpoint ----------------------------------------------
# The first run is suspended, so that it holds the checkpoint.
"$server" train "$a/job.json" --keys "$a/keys/eval.keys" \
    --upload "$a/upload.bf" -o "$work/first.enc" \
    --checkpoint "$work/shared.bf" >/dev/null 2>&1 &
first=$!
while [ ! -e "$work/shared.bf.lock" ] && kill -s 0 $first 2>/dev/null; do
    sleep 0.01
done
kill -s STOP $first
refuse 2 'shared.bf: another run keeps its state in it' train "$a" upload \
    -o "$work/second.enc" --checkpoint "$work/shared.bf"
kill -s KILL $first
wait $first 2>/dev/null
remove_unfinished
rm -f "$work/shared.bf"
ok train "$a" upload -o "$work/second.enc" --checkpoint "$work/shared.bf"
absent "$work/shared.bf.lock"
rm "$work/second.enc" "$work/shared.bf"

# ---- refused -----------------------------------------------------------------
resume() # CHECKPOINT
{
    train "$a" upload -o "$work/out.enc" --checkpoint "$1" --resume
}
ok resume "$a/state.bf"
checks=$((checks + 1))
cmp -s "$work/out.enc" "$a/model.enc" || fail "a finished run resumed differs"
rm "$work/out.enc"
refuse 4 'b/state.bf.*of another' resume "$b/state.bf"
refuse 4 'again-state.bf.*of another upload' resume "$a/again-state.bf"
refuse 4 'holds: encrypted model; wanted: checkpoint' resume "$a/model.enc"
refuse 3 'missing.bf.*No such file' resume "$work/missing.bf"
# The same job file, other keys.
ok "$blindfit" keygen "$a/job.json" -o "$work/keys"
mv "$a/keys" "$work/first"
mv "$work/keys" "$a/keys"
encrypt "$a" rekeyed
refuse 4 'state.bf.*of another key' train "$a" rekeyed -o "$work/out.enc" \
    --checkpoint "$a/state.bf" --resume
rm -r "$a/keys"
mv "$work/first" "$a/keys"

bytes=$(stat -c %s "$a/state.bf")
for keep in 0 100 $((bytes / 2)) $((bytes - 1)); do
    head -c "$keep" "$a/state.bf" >"$work/cut.bf"
    refuse 4 'cut.bf' resume "$work/cut.bf"
done
for at in 3 50 170 300 $((bytes / 3)) $((bytes / 2)) $((bytes - 5)); do
    cp "$a/state.bf" "$work/changed.bf"
    old=$(od -An -tu1 -j "$at" -N 1 "$a/state.bf" | tr -d ' ')
    printf "\\$(printf %o $((old ^ 4)))" |
        dd of="$work/changed.bf" bs=1 seek="$at" conv=notrunc 2>/dev/null
    refuse 4 'changed.bf' resume "$work/changed.bf"
done
absent "$work/out.enc"

# ---- too little, known beforehand --------------------------------------------
refuse 7 'needs .* of memory.*allowed' train "$a" upload \
    -o "$work/out.enc" --max-memory 10M
# Powers of 1000, as sizes are printed; of 1024 where that is said.
for size in 150M=150 150MB=150 150Mi=157 150MiB=157; do
    refuse 7 "${size#*=} MB are allowed" train "$a" upload \
        -o "$work/out.enc" --max-memory "${size%=*}"
done
refuse 3 'nowhere' train "$a" upload -o "$work/nowhere/out.enc"
refuse 3 'nowhere' train "$a" upload -o "$work/out.enc" \
    --checkpoint "$work/nowhere/state.bf"
free=$(sed -n 's/^MemAvailable: *\([0-9]*\) kB/\1/p' /proc/meminfo)
if [ "$free" -lt 60000000 ] && "$blindfit" plan -n 20000000 -d 400 -c 2 \
    --iterations 1 --ring 16384 -o "$work/huge.json" >/dev/null 2>&1; then
    refuse 7 'needs .* of memory.*are free' "$server" train \
        "$work/huge.json" --keys "$a/keys/eval.keys" \
        --upload "$a/upload.bf" -o "$work/out.enc"
fi
absent "$work/out.enc"

# ---- a disk that fills up ----------------------------------------------------
disk=$work/disk
mkdir "$disk"
if ! mount -t tmpfs -o size=200k blindfit-test "$disk" 2>/dev/null; then
    echo "skipped: no permission to mount a small disk"
    finish
fi
trap 'umount "$disk"; rm -rf "$work"' EXIT
refuse 3 'disk/out.enc.*the disk has' train "$a" upload -o "$disk/out.enc"
mount -o remount,size=100m "$disk"

# Starts a run whose disk fills up after a checkpoint, until the run pauses. It
# is suspended while the disk fills; one that had no more to write is repeated.
pause()
{
    for attempt in 1 2 3 4 5; do
        rm -f "$disk"/*
        env --default-signal=INT "$server" train "$a/job.json" \
            --keys "$a/keys/eval.keys" --upload "$a/upload.bf" \
            -o "$disk/model.enc" --checkpoint "$disk/state.bf" \
            >"$work/stdout" 2>"$work/stderr" &
        pid=$!
        while [ ! -e "$disk/state.bf" ] && kill -s 0 $pid 2>/dev/null; do
            sleep 0.01
        done
        kill -s STOP $pid 2>/dev/null
        dd if=/dev/zero of="$disk/filler" bs=65536 2>/dev/null
        kill -s CONT $pid 2>/dev/null
        while kill -s 0 $pid 2>/dev/null; do
            grep -q 'No space left on device; paused' "$work/stderr" && return
            sleep 0.05
        done
        wait $pid || fail "ended with $? though it did not pause"
    done
    fail "no run paused on a full disk"
}
checks=$((checks + 1))
pause
rm -f "$disk/filler"
wait $pid || fail "a paused run ended with $?"
cmp -s "$disk/model.enc" "$a/model.enc" ||
    fail "a paused run gave another model file"
grep -q 'the run continues' "$work/stderr" || fail "not said: the run continues"

# Full, and it stays so: Ctrl-C ends the wait, the last checkpoint is whole.
checks=$((checks + 1))
pause
kill -s INT $pid
wait $pid
[ $? = 130 ] || fail "Ctrl-C did not end the wait"
rm -f "$disk/filler"
ok train "$a" upload -o "$disk/model.enc" --checkpoint "$disk/state.bf" --resume
cmp -s "$disk/model.enc" "$a/model.enc" || fail "resumed after a full disk"
finish
