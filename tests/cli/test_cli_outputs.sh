#!/bin/sh
# What is written where: nothing that a run was given is overwritten or removed,
# files that belong together appear together, failures leave all as it was.
. "$(dirname "$0")/lib.sh"

rows 40 9 3 1 >"$work/train.csv"
dir=$work/job job=$work/job/job.json
mkdir "$dir"
ok "$blindfit" plan -n 40 -d 9 -c 3 -o "$job"
for keys in a b; do
    ok "$blindfit" keygen "$job" -o "$dir/$keys"
    ok "$blindfit" encrypt "$job" "$work/train.csv" \
        --key "$dir/$keys/secret.key" -o "$dir/$keys/upload.bf"
done
ok "$server" train "$job" --keys "$dir/a/eval.keys" \
    --upload "$dir/a/upload.bf" -o "$dir/model.enc"

# ---- refusals after which there is something to free -------------------------
refuse 4 'of another key' "$blindfit" decrypt "$job" "$dir/model.enc" \
    --key "$dir/b/secret.key" --transform "$dir/b/transform.bf" \
    -o "$work/out.npy"
absent "$work/out.npy" "$work/out.npy.json"

finish
