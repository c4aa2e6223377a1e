#!/bin/sh
# Class names of a foreign model: their effect on a .csv and on a terminal.
. "$(dirname "$0")/lib.sh"

printf '1,2\n3,-4\n-5,6\n7,0\n' >"$work/model.csv"
cat >"$work/model.csv.json" <<'EOF'
{"feature_map": "none", "class_names":
 ["cat, grey", "the \"dog\"", "\u001b[2J\u009b31m\nx", "plain"]}
EOF
printf '0,0.5\n1,-9\n2,9\n3,0.1\n' >"$work/test.csv"

# Names fill their column by characters, and are cut between characters.
cp "$work/model.csv" "$work/wide.csv"
cat >"$work/wide.csv.json" <<'EOF'
{"feature_map": "none", "class_names": ["caf\u00e9", "abcdefghijkl\u00e9m",
 "dog", "plain"]}
EOF
ok "$blindfit" evaluate "$work/wide.csv" "$work/test.csv"
for name in 'café         ' abcdefghijklé 'dog          '; do
    checks=$((checks + 1))
    grep -q "^    [0-3] $name      [01]" "$work/stdout" ||
        fail "evaluate: not '$name': $(tail -5 "$work/stdout")"
done

ok "$blindfit" predict "$work/model.csv" "$work/test.csv"
if command -v python3 >/dev/null; then
    checks=$((checks + 1))
    python3 - "$work/stdout" <<'EOF' || fail "predict: $(cat "$work/stdout")"
import csv, sys
rows = list(csv.reader(open(sys.argv[1], newline="")))
names = ["cat, grey", 'the "dog"', "?[2J??31m?x", "plain"]
assert rows[0][-1] == "name" and {len(r) for r in rows} == {6}
assert [r[5] for r in rows[1:]] == [names[int(r[0])] for r in rows[1:]]
assert {r[0] for r in rows[1:]} >= {"1", "2", "3"}
EOF
fi
holds "$(LC_ALL=C tr -d '\n\40-\176' <"$work/stdout" | wc -c) == 0"
ok "$blindfit" evaluate "$work/model.csv" "$work/test.csv"
grep -q 'cat, grey' "$work/stdout" || fail "evaluate: no names"
holds "$(LC_ALL=C tr -d '\n\40-\176' <"$work/stdout" | wc -c) == 0"

# What inspect says of an owner's own files; the server's program reads none.
inspects() # FILE PATTERN...
{
    ok "$blindfit" inspect "$work/$1"
    file=$1
    shift
    for pattern; do
        grep -q -E -e "$pattern" "$work/stdout" ||
            fail "inspect $file: no '$pattern' in: $(cat "$work/stdout")"
    done
    holds "$(LC_ALL=C tr -d '\n\40-\176' <"$work/stdout" | wc -c) == 0"
}
inspects model.csv 'model, ' 'classes +4$' 'features +1, as they are' \
    '1: the "dog"' '2: [?]'
inspects test.csv 'labelled rows' 'rows +4$' 'features +1, from -9 to 9' \
    'classes +4$'
refuse 4 'model.csv: ' "$server" inspect "$work/model.csv"
printf 'no array' >"$work/bad.npy"
refuse 4 'bad.npy: ' "$blindfit" inspect "$work/bad.npy"
printf 'no tensors' >"$work/bad.safetensors"
refuse 4 'bad.safetensors: ' "$blindfit" inspect "$work/bad.safetensors"
refuse 3 'none.csv: ' "$blindfit" inspect "$work/none.csv"

# ---- classes of one file and of another ----------------------------------------
export LC_ALL=C # awk writes bytes
printf 'ant\nbee\ncow\n' >"$work/three.txt"
printf 'ant\ncow\n' >"$work/two.txt"
printf 'ant\ndog\n' >"$work/foreign.txt"
# pictures NAME COUNT CLASSES: picture i of class i mod CLASSES, in stripes that
# tell it; of two classes the second is drawn as the third of three.
pictures()
{
    {
        printf '\0\0\010\003\0\0\0'"\\$(printf %03o $2)"'\0\0\0\010\0\0\0\010'
        awk -v n="$2" -v c="$3" 'BEGIN {
            for (i = 0; i < n; i++) for (k = 0; k < 64; k++) {
                class = i % c; if (c == 2 && class == 1) class = 2
                on = class == 0 ? k % 2 : class == 1 ? int(k / 8) % 2 : k % 4 > 1
                printf "%c", on ? 100 + i : 1 + (i * 7 + k) % 9
            }
        }'
    } >"$work/$1.idx"
    {
        printf '\0\0\010\001\0\0\0'"\\$(printf %03o $2)"
        awk -v n="$2" -v c="$3" 'BEGIN {
            for (i = 0; i < n; i++) printf "%s", i % c ? i % c == 1 ? "B" : "C" : "A"
        }' | tr ABC '\000\001\002'
    } >"$work/$1-y.idx"
}
pictures train 24 3
pictures test 10 2
extract() # NAME CLASSES OUTPUT OPTION...
{
    name=$1 list=$2 out=$3
    shift 3
    "$blindfit" extract "$work/$name.idx" --labels "$work/$name-y.idx" \
        --classes "$work/$list.txt" -o "$work/$out.npy" \
        --labels-out "$work/$out-y.npy" "$@"
}
ok extract train three x
ok "$blindfit" fit "$work/x.npy" --labels "$work/x-y.npy" -o "$work/m.npy" \
    -k 1 --no-regression

# A test set without bees: label 1 is cow there, and 2 in the model.
ok extract test two t
ok "$blindfit" evaluate "$work/m.npy" "$work/t.npy" --labels "$work/t-y.npy" \
    --json
