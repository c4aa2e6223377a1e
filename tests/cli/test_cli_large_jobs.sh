#!/bin/sh
# Hostile jobs that demand memory and time: refused, or shown, with little of
# either. The limit on address space is far above the need.
. "$(dirname "$0")/lib.sh"
ok "$blindfit" plan -n 40 -d 9 -c 3 -k 8 --refresh no -o "$work/deep.json"
export OMP_NUM_THREADS=2 # OpenBLAS takes addresses by their number
ulimit -v 4000000 2>/dev/null

# with NAME VALUE JOB: the job with this value.
with()
{
    sed "s/\"$1\":[^,]*\(,*\)\$/\"$1\": $2\1/" "$3"
}

# named JOB: the job with the id of the data set that it now describes.
named()
{
    id=$("$blindfit" plan "$1" 2>&1 | sed -n 's/.*described (\(.*\))$/\1/p')
    [ -n "$id" ] || fail "$1: no other data set"
    with data_set "\"$id\"" "$1" >"$1.named"
    mv "$1.named" "$1"
}

ok "$blindfit" plan -n 40 -d 9 -c 3 -o "$work/job.json"
for command in "$blindfit plan" "$blindfit inspect" "$server plan"; do
    # A ciphertext for each of 2^27 rows.
    with samples 134217728 "$work/job.json" | with batch 1 - >"$work/many.json"
    refuse 2 'many.json: .*too many' $command "$work/many.json"
    with samples 1073741824 "$work/job.json" >"$work/many.json"
    refuse 2 'many.json: .*too many' $command "$work/many.json"
done
refuse 2 'too many' "$server" train "$work/many.json" --keys "$work/none" \
    --upload "$work/none" -o "$work/model.enc"

# Fewer, and the server asks for their memory before it walks.
with samples 200000 "$work/job.json" | with batch 1 - >"$work/some.json"
named "$work/some.json"
refuse 7 'upload alone needs .* allowed' "$server" train "$work/some.json" \
    --keys "$work/none" --upload "$work/none" -o "$work/model.enc" \
    --max-memory 8G

# Steps that take gigabytes are not timed.
with digit_limbs 1 "$work/deep.json" >"$work/keys.json"
named "$work/keys.json"
for command in plan inspect; do
    ok "$blindfit" $command "$work/keys.json"
    grep -q "server's time.*not measured" "$work/stdout" ||
        fail "$command: timed steps of gigabytes"
done

finish
