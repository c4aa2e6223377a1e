#!/bin/sh
# A run with refreshed weights, killed after an iteration and resumed by other
# kernels and with packed rows, ends in the same file as an uninterrupted run,
# which has the plan's bytes and memory; a job accepts no refresh keys of another job. Curves of
# accuracy have every iteration. encrypt refuses packed weights beyond the bound
# of the refreshes, and decrypt reports them.
. "$(dirname "$0")/../cli/lib.sh"

job() # RECIPE ITERATIONS
{
    mkdir "$work/$1"
    ok "$blindfit" plan -n 60 -d 9 -c 3 --recipe "$1" --iterations "$2" \
        --refresh yes --certificate -o "$work/$1/job.json"
    ok "$blindfit" keygen "$work/$1/job.json" -o "$work/$1/keys"
    ok "$blindfit" encrypt "$work/$1/job.json" "$work/train.csv" \
        --key "$work/$1/keys/secret.key" -o "$work/$1/upload.bf"
}
train() # RECIPE KEYS OPTIONS...
{
    recipe=$1 keys=$2
    shift 2
    exec "$server" train "$work/$recipe/job.json" \
        --keys "$work/$keys/keys/eval.keys" \
        --upload "$work/$recipe/upload.bf" "$@"
}
# stopped RECIPE AFTER: killed with -9 as soon as so many checkpoints were seen.
stopped()
{
    state=$work/$1/state.bf seen=0 last=
    rm -f "$state"
    (train "$1" "$1" -o "$work/$1/model.enc" --checkpoint "$state" \
        --threads 1 >/dev/null 2>&1) &
    pid=$!
    while [ $seen -lt "$2" ] && kill -s 0 $pid 2>/dev/null; do
        inode=$(stat -c %i "$state" 2>/dev/null)
        [ "$inode" = "$last" ] || { seen=$((seen + 1)) last=$inode; }
        sleep 0.01
    done
    kill -s KILL $pid 2>/dev/null
    wait $pid 2>/dev/null
    holds "$? == 137"
    remove_unfinished
}

rows 60 9 3 1 >"$work/train.csv"
# Kernels that the machine would not choose; scalar ones are slow.
other=scalar
! grep -q ' avx512dq ' /proc/cpuinfo || other=avx2
for run in whitened:2 paper:1; do
    recipe=${run%:*} after=${run#*:}
    job $recipe $((after + 1))
    (train $recipe $recipe -o "$work/$recipe/whole.enc" --threads 2 --json \
        >"$work/$recipe/run.json") || fail "the uninterrupted run"
    as_planned "$work/$recipe" whole.enc
    stopped $recipe $after
    (BLINDFIT_BACKEND=$other train $recipe $recipe \
        -o "$work/$recipe/model.enc" --checkpoint "$work/$recipe/state.bf" \
        --resume --pack-rows yes >/dev/null) ||
        fail "resuming after $after iterations"
    checks=$((checks + 1))
    cmp -s "$work/$recipe/model.enc" "$work/$recipe/whole.enc" ||
        fail "$recipe, stopped after $after: another model file by $other"
    rm -f "$work/$recipe/model.enc"
done

# So few rows leave q_0 too small for their certificates.
ok "$blindfit" decrypt "$work/whitened/job.json" "$work/whitened/whole.enc" \
    --key "$work/whitened/keys/secret.key" \
    --transform "$work/whitened/keys/transform.bf" --every-iteration \
    -o "$work/whitened/model.npy"
grep -q 'residual too noisy to tell (of a class to within 0.' "$work/stdout" ||
    fail "certificates: $(cat "$work/stdout")"

refuse 4 'whitened/keys/eval.keys: .*another' "$server" train \
    "$work/paper/job.json" --keys "$work/whitened/keys/eval.keys" \
    --upload "$work/paper/upload.bf" -o "$work/model.enc"
absent "$work/model.enc"

# The accuracy after each iteration is as in plaintext but for one row.
rows 60 3 2 1 >"$work/narrow.csv"
rows 60 3 2 2 >"$work/test.csv"
ok "$blindfit" fit "$work/narrow.csv" --test "$work/test.csv" --iterations 3 \
    --refresh yes --every-iteration --json
cp "$work/stdout" "$work/fit.json"
ok "$blindfit" report "$work/fit.json" --curve "$work/curve.dat"
grep '^[0-9]' "$work/curve.dat" >"$work/curve"
holds "$(wc -l <"$work/curve") == 3"
awk -v row=1.67 '$1 != NR || ($2 - $3) ^ 2 > row ^ 2 { exit 1 }' \
    "$work/curve" || fail "iterations apart: $(cat "$work/curve")"

# Weights of three columns grow beyond an eighth of their bound.
awk 'BEGIN {
    srand(3)
    for (i = 0; i < 60; i++)
        printf "%d,%f,%f,%f\n", i % 2, 2 * (i % 2) + rand() / 5,
               rand() / 5, rand() / 5
}' >"$work/apart.csv"
mkdir "$work/apart"
ok "$blindfit" plan -n 60 -d 3 -c 2 --recipe paper --iterations 2 \
    --refresh yes -o "$work/apart/job.json"
ok "$blindfit" keygen "$work/apart/job.json" -o "$work/apart/keys"
seal() # OPTIONS...
{
    "$blindfit" encrypt "$work/apart/job.json" "$work/apart.csv" \
        --key "$work/apart/keys/secret.key" -o "$work/apart/upload.bf" "$@"
}
refuse 6 'apart.csv: .*packed weights reach .* after iteration 1, the' seal
reach=$(sed 's/.*weights reach \([0-9.]*\) .*/\1/' "$work/stderr")
absent "$work/apart/upload.bf" "$work/apart/keys/transform.bf"
ok seal --rehearse no
(train apart apart -o "$work/apart/model.enc" >/dev/null) || fail "apart"
ok "$blindfit" decrypt "$work/apart/job.json" "$work/apart/model.enc" \
    --key "$work/apart/keys/secret.key" \
    --transform "$work/apart/keys/transform.bf" -o "$work/apart/model.npy"
grep -q 'packed weights .*exceeded' "$work/stdout" ||
    fail "decrypt: $(cat "$work/stdout")"
# Decryption sees what was refreshed, which is not the first model: that has a
# hundredth of the first step.
seen=$(sed -n 's/.*packed weights *\([0-9.]*\) of .*/\1/p' "$work/stdout")
holds "($seen / $reach - 1) ^ 2 < 0.02 ^ 2"
finish
