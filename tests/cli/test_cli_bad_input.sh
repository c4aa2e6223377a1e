#!/bin/sh
# Faults of files and data: one line that names the file and the fault, the
# right exit code, and no files left.
. "$(dirname "$0")/lib.sh"

rows 40 9 3 1 >"$work/train.csv"
rows 20 9 3 2 >"$work/test.csv"
dir=$work/job
mkdir "$dir" "$work/other"
ok "$blindfit" plan -n 40 -d 9 -c 3 -k 1 -o "$dir/job.json"
cp "$dir/job.json" "$work/other"
for d in "$dir" "$work/other"; do
    ok "$blindfit" keygen "$d/job.json" -o "$d/keys"
    ok "$blindfit" encrypt "$d/job.json" "$work/train.csv" \
        --key "$d/keys/secret.key" -o "$d/upload.bf"
    ok "$server" train "$d/job.json" --keys "$d/keys/eval.keys" \
        --upload "$d/upload.bf" -o "$d/model.enc"
done

train() # UPLOAD KEYS JOB
{
    "$server" train "$3" --keys "$2" --upload "$1" -o "$work/out.enc"
}
decrypt() # MODEL KEY TRANSFORM JOB
{
    "$blindfit" decrypt "$4" "$1" --key "$2" --transform "$3" \
        -o "$work/out.npy"
}
encrypt() # TRAIN KEY JOB
{
    rm -f "$work/out.transform"
    "$blindfit" encrypt "$3" "$1" --key "$2" -o "$work/out.bf" \
        --transform "$work/out.transform"
}
job=$dir/job.json keys=$dir/keys/eval.keys secret=$dir/keys/secret.key
transform=$dir/keys/transform.bf upload=$dir/upload.bf model=$dir/model.enc

# ---- missing, empty, cut, changed, of another kind ---------------------------
damage() # FILE -> missing, empty, cut, long, changed, text
{
    : >"$work/empty"
    head -c $(($(stat -c %s "$1") - 7)) "$1" >"$work/cut"
    { cat "$1" && printf x; } >"$work/long"
    echo '{"this": "is none of ours"}' >"$work/text"
}
flip() # FILE OFFSET -> changed
{
    cp "$1" "$work/changed"
    old=$(od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' ')
    printf "\\$(printf %o $((old ^ 64)))" |
        dd of="$work/changed" bs=1 seek="$2" conv=notrunc 2>/dev/null
}
damage "$upload"
refuse 3 'missing.*No such file' train "$work/missing" "$keys" "$job"
for bad in empty cut long text; do
    refuse 4 "$bad" train "$work/$bad" "$keys" "$job"
done
damage "$keys"
refuse 3 'missing.*No such file' train "$upload" "$work/missing" "$job"
for bad in empty cut long text; do
    refuse 4 "$bad" train "$upload" "$work/$bad" "$job"
done
damage "$job"
refuse 3 'missing.*No such file' train "$upload" "$keys" "$work/missing"
for bad in empty cut text; do
    refuse 4 "$bad" train "$upload" "$keys" "$work/$bad"
done
damage "$model"
refuse 3 'missing.*No such file' \
    decrypt "$work/missing" "$secret" "$transform" "$job"
for bad in empty cut long text; do
    refuse 4 "$bad" decrypt "$work/$bad" "$secret" "$transform" "$job"
done
damage "$secret"
refuse 3 'missing.*No such file' \
    decrypt "$model" "$work/missing" "$transform" "$job"
for bad in empty cut long text; do
    refuse 4 "$bad" decrypt "$model" "$work/$bad" "$transform" "$job"
    refuse 4 "$bad" encrypt "$work/train.csv" "$work/$bad" "$job"
done
damage "$transform"
refuse 3 'missing.*No such file' \
    decrypt "$model" "$secret" "$work/missing" "$job"
