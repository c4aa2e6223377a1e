#!/bin/sh
# Two columns of labels are trained in one pass, with a model for each.
. "$(dirname "$0")/lib.sh"

rows 75 23 3 1 >"$work/train.csv"
cut -d, -f2- "$work/train.csv" >"$work/x.csv"
cut -d, -f1 "$work/train.csv" >"$work/thirds.csv"
awk '{ print $1 == 0 }' "$work/thirds.csv" >"$work/first.csv"
head -70 "$work/first.csv" >"$work/few.csv"
cd "$work" || exit 1

ok "$blindfit" plan -n 75 -d 23 -c 3,2 -o job.json --json
[ "$(number classes stdout)" = 5 ] || fail "plan: classes"
ok "$blindfit" keygen job.json -o keys
encrypt()
{
    "$blindfit" encrypt job.json x.csv --key keys/secret.key -o upload.bf "$@"
}
refuse 4 'the job has 2 columns of labels: --labels for each, not 1' \
    encrypt --labels thirds.csv
refuse 4 'few.csv has 70 labels, x.csv has 75' \
    encrypt --labels thirds.csv --labels few.csv
refuse 4 'thirds.csv: labels 0 to 2, the job is for 2 classes' \
    encrypt --labels thirds.csv --labels thirds.csv
refuse 4 'thirds.csv: labels 0 to 2, the job is for 2 classes' \
    encrypt --labels first.csv --labels thirds.csv
absent upload.bf keys/transform.bf
ok encrypt --labels thirds.csv --labels first.csv
ok "$server" train job.json --keys keys/eval.keys --upload upload.bf -o model.enc
decrypt()
{
    "$blindfit" decrypt job.json model.enc --key keys/secret.key \
        --transform keys/transform.bf "$@"
}
refuse 2 'the job has 2 columns of labels: --output for each, not 1' \
    decrypt -o thirds.npy
refuse 2 'thirds.npy' decrypt -o thirds.npy -o thirds.npy
absent thirds.npy
ok decrypt -o thirds.npy -o first.safetensors
grep -q 'first.safetensors: 2 classes, 23 features' stdout || fail "decrypt: rows"
ok decrypt -o thirds.npy -o first.safetensors --json
tr -d ' \t\n' <stdout >line
grep -q '"models":\[{"model":"thirds.npy","classes":3},{"model":"first.safetensors","classes":2}\]' \
    line || fail "decrypt --json: $(cat stdout)"
refuse 2 '--labels: fit trains one column of labels; several .* plan --classes' \
    "$blindfit" fit x.csv --labels thirds.csv --labels first.csv -o no.npy

# As accurate as separate trainings.
for column in thirds.npy first.safetensors; do
    name=${column%.*}
    ok "$blindfit" evaluate $column x.csv --labels $name.csv --json
    number accuracy stdout >accuracy
    ok "$blindfit" fit x.csv --labels $name.csv --json
    holds "($(cat accuracy) - $(number encrypted stdout)) ^ 2 < 0.0004"
done

refuse 2 "--classes: '3,' is neither" "$blindfit" plan -n 75 -d 23 -c 3, -o no.json
refuse 2 "--classes: '3,x' is neither" \
    "$blindfit" plan -n 75 -d 23 -c 3,x -o no.json
refuse 2 'labels of 1 classes; at least 2' \
    "$blindfit" plan -n 75 -d 23 -c 3,1 -o no.json
sed 's/"label_columns":.*/"label_columns": [3, 3],/' job.json >bad.json
refuse 2 'bad.json: .*6 classes in all, the job 5' "$blindfit" plan bad.json
sed 's/"label_columns":.*/"label_columns": [3.5, 1.5],/' job.json >bad.json
refuse 4 'bad.json: "label_columns": 3.5 is no whole number' "$blindfit" plan bad.json
absent no.json no.npy
finish
