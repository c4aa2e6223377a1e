#!/bin/sh
# Two owners and a server, by the programs alone: output and exit codes.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1

rows 128 8 2 5 >all.csv
head -60 all.csv >a.csv
tail -68 all.csv >b.csv
for k in a b; do
    ok "$blindfit" party id -o $k.id
    refuse 2 "$k.id: is there already" "$blindfit" party id -o $k.id
done
ok "$blindfit" plan --rows 60,68 -d 8 -c 2 --map none --certificate --ranks 2 \
    -o job.json
ok "$blindfit" plan --owners 2 -n 128 -d 8 -c 2 -k 1 --map none \
    -o undecided.json
refuse 2 '--samples: --rows says how many' "$blindfit" plan --rows 60,68 -n 128 \
    -d 8 -c 2
refuse 2 '--owners: --rows says how many' "$blindfit" plan --rows 60,68 \
    --owners 2 -d 8 -c 2
refuse 2 "--rows: '60,' is neither" "$blindfit" plan --rows 60, -d 8 -c 2
refuse 2 '1 owners' "$blindfit" plan --rows 60 -d 8 -c 2
refuse 2 'owner 2 of 2 has no rows' "$blindfit" plan --rows 60,0 -d 8 -c 2
refuse 2 '--rows: .* serve one job' "$blindfit" plan --rows 60,68 --over job.json
ok "$blindfit" plan -n 128 -d 8 -c 2 --map none --certificate -o single.json
refuse 2 'weights of several owners are not refreshed' "$blindfit" plan \
    --owners 2 -n 128 -d 8 -c 2 --refresh yes
refuse 2 'planned for 1' "$blindfit" party new single.json --owner a.pub \
    --owner b.pub --rows 60,68 -o session.bf
refuse 2 'wanted are 2 numbers' "$blindfit" party new job.json --owner a.pub \
    --owner b.pub --rows 60 -o session.bf
refuse 2 'have 129 rows, the job 128' "$blindfit" party new job.json \
    --owner a.pub --owner b.pub --rows 60,69 -o session.bf
refuse 2 'a has 59 rows, the job is planned for 60' "$blindfit" party new \
    job.json --owner a.pub --owner b.pub --rows 59,69 -o session.bf
refuse 2 'planned for rows that are split' "$blindfit" party new job.json \
    --owner a.pub --owner b.pub --labels a -o session.bf
refuse 2 '--rows is missing' "$blindfit" party new undecided.json \
    --owner a.pub --owner b.pub -o session.bf
refuse 2 '3 owners, the job is planned for 2' "$blindfit" party new job.json \
    --owner a.pub --owner b.pub --owner a.pub -o session.bf
refuse 2 "'d' is no owner" "$blindfit" party new job.json --owner a.pub \
    --owner b.pub --rows 60,68 --receivers d -o session.bf
echo a >x.pub
refuse 4 "not an owner's public keys" "$blindfit" party new job.json \
    --owner x.pub --owner b.pub --rows 60,68 -o session.bf
refuse 2 'b has to receive it' "$blindfit" party new job.json --owner a.pub \
    --owner b.pub --rows 60,68 --receivers a --audit -o session.bf
absent session.bf
ok "$blindfit" party new job.json --owner a.pub --owner b.pub --rows 60,68 \
    --audit -o audited.bf
grep -q '^ *audit  *of the last step' stdout || fail "no word of the audit"
ok "$blindfit" party new undecided.json --owner a.pub --owner b.pub \
    --rows 60,68 -o undecided.bf
ok "$blindfit" party new job.json --owner a.pub --owner b.pub -o session.bf
grep fingerprint stdout >new
ok "$blindfit" party show session.bf
grep fingerprint stdout >show
cmp -s new show || fail "fingerprints differ"
ok "$blindfit" party id -o c.id
refuse 4 'c is no owner of the session' "$blindfit" party step session.bf \
    --id c.id --box box-c
refuse 2 'round 1 wants' "$blindfit" party step session.bf --id a.id --box box-a
refuse 4 '^blindfit: b.csv: 68 rows of 8 features, the session wants 60' \
    "$blindfit" party step session.bf --id a.id --box box-a b.csv
