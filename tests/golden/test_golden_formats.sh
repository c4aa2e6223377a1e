#!/bin/sh
# The second reader of the file formats, written from docs/formats.md, takes all
# golden files and what the programs write today; and it can refuse.
. "$(dirname "$0")/../cli/lib.sh"

python=python3
$python -c 'import hashlib; hashlib.blake2b(digest_size=32)' 2>/dev/null || {
    echo "skipped: no python3 with hashlib"
    exit 77
}
check()
{
    $python tests/golden/check_formats.py "$@"
}
ok check
for file in tests/golden/*-v1/*; do
    grep -q "^$file: " "$work/stdout" || fail "$file was not read"
done

ok "$blindfit" plan -n 40 -d 9 -c 3 --iterations 3 -o "$work/job.json"
ok check "$work/job.json"

# A flipped bit in each kind of file.
cp -r tests/golden/wire-v1 tests/golden/train-v1 "$work"
for file in "$work"/*-v1/*.key "$work"/*-v1/*.keys "$work"/*-v1/*.enc \
    "$work"/*-v1/*.bf; do
    at=$(($(stat -c %s "$file") / 2))
    old=$(od -An -tu1 -j $at -N 1 "$file" | tr -d ' ')
    printf "\\$(printf %o $((old ^ 1)))" |
        dd of="$file" bs=1 seek=$at conv=notrunc 2>/dev/null
    checks=$((checks + 1))
    ! check "$file" >/dev/null 2>&1 || fail "$file: a flipped bit was accepted"
done
finish