for bad in empty cut long text; do
    refuse 4 "$bad" decrypt "$model" "$secret" "$work/$bad" "$job"
    refuse 4 "$bad" "$blindfit" inspect "$work/$bad"
done
# Single bits, from the first byte of the header to the end of the body.
for file in upload keys model secret; do
    eval path=\$$file
    bytes=$(stat -c %s "$path")
    for at in 0 10 17 33 70 100 130 159 170 200 $((bytes / 2)) \
        $((bytes - 40)) $((bytes - 1)); do
        flip "$path" "$at"
        case $file in
        upload) refuse 4 changed train "$work/changed" "$keys" "$job" ;;
        keys) refuse 4 changed train "$upload" "$work/changed" "$job" ;;
        model)
            refuse 4 changed \
                decrypt "$work/changed" "$secret" "$transform" "$job"
            ;;
        secret)
            refuse 4 changed \
                decrypt "$model" "$work/changed" "$transform" "$job"
            ;;
        esac
    done
done
flip "$upload" 8
refuse 8 'changed.*version' train "$work/changed" "$keys" "$job"
refuse 4 'secret key' train "$upload" "$secret" "$job"
refuse 4 'evaluation keys' train "$keys" "$keys" "$job"
refuse 3 'folder' train "$dir" "$keys" "$job"
refuse 4 'eval.keys: .*bytes, more than the' "$blindfit" plan "$keys"
refuse 7 'needs [0-9.]* MB of memory, 1.0 MB are allowed' "$server" train \
    "$job" --keys "$keys" --upload "$upload" -o "$work/out.enc" \
    --max-memory 1M

# ---- of another job or key ----------------------------------------------------
other=$work/other
refuse 4 'other/upload.bf: of another key' \
    train "$other/upload.bf" "$keys" "$job"
refuse 4 'upload.bf: of another key' \
    train "$upload" "$other/keys/eval.keys" "$job"
refuse 4 'other/model.enc: of another key' \
    decrypt "$other/model.enc" "$secret" "$transform" "$job"
refuse 4 'model.enc: of another key' \
    decrypt "$model" "$other/keys/secret.key" "$transform" "$job"
sed 's/"samples":\t40/"samples":\t39/' "$job" >"$work/changed.json"
refuse 4 'changed.json: "data_set" is not the one described' \
    train "$upload" "$keys" "$work/changed.json"
sed 's/"samples"/ "samples"/' "$job" >"$work/changed.json"
refuse 4 'upload.bf: of another job' \
    train "$upload" "$keys" "$work/changed.json"
refuse 4 'model.enc: of another job' \
    decrypt "$model" "$secret" "$transform" "$work/changed.json"
# Its primes serve the smaller ring as well, which they are too many for.
ok "$blindfit" plan -n 40 -d 9 -c 3 -o "$work/strong.json"
sed 's/"log2_ring_degree":\t14/"log2_ring_degree":\t13/' \
    "$work/strong.json" >"$work/weak.json"
! cmp -s "$work/strong.json" "$work/weak.json" || fail "weak.json is not weak"
insecure='weak.json: .*at most 214 for 128 bits'
refuse 5 "$insecure" "$server" plan "$work/weak.json"
refuse 5 "$insecure" train "$upload" "$keys" "$work/weak.json"
refuse 5 "$insecure" "$blindfit" keygen "$work/weak.json" -o "$work/weak"
refuse 5 "$insecure" encrypt "$work/train.csv" "$secret" "$work/weak.json"
absent "$work/out.enc" "$work/out.npy"

ok "$blindfit" decrypt "$job" "$model" --key "$secret" \
    --transform "$transform" -o "$work/model.npy"