sed '$s/^./2/' a.csv >odd.csv
refuse 2 '^blindfit: odd.csv: row 60 has label 2' "$blindfit" party step \
    session.bf --id a.id --box box-a odd.csv
absent box-a box-c
mkdir box-a # which is not the step's to remove
refuse 2 'round 1 wants' "$blindfit" party step session.bf --id a.id --box box-a
checks=$((checks + 1))
[ -d box-a ] || fail "a folder that was there is gone"

mkdir -p server/inbox
other() { [ $1 = a ] && echo b || echo a; }
for round in 1 2 3 4; do
    for k in a b; do
        refuse 75 "^blindfit: round $round: waiting for $(other $k)\$" \
            "$blindfit" party step session.bf --id $k.id --box box-$k $k.csv
    done
    refuse 75 "waiting for" "$server" gather session.bf --box server -o job
    carry
done
refuse 75 'round 4: waiting for the server' "$blindfit" party step session.bf \
    --id a.id --box box-a
ok "$server" gather session.bf --box server -o job
train() # JOB OPTION...
{
    "$server" train "$@" --keys job/eval.keys -o none.enc
}
refuse 2 'job/job.json: a job of 2 owners' train job/job.json \
    --upload server/inbox/r4-00.upload
refuse 2 'single.json: a job of one owner' train single.json --box server
refuse 2 'exclude each other' train job/job.json --box server --upload x
# By two ranks, as planned, where there is MPI; owners recheck by one process.
mpi=
[ -x "$build/blindfit-server-mpi" ] && command -v mpirun >/dev/null && mpi=yes
by_ranks() # COUNT OPTION...
{
    count=$1
    shift
    # MPI leaks.
    ASAN_OPTIONS=detect_leaks=0:${ASAN_OPTIONS:-} \
        OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 mpirun \
        -n "$count" --oversubscribe --bind-to none \
        "$build/blindfit-server-mpi" train job/job.json --keys job/eval.keys \
        --threads 1 --box server "$@"
}
if [ "$mpi" ]; then
    by_ranks 3 -o none.enc 2>stderr
    grep -q '3 ranks, but 2 owners, .* planned it for 2 ranks' stderr ||
        fail "three ranks: $(head -c 300 stderr)"
    absent none.enc
fi
refuse 2 "job/job.json: rows of several owners are sums" train job/job.json \
    --box server --pack-rows yes
mkdir empty
refuse 75 'waiting for owner 1 \(r4-00.upload\)' train job/job.json --box empty
refuse 3 'nowhere: is no folder' train job/job.json --box nowhere
refuse 3 'nowhere: is no folder' "$server" gather session.bf --box nowhere \
    -o none
mkdir -p crossed/inbox
cp server/inbox/r4-00.upload crossed/inbox/r4-00.upload
head -c 5000 server/inbox/r4-01.upload >crossed/inbox/r4-01.upload
refuse 4 'r4-01.upload: .*cut short' train job/job.json --box crossed
absent none.enc
if [ "$mpi" ]; then
    ok by_ranks 2 -o model.enc
else
    ok "$server" train job/job.json --keys job/eval.keys --box server \
        -o model.enc
fi
cp model.enc box-a/inbox
cp model.enc box-b/inbox
refuse 75 'round 5: waiting for b' "$blindfit" party step session.bf --id a.id \
    --box box-a
refuse 75 'round 5: waiting for a' "$blindfit" party step session.bf --id b.id \
    --box box-b --recheck yes
carry
refuse 2 'name a file for the model' "$blindfit" party step session.bf \
    --id a.id --box box-a
# The certificate of both is that of an owner of all rows, who knows the range of
# their scores.
ok "$blindfit" keygen single.json -o keys
ok "$blindfit" encrypt single.json all.csv --key keys/secret.key -o single.bf
ok "$server" train single.json --keys keys/eval.keys --upload single.bf \
    -o single.enc
