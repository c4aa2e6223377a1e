#!/bin/sh
# One owner has the labels of another's rows: the programs from their identities to
# the finished model, without label noise; what a session with it says.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1

rows 512 8 3 5 >all.csv
cut -d, -f1 all.csv >y.csv
sed 's/^[0-9]*/0/' all.csv >x.csv # labels that b does not have
cut -d, -f2- all.csv >features.csv
rows 512 8 3 6 >others.csv
seq 1 512 >names
seq 512 -1 1 >other-names
{ printf '\357\273\277'; cat names; } >marked-names # a byte-order mark
for k in a b; do ok "$blindfit" party id -o $k.id; done
ok "$blindfit" plan --owners 2 -n 512 -d 8 -c 3 --iterations 1 -o job.json
ok "$blindfit" plan --owners 2 -n 400 -d 8 -c 3 --iterations 1 -o few.json
ok "$blindfit" plan --owners 2 -n 512 -d 8 -c 3 --iterations 2 -o two.json
# Label noise is as long as the longest row: jobs for it clip more.
for clip in 0.8:job 1.25:two; do
    holds "$(number clip ${clip#*:}.json) == ${clip%:*}"
done
new() # JOB OPTION..
{
    job=$1
    shift
    "$blindfit" party new "$job" --owner a.pub --owner b.pub "$@" -o session.bf
}
refuse 2 'at least 409, or label noise' new few.json --labels a
refuse 2 'not of 2 iterations' new two.json --labels a
refuse 2 'epsilon 17' new job.json --labels a --label-epsilon 17
refuse 2 'epsilon: 0 is not above 0' new job.json --labels a --label-epsilon 0
refuse 2 'delta: 0 is not above 0' new job.json --labels a --label-epsilon 1 \
    --label-delta 0
refuse 2 "'c' is no owner" new job.json --labels c
refuse 2 'nobody has the features alone' new job.json --labels a,b \
    --receivers b
refuse 2 'opened to b, who has the features, alone' new job.json --labels a \
    --receivers a,b
refuse 2 'label noise is for' new job.json --rows 256,256 --label-epsilon 1
refuse 2 'an audit of the last step is for' new job.json --labels a --audit
refuse 2 'one owner whitens alone for rows of several' new job.json \
    --labels a --whiten-by b
refuse 2 'one owner whitens alone for rows of several' new two.json \
    --columns 5,3 --whiten-by a
refuse 2 'rows is missing' new job.json
absent session.bf

# Columns of all rows: who has which, and the labels.
ok new two.json --columns 5,3 --labels b
grep -q 'a: 512 rows, 5 features, receives the model$' stdout ||
    fail "a has no columns: $(cat stdout)"
grep -q 'b: 512 rows, 3 features, labels, receives the model$' stdout ||
    fail "b has no labels: $(cat stdout)"
refuse 2 'have 9 columns, the job 8' new two.json --columns 5,4
refuse 2 'no --rows' new two.json --columns 5,3 --rows 256,256
refuse 2 '2 have labels' new two.json --columns 5,3 --labels a,b
rm session.bf

# Noise is stated: (epsilon, delta), sigma, what it gives.
ok new few.json --labels a --label-epsilon 2
grep -q 'epsilon 2, delta 1e-06' stdout || fail "no delta: $(cat stdout)"
grep -q 'sigma .* delta 5e-07' stdout || fail "no sigma: $(cat stdout)"
ok new few.json --labels a --label-epsilon 2 --label-delta 1e-5 --json
holds "$(number label_epsilon stdout) == 2 && \
    $(number label_delta stdout) == 1e-5 && \
    $(number label_noise_delta stdout) <= 5e-6 && \
    $(number label_noise_delta stdout) > 4.9e-6"
ok new job.json --labels a
ok "$blindfit" party show session.bf
grep -q 'a: 512 rows, labels$' stdout || fail "a has no labels: $(cat stdout)"
grep -q 'b: 512 rows, 8 features, receives the model$' stdout ||
    fail "b receives nothing: $(cat stdout)"

mkdir -p server/inbox
a() { "$blindfit" party step session.bf --id a.id --box box-a "$@"; }
b() { "$blindfit" party step session.bf --id b.id --box box-b "$@"; }
refuse 2 'round 1 wants .* labels' a
head -511 y.csv >short.csv
refuse 4 '511 labels, the session wants 512 from a' a --labels short.csv
refuse 4 'names of rows' a --labels y.csv --row-names short.csv
refuse 2 'round 1 wants .* rows' b --labels y.csv
cut -d, -f1-7 features.csv >narrow.csv
refuse 4 'narrow.csv: does not hold the 8 features .* from b' b narrow.csv

# Rows in another order end it.
refuse 75 'round 1' a --labels y.csv --row-names names
refuse 75 'round 1' b x.csv --row-names other-names
carry
refuse 5 'b names its rows otherwise' a
rm -r box-a box-b server
mkdir -p server/inbox
ok new job.json --labels a

for round in 1 2 3 4; do
    refuse 75 "round $round: waiting for b" a --labels y.csv --row-names names
    refuse 75 "round $round: waiting for a" b features.csv \
        --row-names marked-names
    carry
done
ok "$server" gather session.bf --box server -o job
ok "$server" train job/job.json --keys job/eval.keys --box server -o model.enc
cp model.enc box-a/inbox
cp model.enc box-b/inbox
ok a # a receives nothing, and has nothing left to do
refuse 75 'round 5: waiting for a' b
refuse 2 'no model was received' "$blindfit" party finish session.bf x.csv \
    --id b.id --box box-b -o better.npy
carry
ok b -o b.npy
refuse 2 'a has no model to finish' "$blindfit" party finish session.bf x.csv \
    --id a.id --box box-a -o better.npy
refuse 4 '^blindfit: others.csv: other rows or labels' \
    "$blindfit" party finish session.bf others.csv --id b.id --box box-b \
    -o better.npy
absent better.npy
for rows in features x; do # with labels that b does not have, or without
    ok "$blindfit" party finish session.bf $rows.csv --id b.id --box box-b \
        -o better.npy
done
for model in b better; do
    ok "$blindfit" evaluate $model.npy all.csv --json
    holds "$(number accuracy stdout) > 0.6"
done
[ "$(stat -c %a box-b/transform)" = 600 ] || fail "the transform is readable"
[ ! -e box-a/transform ] || fail "a has a transform"
finish