# ---- data ------------------------------------------------------------------------
encrypt_file()
{
    encrypt "$1" "$secret" "$job"
}
bad_data() # CODE PATTERN SED-SCRIPT
{
    sed "$3" "$work/train.csv" >"$work/bad.csv"
    refuse "$1" "bad.csv.*$2" encrypt_file "$work/bad.csv"
    refuse "$1" "bad.csv.*$2" "$blindfit" fit "$work/bad.csv"
}
bad_data 6 '1' '1s/^[0-9]*/nan/'
bad_data 4 '1' '1s/^/#/'
bad_data 4 'header' '1s/^/a,b,c\n/'
bad_data 6 '5' '5s/,[^,]*/,nan/'
bad_data 6 '5' '5s/,[^,]*/,inf/'
bad_data 6 '7' '7s/^[0-9]*/-1/'
bad_data 6 '7' '7s/^[0-9]*/1.5/'
bad_data 6 '7' '7s/^[0-9]*/100/'
bad_data 4 '9' '9s/,[^,]*$//'
bad_data 4 '9' '9s/,[^,]*/,seven/'
npy() # VALUE-AS-PRINTF-BYTES: 2 x 1 doubles, 1.0 and that
{
    {
        printf '\223NUMPY\001\000v\000'
        printf '%-117s\n' \
            "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 1), }"
        printf '\000\000\000\000\000\000\360\077'
        printf "$1"
    } >"$work/x.npy"
}
printf '\000\000\010\001\000\000\000\002\000\001' >"$work/two.idx"
npy '\000\000\000\000\000\000\370\177'
refuse 6 'x.npy.*row 2' "$blindfit" fit "$work/x.npy" \
    --labels "$work/two.idx"
npy '\000\000\000\000\000\000\360\377'
refuse 6 'x.npy.*row 2' "$blindfit" fit "$work/x.npy" \
    --labels "$work/two.idx"
sed 's/^[0-9]*/1/' "$work/train.csv" >"$work/one.csv"
printf '{"feature_map": "sqrt"}' >"$work/root.csv.json"
rows 3 10 3 4 | sed 's/^[0-9]*,//' >"$work/root.csv"
sed '2s/,[^,]*/,-1/' "$work/test.csv" >"$work/negative.csv"
refuse 6 'negative.csv.*row 2.*square root.*--map none' \
    "$blindfit" predict "$work/root.csv" "$work/negative.csv"
refuse 6 'negative.csv.*row 2.*square root' \
    "$blindfit" evaluate "$work/root.csv" "$work/negative.csv"
refuse 4 'test.csv: not a list of labels: 10' "$blindfit" fit "$work/train.csv" \
    --labels "$work/test.csv"
cut -d, -f1 "$work/train.csv" >"$work/y.txt"
sed 's/^\([0-9]*\),\(.*\)/\2,\1/' "$work/train.csv" >"$work/last.csv"
refuse 6 'train.csv: column 1 holds the labels of .*y.txt' \
    "$blindfit" fit "$work/train.csv" --labels "$work/y.txt" --rows 1:30
refuse 6 'last.csv: column 10 holds the labels of .*y.txt' \
    "$blindfit" encrypt "$job" "$work/last.csv" --labels "$work/y.txt" \
    --key "$secret" -o "$work/out.bf" --transform "$work/out.transform"
refuse 2 '--test-labels needs --test' "$blindfit" fit "$work/train.csv" \
    --test-labels "$work/two.idx"
refuse 2 'one.csv.*(class|label)' encrypt_file "$work/one.csv"
refuse 2 'one.csv.*(class|label)' "$blindfit" fit "$work/one.csv"
sed 's/,.*/,1,2,3,4,5,6,7,8,9/' "$work/train.csv" >"$work/same.csv"
refuse 6 'same.csv.*same features' "$blindfit" fit "$work/same.csv"
refuse 6 'same.csv.*same features' encrypt_file "$work/same.csv"
awk -F, -v OFS=, '{ $3 = $3 "e200"; print }' "$work/train.csv" \
    >"$work/large.csv"
refuse 6 'large.csv: .*column 2 holds values so large' \
    "$blindfit" fit "$work/large.csv" --map none