holds "$(number accuracy "$work/stdout") == 1"
ok "$blindfit" fit "$work/x.npy" --labels "$work/x-y.npy" \
    --test "$work/t.npy" --test-labels "$work/t-y.npy" -k 1 --no-regression \
    --json
holds "$(number encrypted "$work/stdout") == 1"
# The same from the start, by the classes of labels or of a model.
for from in x-y.npy m.npy; do
    ok "$blindfit" extract "$work/test.idx" --labels "$work/t-y.npy" \
        --classes "$work/$from" -o "$work/u.npy" --labels-out "$work/u-y.npy"
    grep -q bee "$work/u-y.npy.json" || fail "--classes $from gave no names"
    ok "$blindfit" evaluate "$work/m.npy" "$work/u.npy" \
        --labels "$work/u-y.npy" --json
    holds "$(number accuracy "$work/stdout") == 1"
done
# A class that the model does not know.
ok extract test foreign f
refuse 4 "f-y.npy: row 2 is of class 'dog', which is none of .* ant, bee, cow" \
    "$blindfit" evaluate "$work/m.npy" "$work/f.npy" --labels "$work/f-y.npy"
refuse 4 "test.idx: image 1 is of class 'dog'" "$blindfit" extract \
    "$work/test.idx" --labels "$work/f-y.npy" --classes "$work/m.npy" \
    -o "$work/v.npy"
absent "$work/v.npy"
# Labels that another program wrote where these were.
cp "$work/u-y.npy" "$work/f-y.npy"
refuse 4 'f-y.npy.json: its class_names were written for other labels' \
    "$blindfit" evaluate "$work/m.npy" "$work/f.npy" --labels "$work/f-y.npy"

# Step by step: an upload of other rows for a transform that is there.
"$blindfit" plan -n 24 -d 925 -c 3 -k 1 -o "$work/job.json" -q >/dev/null
ok "$blindfit" keygen "$work/job.json" -o "$work/keys"
ok "$blindfit" encrypt "$work/job.json" "$work/x.npy" \
    --labels "$work/x-y.npy" --key "$work/keys/secret.key" -o "$work/up.bf"
printf 'cow\nbee\ndog\n' >"$work/turned.txt"
ok extract train turned w
refuse 4 "w-y.npy: row 3 is of class 'dog'" "$blindfit" encrypt \
    "$work/job.json" "$work/w.npy" --labels "$work/w-y.npy" \
    --key "$work/keys/secret.key" --fitted "$work/keys/transform.bf" \
    --transform "$work/t2.bf" -o "$work/up2.bf"
absent "$work/up2.bf" "$work/t2.bf"

# Labels of further jobs over these rows: the model gets the names beside the
# transform, which are said if they are not those of the labels.
labels_alone() # JOB, --labels FILE...
{
    over=$1
    shift
    "$blindfit" encrypt "$work/$over.json" "$work/x.npy" "$@" --only labels \
        --key "$work/keys/secret.key" --fitted "$work/keys/transform.bf" \
        -o "$work/l.bf"
}
tells() # PATTERN, or nothing of names
{
    checks=$((checks + 1))
    told=$(grep names "$work/stderr" | grep -e "$1")
    [ "${1:+x}" = "${told:+x}" ] || fail "encrypt: not '$1': $told"
}
for classes in 3 2 3,2; do
    ok "$blindfit" plan --over "$work/job.json" -c $classes \
        -o "$work/over-$classes.json"
done
cp "$work/x-y.npy" "$work/plain.npy"
awk 'BEGIN { for (i = 0; i < 24; i++) print i % 2 }' >"$work/half.csv"
pictures half 24 2
ok extract half two h
ok labels_alone over-3 --labels "$work/x-y.npy"
tells ''
ok labels_alone over-3 --labels "$work/plain.npy"
tells 'plain.npy: no class names, .*json: ant, bee, cow; --transform OTHER '
refuse 4 "w-y.npy: row 3 is of class 'dog'.*; --transform OTHER writes" \
    labels_alone over-3 --labels "$work/w-y.npy"
ok labels_alone over-2 --labels "$work/half.csv"
tells 'transform.bf.json: names of 3 classes, the job has 2: the model gets none'
refuse 4 'h-y.npy: class names other than those in .*json; --transform OTHER' \
    labels_alone over-2 --labels "$work/h-y.npy"
ok labels_alone over-3,2 --labels "$work/x-y.npy" --labels "$work/h-y.npy"
tells 'x-y.npy: the class names are not kept; --transform OTHER writes a copy'
ok labels_alone over-3,2 --labels "$work/x-y.npy" --labels "$work/h-y.npy" \
    --transform "$work/other.bf"
tells ''
grep -q 'ant.*bee.*cow.*ant.*cow' "$work/other.bf.json" ||
    fail "names of several columns are not beside their transform"
rm "$work/keys/transform.bf.json"
ok labels_alone over-2 --labels "$work/h-y.npy"
tells 'h-y.npy: the class names are not kept; --transform OTHER'

# Names that are not UTF-8: of files, in messages and in JSON; of classes.
latin=$(printf '%s/caf\351.npy' "$work")
ok extract train three x
mv "$work/x.npy" "$latin"
printf 'caf\351\n' >"$work/latin.txt"
refuse 4 "latin.txt: class name 1, 'caf\?', is not UTF-8" extract test latin l
refuse 3 'caf\?.npy/none.npy: Not a directory' "$blindfit" evaluate \
    "$work/m.npy" "$latin/none.npy"
ok "$blindfit" predict "$work/m.npy" "$latin" -o "$latin.csv" --json
checks=$((checks + 1))
if command -v python3 >/dev/null; then
    python3 -c 'import json, sys; json.loads(open(sys.argv[1], "rb").read())' \
        "$work/stdout" || fail "predict --json is not UTF-8"
fi
finish
