#!/bin/sh
# Pipes and '-' as files: files that are read once work, all others are refused
# before a program waits for the other side of a pipe.
. "$(dirname "$0")/lib.sh"

cd_to=$work/here
mkdir "$cd_to"
rows 40 9 3 1 >"$work/train.csv"
dir=$work/job job=$work/job/job.json
mkdir "$dir"
ok "$blindfit" plan -n 40 -d 9 -c 3 -k 1 -o "$job"
ok "$blindfit" keygen "$job" -o "$dir"
ok "$blindfit" encrypt "$job" "$work/train.csv" --key "$dir/secret.key" \
    -o "$dir/upload.bf"
ok "$server" train "$job" --keys "$dir/eval.keys" --upload "$dir/upload.bf" \
    -o "$dir/model.enc"
ok "$blindfit" decrypt "$job" "$dir/model.enc" --key "$dir/secret.key" \
    --transform "$dir/transform.bf" -o "$dir/m.npy"

# ---- '-' ---------------------------------------------------------------------
build=$(cd "$build" && pwd) blindfit=$build/blindfit server=$build/blindfit-server
dash='^blindfit(-server)?: -: standard input and output have no place'
here=$PWD
cd "$cd_to" || exit 1
refuse 2 "$dash" "$blindfit" evaluate - "$work/train.csv"
refuse 2 "$dash" "$blindfit" fit -
refuse 2 "$dash" "$blindfit" fit "$work/train.csv" -o -
refuse 2 "$dash" "$blindfit" predict "$dir/m.npy" "$work/train.csv" -o -
refuse 2 "$dash" "$blindfit" plan -n 40 -d 9 -c 3 -o -
refuse 2 "$dash" "$server" train "$job" --keys - --upload "$dir/upload.bf" -o x
[ -z "$(ls -A)" ] || fail "written: $(ls -A)"
cd "$here" || exit 1

# ---- refused, and none of them waits -----------------------------------------
pipe='cannot be a pipe'
mkfifo "$work/p.npy" "$work/p.bf" "$work/p.csv"
limited() # COMMAND...
{
    timeout 20 "$@"
}
refuse 8 "p.npy: $pipe" limited "$blindfit" predict "$work/p.npy" \
    "$work/train.csv"
refuse 8 "p.npy: $pipe" limited "$blindfit" fit "$work/train.csv" \
    --labels "$work/p.npy"
refuse 8 "p.bf: $pipe" limited "$blindfit" extract \
    data/digits-test-images.idx.gz --labels "$work/p.bf" -o "$work/x.npy"
refuse 8 "p.npy: $pipe" limited "$blindfit" extract "$work/p.npy" -o "$work/x.npy"
refuse 8 "p.bf: $pipe" limited "$blindfit" inspect "$work/p.bf"
refuse 8 "p.bf: $pipe" limited "$blindfit" decrypt "$job" "$work/p.bf" \
    --key "$dir/secret.key" --transform "$dir/transform.bf" -o "$work/o.npy"
refuse 8 "p.bf: $pipe" limited "$blindfit" encrypt "$job" "$work/train.csv" \
    --key "$dir/secret.key" --transform "$work/t.bf" -o "$work/p.bf"
refuse 8 "p.bf: $pipe" limited "$server" train "$job" \
    --keys "$dir/eval.keys" --upload "$dir/upload.bf" -o "$work/p.bf"
refuse 8 "p.bf: $pipe" limited "$server" train "$job" \
    --keys "$dir/eval.keys" --upload "$dir/upload.bf" -o "$work/o.enc" \
    --checkpoint "$work/p.bf"
absent "$work/o.npy" "$work/o.enc" "$work/t.bf"
# Files beside others.
cp "$dir/m.npy" "$dir/transform.bf" tests/golden/labels-v1/y.npy "$work/here"
cd "$work/here" || exit 1
mkfifo m.npy.json y.npy.json transform.bf.json
for command in evaluate predict; do
    refuse 8 "m.npy.json: $pipe" limited "$blindfit" $command m.npy \
        "$work/train.csv"
done
refuse 8 "m.npy.json: $pipe" limited "$blindfit" inspect m.npy
refuse 8 "m.npy.json: $pipe" limited "$blindfit" fit "$work/train.csv" -o m.npy
head -5 "$work/train.csv" >five.csv
refuse 8 "y.npy.json: $pipe" limited "$blindfit" fit five.csv --labels y.npy
refuse 8 "transform.bf.json: $pipe" limited "$blindfit" encrypt "$job" \
    "$work/train.csv" --key "$dir/secret.key" --only labels \
    --fitted transform.bf -o o.bf
# decrypt goes on without names.
ok limited "$blindfit" decrypt "$job" "$dir/model.enc" \
    --key "$dir/secret.key" --transform transform.bf -o o.npy
grep -q "transform.bf.json: $pipe" "$work/stderr" ||
    fail "no word of names: $(cat "$work/stderr")"
absent o.bf
cd "$here" || exit 1

# ---- taken in one go ---------------------------------------------------------
through() # FILE FIFO COMMAND...
{
    cat "$1" >"$2" &
    shift 2
    ok limited "$@"
    wait
}
through "$work/train.csv" "$work/p.csv" "$blindfit" evaluate "$dir/m.npy" \
    "$work/p.csv"
through "$dir/eval.keys" "$work/p.bf" "$server" train "$job" \
    --keys "$work/p.bf" --upload "$dir/upload.bf" -o "$work/piped.enc"
cmp -s "$work/piped.enc" "$dir/model.enc" || fail "keys through a pipe"
through "$dir/upload.bf" "$work/p.bf" "$server" train "$job" \
    --keys "$dir/eval.keys" --upload "$work/p.bf" -o "$work/piped.enc"
cmp -s "$work/piped.enc" "$dir/model.enc" || fail "an upload through a pipe"
through "$dir/transform.bf" "$work/p.bf" "$blindfit" decrypt "$job" \
    "$dir/model.enc" --key "$dir/secret.key" --transform "$work/p.bf" \
    -o "$work/m.npy"
"$blindfit" predict "$dir/m.npy" "$work/train.csv" -o /dev/stdout 2>/dev/null |
    cat >"$work/predicted"
holds "$(wc -l <"$work/predicted") == 41"
# Redirected, they are files that others write to.
predict() # OUTPUT
{
    "$blindfit" predict "$dir/m.npy" "$work/train.csv" -o "$1"
}
echo important >"$work/log.csv"
open='/dev/fd/3: a file that is already open'
refuse 2 "$open" predict /dev/fd/3 3>>"$work/log.csv"
ln -s /dev/fd/3 "$work/open.csv"
refuse 2 'open.csv: a file that is already open' predict "$work/open.csv" \
    3>>"$work/log.csv"
holds "$(grep -c important "$work/log.csv") == 1"
{ rm "$work/log.csv" && echo more >&3 && refuse 2 "$open" predict /dev/fd/3; } \
    3>>"$work/log.csv"
ok predict /dev/null
finish