refuse 6 'large.csv: .*column 2 holds values so large' \
    "$blindfit" fit "$work/large.csv" --map none --recipe paper -k 1
sed 's/,[^,]*/&e-300/g' "$work/train.csv" >"$work/small.csv"
refuse 6 'small.csv: no column varies by more' \
    "$blindfit" fit "$work/small.csv" --map none
refuse 6 'train.csv: the model would drown in noise' \
    "$blindfit" fit "$work/train.csv" --lambda 1e8
head -30 "$work/train.csv" >"$work/few.csv"
refuse 4 'few.csv.*30 rows.*40' encrypt_file "$work/few.csv"
cut -d, -f1-5 "$work/train.csv" >"$work/narrow.csv"
refuse 4 'narrow.csv.*features' encrypt_file "$work/narrow.csv"
sed 's/^\([0-9]*\),\(.*\)/\2,\1/' "$work/test.csv" >"$work/last.csv"
refuse 4 'last.csv.*first column is no label; the last may be' \
    "$blindfit" predict "$work/model.npy" "$work/last.csv"
refuse 2 'train.csv.*rows 30 to 50' "$blindfit" fit "$work/train.csv" \
    --rows 30:50
for both in '' '--rows :30' '--rows 30:40' '--rows 1:21'; do
    refuse 2 '^[^ ]* --test-rows: has rows of .*train.csv that are trained on' \
        "$blindfit" fit "$work/train.csv" --test-rows 21:30 $both
done
refuse 2 '--test-rows: has rows' "$blindfit" fit "$work/train.csv" \
    --rows 10: --test-rows :10
sed '2s/^\([^,]*\),/\1,-/' "$work/test.csv" >"$work/negative.csv"
refuse 6 'test rows: features: row 2, column 1 is -.*takes square roots' \
    "$blindfit" fit "$work/train.csv" --test "$work/negative.csv"
refuse 4 'narrow.csv.*features' \
    "$blindfit" evaluate "$work/model.npy" "$work/narrow.csv"
refuse 4 'narrow.csv.*features' \
    "$blindfit" predict "$work/model.npy" "$work/narrow.csv"
absent "$work/out.bf"

# Odd, but fine: tables as other programs write them, features that do not vary, fewer samples than features, a class
# without a sample.
"$blindfit" predict "$work/model.npy" "$work/test.csv" >"$work/predicted"
same() # SED-SCRIPT: of the test rows, predicted alike
{
    sed "$1" "$work/test.csv" >"$work/other.csv"
    ok "$blindfit" predict "$work/model.npy" "$work/other.csv"
    cmp -s "$work/stdout" "$work/predicted" || fail "$1 is predicted otherwise"
}
same 's/,/;/g'
same 's/,/\t/g'
same 's/[^,]*/"&"/g'
same '1s/^/0,1,2,3,4,5,6,7,8,9\n/'
same '1s/^/# made by a tool\nlabel,1x1,1x2,1x3,2x1,2x2,2x3,3x1,3x2,3x3\n/'
cut -d, -f1 "$work/test.csv" >"$work/y.txt"
cut -d, -f2- "$work/test.csv" >"$work/other.csv"
ok "$blindfit" evaluate "$work/model.npy" "$work/other.csv" \
    --labels "$work/y.txt"
awk -F, -v OFS=, '{ $3 = 0.25; $4 = 0; print }' "$work/train.csv" \
    >"$work/flat.csv"
ok "$blindfit" fit "$work/train.csv" --rows 21: --test-rows :20 -k 1 --json
holds "$(number samples "$work/stdout") == 20 && \
    $(number judged_rows "$work/stdout") == 20"
checks=$((checks + 1))
! grep -q 'trained on' "$work/stderr" || fail "rows that are not trained on"
cat "$work/test.csv" "$work/train.csv" >"$work/both.csv"
ok "$blindfit" fit "$work/train.csv" --test "$work/both.csv" -k 1 --json
checks=$((checks + 1))
grep -q 'both.csv: 40 of 60 test rows .* trained on' "$work/stderr" ||
    fail "rows that are trained on: $(cat "$work/stderr")"
