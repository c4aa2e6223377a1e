#!/bin/sh
# Rows are encrypted once; further jobs over these rows send only labels, and
# the keys that the server lacks.
. "$(dirname "$0")/lib.sh"

rows 75 23 3 1 >"$work/train.csv"
cut -d, -f2- "$work/train.csv" >"$work/x.csv"
awk -F, '{ print $1 % 2 }' "$work/train.csv" >"$work/y-halves.csv"
awk '{ print NR % 9 }' "$work/train.csv" >"$work/y-nines.csv"
head -70 "$work/y-halves.csv" >"$work/few.csv"
cd "$work" || exit 1

ok "$blindfit" plan -n 75 -d 23 -c 3 -k 2 --refresh no -o job.json
ok "$blindfit" keygen job.json -o keys
ok "$blindfit" encrypt job.json train.csv --key keys/secret.key -o upload.bf
sums=$(cksum job.json keys/* upload.bf)

encrypt_labels() # job, labels, upload
{
    "$blindfit" encrypt "$1" x.csv --labels "$2" --only labels \
        --key keys/secret.key --fitted keys/transform.bf -o "$3"
}

# JOB LABELS MODEL, keys: a model, as good as the one that fit makes.
train_over()
{
    ok encrypt_labels "$1" "$2" "labels-$3.bf"
    holds "$(stat -c %s "labels-$3.bf") == $(number labels "plan-$3.json")"
    ok "$server" train "$1" --upload upload.bf --upload "labels-$3.bf" \
        -o "$3.enc" "$4" "$5" ${6:+"$6" "$7"}
    ok "$blindfit" decrypt "$1" "$3.enc" --key keys/secret.key \
        --transform keys/transform.bf -o "$3.npy"
    ok "$blindfit" evaluate "$3.npy" x.csv --labels "$2" --json
    cp stdout "judged-$3.json"
}

plan_over() # name, options
{
    name=$1
    shift
    ok "$blindfit" plan --over job.json "$@" -o "$name.json" --json
    cp stdout "plan-$name.json"
}

# Other labels and fewer iterations, with the existing keys.
plan_over halves -c 2 -k 1
[ "$(number more_keys plan-halves.json)" = 0 ] || fail "halves want more keys"
train_over halves.json y-halves.csv halves --keys keys/eval.keys
ok "$blindfit" fit x.csv --labels y-halves.csv -k 1 --json
holds "($(number accuracy judged-halves.json) - $(number encrypted stdout)) ^ 2 \
    < 0.0004"
# Labels of rows in another order than the uploaded ones, and of other rows.
{ tail -n +2 train.csv && head -1 train.csv; } >turned.csv
sed '9s/$/1/' train.csv >longer.csv
for other in turned longer; do
    refuse 4 'in another order, than those of the upload' "$blindfit" encrypt \
        job.json $other.csv --only labels --key keys/secret.key \
        --fitted keys/transform.bf -o no.bf
done
absent no.bf
refuse 4 '0 of 1 ciphertexts of labels for this job: upload.bf: of another' \
    "$server" train halves.json --keys keys/eval.keys --upload upload.bf -o no.enc
refuse 2 '--every-iteration: the job has no certificates' "$blindfit" decrypt \
    halves.json halves.enc --key keys/secret.key --transform keys/transform.bf \
    --every-iteration -o no.npy
absent no.enc no.npy
refuse 2 'needs no keys beyond' "$blindfit" keygen halves.json \
    --key keys/secret.key --beyond job.json -o more
absent more/eval.keys more/secret.key

# Other classes have names of their own, beside a transform of their own: a copy,
# by which the same model is read.
ok "$blindfit" encrypt halves.json x.csv --labels y-halves.csv --only labels \
    --key keys/secret.key --fitted keys/transform.bf \
    --transform keys/halves.bf -o labels-own.bf
ok "$blindfit" decrypt halves.json halves.enc --key keys/secret.key \
    --transform keys/halves.bf -o own.npy
ok "$blindfit" evaluate own.npy x.csv --labels y-halves.csv --json
holds "($(number accuracy judged-halves.json) - $(number accuracy stdout)) ^ 2 \
    < 0.0004"
sums=$(cksum job.json keys/* upload.bf)

# More classes than before, with more keys.
plan_over nines -c 9
holds "$(number more_keys plan-nines.json) > 0"
ok encrypt_labels nines.json y-nines.csv labels.bf
refuse 4 'eval.keys: the key of Galois' "$server" train nines.json \
    --keys keys/eval.keys --upload upload.bf --upload labels.bf -o none.enc
absent none.enc
ok "$blindfit" keygen nines.json --key keys/secret.key --beyond job.json -o more
absent more/secret.key
holds "$(stat -c %s more/eval.keys) < $(stat -c %s keys/eval.keys) / 2"
train_over nines.json y-nines.csv nines --keys keys/eval.keys \
    --keys more/eval.keys
holds "$(number accuracy judged-nines.json) > 0.15"

# The existing files are unchanged.
[ "$sums" = "$(cksum job.json keys/* upload.bf)" ] || fail "files were changed"

# The printed tables.
ok "$blindfit" plan --over job.json -c 2
grep -q 'labels in .*; the server has the rows' stdout || fail "plan: no labels"
grep -q 'the server has all keys' stdout || fail "plan: no keys"
ok "$blindfit" plan --over job.json -c 9
grep -q ' more, .*keygen --beyond' stdout || fail "plan: more keys"

# ---- bad input ---------------------------------------------------------------
refuse 2 '^blindfit: 3 iterations take 8 primes, the rows are encrypted to 5' \
    "$blindfit" plan --over job.json -k 3 -o no.json
refuse 4 'steps take all or a multiple of that, not 10' \
    "$blindfit" plan --over job.json --batch 10 -o no.json
refuse 2 '--lambda: decided by the rows' \
    "$blindfit" plan --over job.json --lambda 1 -o no.json
refuse 2 '--recipe: decided by the rows' \
    "$blindfit" plan --over job.json --recipe paper -o no.json
refuse 2 '--features: decided by the rows' \
    "$blindfit" plan --over job.json -d 23 -o no.json
ok "$blindfit" plan -n 1000 -d 8 -c 10 -k 2 --refresh no -o short.json
ok "$blindfit" plan --over short.json -k 1 -c 10 -o shorter.json
ok "$blindfit" plan -n 1000 -d 400 -c 10 -k 2 --refresh no -o wide.json
refuse 2 '40 classes over rows encrypted for 10' "$blindfit" plan \
    --over wide.json -c 40 -o no.json
refuse 3 'nowhere.json' "$blindfit" plan --over nowhere.json -o no.json
refuse 2 'job.json' "$blindfit" plan --over job.json -o job.json
absent no.json
refuse 4 'few.csv has 70 labels, x.csv has 75 rows' \
    encrypt_labels halves.json few.csv no.bf
head -70 x.csv >few-x.csv
mv x.csv all-x.csv && mv few-x.csv x.csv
refuse 4 '70 rows of 23 features, the job is for 75' \
    encrypt_labels halves.json few.csv no.bf
mv all-x.csv x.csv
absent no.bf

# Rows of another data set, and keys.
mkdir other
ok "$blindfit" plan -n 75 -d 23 -c 3 -k 2 --lambda 2 --refresh no \
    -o other/job.json
refuse 4 'another data set' "$blindfit" keygen nines.json \
    --key keys/secret.key --beyond other/job.json -o no
ok "$blindfit" keygen other/job.json -o other/keys
ok "$blindfit" encrypt other/job.json train.csv --key other/keys/secret.key \
    -o other/upload.bf
refuse 4 'other/upload.bf: .*another key' "$server" train halves.json \
    --keys keys/eval.keys --upload other/upload.bf --upload labels-halves.bf \
    -o none.enc
refuse 4 'other/keys/eval.keys: .*another' "$server" train nines.json \
    --keys keys/eval.keys --keys other/keys/eval.keys --upload upload.bf \
    --upload labels-nines.bf -o none.enc
refuse 2 '--key is missing' "$blindfit" keygen nines.json --beyond job.json -o no
absent none.enc no/eval.keys
finish
