#!/bin/sh
# The second reader of the file formats, written from docs/formats.md, accepts
# all golden files and refuses damaged ones; a second owner decrypts files of
# the programs.
. "$(dirname "$0")/../cli/lib.sh"

# As in test_regnet_torch, the system's, which has what Debian packages.
python=python3
[ -x /usr/bin/python3 ] && python=/usr/bin/python3
export PYTHONDONTWRITEBYTECODE=1
$python -c 'import hashlib; hashlib.blake2b(digest_size=32)' 2>/dev/null || {
    echo "skipped: no python3 with hashlib"
    exit 77
}
check()
{
    $python tests/golden/check_formats.py "$@"
}
ok check
for file in tests/golden/*-v2/*; do
    grep -q "^$file: " "$work/stdout" || fail "$file was not read"
done

# A flipped bit in each kind of file.
cp -r tests/golden/wire-v2 tests/golden/train-v2 "$work"
for file in "$work"/*-v2/*.key "$work"/*-v2/*.keys "$work"/*-v2/*.enc \
    "$work"/*-v2/*.bf; do
    at=$(($(stat -c %s "$file") / 2))
    old=$(od -An -tu1 -j $at -N 1 "$file" | tr -d ' ')
    printf "\\$(printf %o $((old ^ 1)))" |
        dd of="$file" bs=1 seek=$at conv=notrunc 2>/dev/null
    checks=$((checks + 1))
    ! check "$file" >/dev/null 2>&1 || fail "$file: a flipped bit was accepted"
done

$python -c 'import numpy' 2>/dev/null || {
    echo "skipped: no numpy for $python, so no second owner"
    finish
}
rows 40 9 3 1 >"$work/train.csv"
cut -d, -f2- "$work/train.csv" >"$work/rows.csv"
for recipe in whitened paper relu; do
    dir=$work/$recipe
    mkdir "$dir"
    case $recipe in
    relu) set -- --expand relu:14:77 ;;
    *) set -- --recipe $recipe ;;
    esac
    ok "$blindfit" plan -n 40 -d 9 -c 3 "$@" -o "$dir/job.json"
    ok check "$dir/job.json"
    ok "$blindfit" keygen "$dir/job.json" -o "$dir"
    ok "$blindfit" encrypt "$dir/job.json" "$work/train.csv" \
        --key "$dir/secret.key" -o "$dir/upload.bf"
    ok "$server" train "$dir/job.json" --keys "$dir/eval.keys" \
        --upload "$dir/upload.bf" -o "$dir/model.enc"
    ok "$blindfit" decrypt "$dir/job.json" "$dir/model.enc" \
        --key "$dir/secret.key" --transform "$dir/transform.bf" \
        -o "$dir/model.npy"
    ok "$blindfit" predict "$dir/model.npy" "$work/rows.csv" \
        -o "$dir/scores.csv"
    ok $python tests/golden/check_job.py "$dir/job.json" "$dir/secret.key" \
        "$dir/upload.bf" "$dir/model.enc" "$dir/transform.bf" \
        "$work/train.csv" "$dir/model.npy" "$dir/scores.csv" &&
        cat "$work/stdout"
    ok check "$dir/transform.bf"
done
finish