ok "$blindfit" decrypt single.json single.enc --key keys/secret.key \
    --transform keys/transform.bf --check all.csv -o single.npy --json
alone=$(number mean_squared_residual stdout)
holds "$alone > 0 && $alone < 0.25"
holds "$(number largest_score stdout) <= $(number score_at_most stdout)"
[ "$(number iteration stdout)" = 2 ] || fail "a certificate of no scores"
for k in a b; do
    ok "$blindfit" party step session.bf --id $k.id --box box-$k -o $k.npy --json
    holds "($(number mean_squared_residual stdout) - $alone)^2 < \
        ($alone / 50 + 5 * $(number error_of_class stdout))^2"
    ok "$blindfit" evaluate $k.npy all.csv --json
    holds "$(number accuracy stdout) > 0.6"
done
[ "$(stat -c %a box-a/state)" = 600 ] || fail "state is readable"
# One owner whitens alone, by a public sample: b checks the transform against it.
ok "$blindfit" plan --rows 60,68 -d 8 -c 2 -k 1 --map none -o alone.json
alone() # OPTION...
{
    "$blindfit" party new alone.json --owner a.pub --owner b.pub "$@" -o alone.bf
}
rows 100 8 2 6 | cut -d, -f2- >sample.csv
tail -99 sample.csv >short.csv
sed '1s/^[^,]*/9/' sample.csv >other.csv
refuse 2 "'c' is no owner" alone --whiten-by c
refuse 2 'a and b whiten' alone --whiten-by a,b
refuse 2 'a sample, and no owner who whitens' alone --sample-rows 100
refuse 2 'a whitens by 15 rows of 8 features: at least 16' alone --whiten-by a \
    --sample-rows 15
absent alone.bf
ok alone --whiten-by a
grep -q '^ *whitening  *by a, whose covariance' stdout || fail "no whitening"
ok alone --whiten-by a --sample-rows 100 --json
grep -q '"whitened_by":[[:space:]]*"a"' stdout || fail "no word of who whitens"
[ "$(number sample_rows stdout)" = 100 ] || fail "no word of the sample"
step() # OWNER SAMPLE OPTION...
{
    k=$1 public=$2
    shift 2
    "$blindfit" party step alone.bf --id $k.id --box alone-$k $k.csv \
        --sample $public "$@"
}
refuse 4 'short.csv: a sample of 99 rows of 8 features, the session wants 100' \
    step a short.csv
refuse 2 'a session without a public sample' "$blindfit" party step session.bf \
    --id a.id --box box-a --sample sample.csv
for round in 1 2 3; do
    refuse 75 "round $round: waiting for b" step a sample.csv
    refuse 75 "round $round: waiting for a" step b sample.csv
    cp alone-a/outbox/* alone-b/inbox
    cp alone-b/outbox/* alone-a/inbox
done
[ -e alone-a/outbox/r1-00.sums ] && fail "sums, though one owner whitens"
refuse 4 'the transform of a and the sample' step b other.csv
refuse 75 'round 4: waiting for a' step b sample.csv
refuse 75 'round 4: waiting for b' step a sample.csv
cp alone-a/outbox/* alone-b/inbox
cp alone-b/outbox/* alone-a/inbox
mkdir -p alone/inbox
cp alone-a/outbox/* alone-b/outbox/* alone/inbox
ok "$server" gather alone.bf --box alone -o alone-job
ok "$server" train alone-job/job.json --keys alone-job/eval.keys --box alone \
    -o alone.enc
for k in a b; do
    head -c 5000 alone.enc >alone-$k/inbox/model.enc
    refuse 4 'model.enc: .*cut short' step $k sample.csv
    cp alone.enc alone-$k/inbox/model.enc
    refuse 75 'round 5: waiting for' step $k sample.csv
done
cp alone-b/outbox/* alone-a/inbox
ok step a sample.csv -o alone.npy
ok "$blindfit" evaluate alone.npy all.csv --json
holds "$(number accuracy stdout) > 0.6"
refuse 2 'usage: blindfit party' "$blindfit" party frobnicate
refuse 2 'party needs' "$blindfit" party
finish