ok "$blindfit" fit "$work/flat.csv" --test "$work/test.csv" -k 1 --json
# Weights of tiny features are beyond single precision, and a feature far from
# zero makes a bias that needs its digits.
sed 's/,[^,]*/&e-40/g' "$work/train.csv" >"$work/tiny.csv"
awk -F, -v OFS=, '{ $3 = sprintf("%.6f", $3 + 1e8); print }' \
    "$work/train.csv" >"$work/far.csv"
for data in tiny far; do
    ok "$blindfit" fit "$work/$data.csv" --map none -k 1 --no-regression \
        --json -o "$work/$data.safetensors"
    number encrypted "$work/stdout" >"$work/accuracy"
    ok "$blindfit" evaluate "$work/$data.safetensors" "$work/$data.csv" --json
    holds "$(number accuracy "$work/stdout") == $(cat "$work/accuracy")"
done
awk -F, -v OFS=, '{ $3 = $3 "e-300"; print }' "$work/train.csv" \
    >"$work/small.csv"
ok "$blindfit" fit "$work/small.csv" --map none -k 1 -q --json
grep -q 'feature 2 varies by less than' "$work/stderr" ||
    fail "a column that is left out is not told"
awk -F, -v OFS=, '{ $1 = NR - 1; print }' "$work/train.csv" \
    >"$work/numbered.csv"
ok "$blindfit" fit "$work/numbered.csv" -k 1 -q --json
grep -q 'numbered.csv: every row has a class of its own' "$work/stderr" ||
    fail "row numbers as labels are not told"
rows 12 30 2 3 >"$work/wide.csv"
ok "$blindfit" fit "$work/wide.csv" -k 1 --json
sed 's/^1,/2,/' "$work/train.csv" >"$work/gap.csv"
ok "$blindfit" fit "$work/gap.csv" -k 1 --json
grep -q 'gap.csv: no row has label 1' "$work/stderr" ||
    fail "a class without a sample is not told"

# Class names of fewer classes than planned would be lost after the server's
# run; without names, a note names the superfluous classes.
mkdir "$work/named"
ok "$blindfit" plan -n 40 -d 9 -k 1 -o "$work/named/job.json"
ok "$blindfit" keygen "$work/named/job.json" -o "$work/named"
ok encrypt "$work/train.csv" "$work/named/secret.key" "$work/named/job.json"
grep -q 'train.csv: labels 0 to 2, but the job is for 10 classes' "$work/stderr" ||
    fail "classes without rows are not told"
rm "$work/out.bf" "$work/out.transform"
cut -d, -f2- "$work/train.csv" >"$work/x.csv"
npy_header() # TYPE SHAPE
{
    printf '\223NUMPY\001\000v\000'
    printf '%-117s\n' \
        "{'descr': '$1', 'fortran_order': False, 'shape': ($2), }"
}
{
    npy_header '|u1' '40,'
    cut -c1 "$work/train.csv" | tr '012\n' '\000\001\002\n' | tr -d '\n'
} >"$work/y.npy"
echo '{"class_names": ["cat", "dog", "hen"]}' >"$work/y.npy.json"
refuse 4 'y.npy.json: does not say for which labels' \
    "$blindfit" encrypt "$work/named/job.json" "$work/x.csv" \
    --labels "$work/y.npy" --key "$work/named/secret.key" -o "$work/out.bf"
printf 'cat\ndog\nhen\n' >"$work/names.txt"
{
    printf '\0\0\010\003\0\0\0\050\0\0\0\010\0\0\0\010'
    head -c 2560 /dev/zero
} >"$work/x.idx"
mv "$work/y.npy" "$work/numbers.npy"
rm "$work/y.npy.json"
ok "$blindfit" extract "$work/x.idx" --labels "$work/numbers.npy" \
    --classes "$work/names.txt" -o "$work/x.npy" --labels-out "$work/y.npy"
