#!/bin/sh
# Messages name the faulty file, also if the fault shows late.
. "$(dirname "$0")/lib.sh"

rows 40 9 3 1 >"$work/train.csv"
sed '7s/,[^,]*/,-2/' "$work/train.csv" >"$work/negative.csv"
ok "$blindfit" plan -n 40 -d 9 -c 3 --map sqrt -o "$work/job.json"
ok "$blindfit" keygen "$work/job.json" -o "$work/keys"
refuse 6 'negative.csv: .*row 7, column 1 is -2' "$blindfit" encrypt \
    "$work/job.json" "$work/negative.csv" --key "$work/keys/secret.key" \
    -o "$work/out.bf"
refuse 6 'negative.csv: .*row 7, column 1 is -2' "$blindfit" fit \
    "$work/negative.csv" --map sqrt

# Secret keys belong to no job.
ok "$blindfit" inspect "$work/keys/secret.key"
! grep -q '^  job' "$work/stdout" || fail "inspect: the job of a secret key"
ok "$blindfit" inspect "$work/keys/eval.keys"
grep -q '^  job' "$work/stdout" || fail "inspect: no job"

# Composite numbers of the right form, p + 2N k.
ok "$blindfit" encrypt "$work/job.json" "$work/train.csv" \
    --key "$work/keys/secret.key" -o "$work/upload.bf"
prime=$(sed -n 's/.*"special_primes":[^[]*\[\([0-9]*\).*/\1/p' "$work/job.json")
twice=$(sed -n 's/.*"special_primes":[^[]*\[[0-9]*, \([0-9]*\).*/\1/p' \
    "$work/job.json")
for other in $((prime + 2)) $((prime * 3)) "$twice"; do
    sed "s/$prime/$other/" "$work/job.json" >"$work/bad.json"
    refuse 4 "bad.json: .*(prime|twice)" "$blindfit" keygen "$work/bad.json" \
        -o "$work/none"
    refuse 4 "bad.json: .*(prime|twice)" "$server" train "$work/bad.json" \
        --keys "$work/keys/eval.keys" --upload "$work/upload.bf" \
        -o "$work/out.enc"
done
absent "$work/out.bf" "$work/out.enc" "$work/none"

{
    printf '\0\0\010\003\0\0\0\003\0\0\0\004\0\0\0\004'
    head -c 48 /dev/zero
} >"$work/x.idx"
refuse 2 'x.idx: image 2: 4 x 4 pixels' "$blindfit" extract "$work/x.idx" \
    --rows 3:3 --strict -o "$work/x.npy"
{
    printf "\\223NUMPY\\1\\0\\166\\0%-117s\\n" \
        "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 4, 4), }"
    head -c 48 /dev/zero
} >"$work/y.npy"
refuse 2 'y.npy: image 0: 4 x 4 pixels' "$blindfit" extract "$work/y.npy" \
    --strict -o "$work/x.npy"
absent "$work/x.npy"

# A model that tells nothing of the rows: class 1 always, and a trained one.
printf '%s\n' 0,0,0,0,0,0,0,0,0,0 1,0,0,0,0,0,0,0,0,0 0,0,0,0,0,0,0,0,0,0 \
    >"$work/one.csv"
echo '{"feature_map": "none"}' >"$work/one.csv.json"
ok "$blindfit" fit "$work/train.csv" --no-regression -o "$work/trained.csv"
grep '^0' "$work/train.csv" >"$work/zeros.csv"
guess='one.csv: right no more often than a guess of class 0'
ok "$blindfit" evaluate "$work/one.csv" "$work/train.csv"
grep -q "$guess" "$work/stderr" || fail "a model that guesses is not told"
ok "$blindfit" evaluate "$work/trained.csv" "$work/train.csv"
! grep -q guess "$work/stderr" || fail "a trained model is called a guess"
ok "$blindfit" evaluate "$work/one.csv" "$work/zeros.csv"
! grep -q guess "$work/stderr" || fail "one class alone is called a guess"
finish