refuse 4 'y.npy: 3 classes have names, the job is for 10' \
    "$blindfit" encrypt "$work/named/job.json" "$work/x.csv" \
    --labels "$work/y.npy" --key "$work/named/secret.key" -o "$work/out.bf" \
    --transform "$work/out.transform"
absent "$work/out.bf"
# A fault of the names does not lose the model.
echo '{"class_names": ["cat"]}' >"$transform.json"
ok decrypt "$model" "$secret" "$transform" "$job"
grep -q 'transform.bf.json: names of 1 classes, the model has 3' "$work/stderr" ||
    fail "a model without names is not told"
rm "$transform.json" "$work"/out.npy*

# ---- places that cannot be written --------------------------------------------
refuse 3 '/nowhere' "$blindfit" plan -n 40 -d 9 -o "$work/nowhere/job.json"
refuse 3 'is a folder' "$blindfit" plan -n 40 -d 9 -o "$work"
refuse 3 'nowhere' "$blindfit" fit "$work/train.csv" --work "$work/nowhere"
refuse 2 'work: names no folder' "$blindfit" fit "$work/train.csv" --work ""
refuse 3 'nowhere' "$blindfit" fit "$work/train.csv" -o "$work/nowhere/m.npy"
refuse 2 'already' "$blindfit" keygen "$job" -o "$dir/keys"
refuse 3 'nowhere/t' "$blindfit" encrypt "$job" "$work/train.csv" \
    --key "$secret" -o "$work/out.bf" --transform "$work/nowhere/t"
refuse 2 'models end in' "$blindfit" fit "$work/train.csv" -o "$work/m.txt"
absent "$work/out.bf"

# A run does not overwrite files that it reads or writes otherwise, under any
# name.
cat "$secret" "$upload" "$keys" "$work/train.csv" "$job" >"$work/before"
ln -s "$secret" "$work/link.key"
needed='needs it for something else'
for file in "$secret" "$work/link.key" "$transform" "$job" "$work/train.csv"
do
    refuse 2 "$needed" "$blindfit" encrypt "$job" "$work/train.csv" \
        --key "$secret" -o "$file"
done
refuse 2 "$needed" "$blindfit" encrypt "$job" "$work/train.csv" \
    --key "$secret" --transform "$secret" -o "$work/out.bf"
for file in "$upload" "$keys" "$job"; do
    refuse 2 "$needed" "$server" train "$job" --keys "$keys" \
        --upload "$upload" -o "$file"
    refuse 2 "$needed" "$server" train "$job" --keys "$keys" \
        --upload "$upload" -o "$work/out.enc" --checkpoint "$file"
done
refuse 2 "$needed" "$server" train "$job" --keys "$keys" \
    --upload "$upload" -o "$work/out.enc" --checkpoint "$work/out.enc"
# The lock of a checkpoint, which the run removes.
refuse 2 "$needed" "$server" train "$job" --keys "$keys" \
    --upload "$upload" -o "$work/out.enc.lock" --checkpoint "$work/out.enc"
cp "$upload" "$work/up.lock"
refuse 2 'up.lock: is there already, and is no lock' "$server" train "$job" \
    --keys "$keys" --upload "$work/up.lock" -o "$work/out.enc" \
    --checkpoint "$work/up"
cmp -s "$work/up.lock" "$upload" || fail "the lock took the upload"
absent "$work/out.enc" "$work/out.enc.lock" "$work/up"
refuse 2 "$needed" "$blindfit" fit "$work/train.csv" -o "$work/train.csv"
refuse 2 "$needed" "$blindfit" predict "$work/model.npy" "$work/train.csv" \
    -o "$work/train.csv"
cat "$secret" "$upload" "$keys" "$work/train.csv" "$job" |
    cmp -s - "$work/before" || fail "a file that a run needed has changed"
if [ -w /dev/full ]; then
    refuse 3 '/dev/full.*space' "$blindfit" plan -n 40 -d 9 -k 1 -o /dev/full
    refuse 3 '/dev/full.*space' "$server" train "$job" --keys "$keys" \
        --upload "$upload" -o /dev/full
    refuse 3 '/dev/full.*space' "$blindfit" encrypt "$job" "$work/train.csv" \
        --key "$secret" -o /dev/full --transform "$work/new.transform"
fi
limited() # BLOCKS-OF-512 COMMAND...: files may not grow beyond that
{
    (ulimit -f "$1" && shift && "$@")
}
mkdir "$work/limited"
refuse 3 'eval.keys.*too large' \
    limited 8 "$blindfit" keygen "$job" -o "$work/limited"
absent "$work/limited/secret.key" "$work/limited/eval.keys"
refuse 3 'out.bf.*too large' limited 8 "$blindfit" encrypt "$job" \
    "$work/train.csv" --key "$secret" -o "$work/out.bf" \
    --transform "$work/new.transform"
refuse 3 'out.enc.*too large' limited 8 "$server" train "$job" \
    --keys "$keys" --upload "$upload" -o "$work/out.enc"
absent "$work/out.bf" "$work/out.enc"

# ---- without permission ---------------------------------------------------------
# Root may read and write everything, so another user tries.
if [ "$(id -u)" != 0 ]; then
    as_other() { "$@"; }
elif setpriv --reuid 65534 --regid 65534 --clear-groups true 2>/dev/null; then
    as_other() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
else
    as_other() { false; }
fi
chmod 755 "$work" "$dir" "$dir/keys"
if ! as_other "$server" --version >/dev/null 2>&1; then
    echo "skipped: no other user to read and write as"
    finish
fi
mkdir -m 555 "$work/closed"
mkdir -m 777 "$work/open"
denied() # FILE COMMAND...: cannot be read
{
    chmod 000 "$1"
    file=$1
    shift
    refuse 3 "${file##*/}: .*Permission denied" as_other "$@"
    chmod 644 "$file"
}
cp "$work/train.csv" "$work/open/train.csv"
cp "$secret" "$work/open/secret.key"
chmod 644 "$work/open/"*
serve_as_other="$server train $job --keys $keys --upload $upload -o"
for file in "$job" "$keys" "$upload"; do
    denied "$file" $serve_as_other "$work/open/m.enc"
done
chmod 644 "$job" "$keys" "$upload" "$model" "$work/model.npy"*
encrypt_as_other="$blindfit encrypt $job $work/open/train.csv \
    --key $work/open/secret.key -o"
for file in "$work/open/train.csv" "$work/open/secret.key"; do
    denied "$file" $encrypt_as_other "$work/open/u.bf"
done
denied "$work/model.npy" "$blindfit" predict "$work/model.npy" "$work/x.csv"
denied "$work/train.csv" "$blindfit" fit "$work/train.csv"
no='closed/.*Permission denied'
refuse 3 "$no" as_other $serve_as_other "$work/closed/m.enc"
refuse 3 "$no" as_other $encrypt_as_other "$work/closed/u.bf"
refuse 3 "$no" as_other "$blindfit" keygen "$job" -o "$work/closed/keys"
refuse 3 "$no" as_other "$blindfit" plan -n 40 -d 9 -o "$work/closed/j.json"
refuse 3 "$no" as_other "$blindfit" fit "$work/open/train.csv" \
    -o "$work/closed/m.npy"
refuse 3 "$no" as_other "$blindfit" predict "$work/model.npy" "$work/x.csv" \
    -o "$work/closed/p.csv"
absent "$work/open/m.enc" "$work/open/u.bf" "$work/closed/x"
finish
