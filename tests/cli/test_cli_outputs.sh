#!/bin/sh
# Outputs: a run overwrites or removes none of its inputs, files that belong
# together appear together, failures leave all files unchanged.
. "$(dirname "$0")/lib.sh"

rows 40 9 3 1 >"$work/train.csv"
dir=$work/job job=$work/job/job.json
mkdir "$dir"
ok "$blindfit" plan -n 40 -d 9 -c 3 -o "$job"
for keys in a b; do
    ok "$blindfit" keygen "$job" -o "$dir/$keys"
    ok "$blindfit" encrypt "$job" "$work/train.csv" \
        --key "$dir/$keys/secret.key" -o "$dir/$keys/upload.bf"
done
ok "$server" train "$job" --keys "$dir/a/eval.keys" \
    --upload "$dir/a/upload.bf" -o "$dir/model.enc"

# ---- refusals after which there is something to free -------------------------
refuse 4 'of another key' "$blindfit" decrypt "$job" "$dir/model.enc" \
    --key "$dir/b/secret.key" --transform "$dir/b/transform.bf" \
    -o "$work/out.npy"
absent "$work/out.npy" "$work/out.npy.json"

# ---- what lies beside an output ----------------------------------------------
encrypt() # TRANSFORM [JOB]
{
    "$blindfit" encrypt "${2:-$job}" "$work/train.csv" \
        --key "$dir/a/secret.key" -o "$work/out.bf" --transform "$1"
}
cp "$job" "$work/whole.json"
same() # WHAT
{
    checks=$((checks + 1))
    cmp -s "$job" "$work/whole.json" || fail "$1: the job is gone"
    absent "$work/out.bf"
}
refuse 2 'job.json: to be written, but' encrypt "$dir/job"
same 'encrypt --transform job'
cp "$job" "$work/mine.json"
refuse 2 'mine.json: is there already and holds no class names' \
    encrypt "$work/mine"
cmp -s "$work/mine.json" "$work/whole.json" || fail "a .json of mine is gone"
absent "$work/mine" "$work/out.bf"
# Names of an earlier transform do not pass to a transform without names.
echo '{"class_names": ["a", "b", "c"]}' >"$work/named.json"
ok encrypt "$work/named"
absent "$work/named.json"
rm "$work/out.bf"
checks=$((checks + 1)) # nothing lies beside a pipe
encrypt /dev/fd/3 3>&1 >"$work/stdout" 2>"$work/stderr" |
    cat >"$work/piped"
[ "$(head -c 8 "$work/piped")" = BFTRANSF ] && [ -s "$work/out.bf" ] ||
    fail "a transform into a pipe: $(cat "$work/stderr")"
rm -f "$work/out.bf"
for form in npy csv; do
    cp "$job" "$dir/m.$form.json"
    refuse 2 "m.$form.json: to be written, but" "$blindfit" decrypt \
        "$dir/m.$form.json" "$dir/model.enc" --key "$dir/a/secret.key" \
        --transform "$dir/a/transform.bf" -o "$dir/m.$form"
    cmp -s "$dir/m.$form.json" "$job" || fail "decrypt -o m.$form took the job"
    absent "$dir/m.$form"
    rm "$dir/m.$form.json"
done
ok "$blindfit" decrypt "$job" "$dir/model.enc" --key "$dir/a/secret.key" \
    --transform "$dir/a/transform.bf" -o "$dir/m.npy"

# Only the JSON of a model gives way to that of another.
"$blindfit" fit "$work/train.csv" -k 1 --no-regression --json \
    >"$work/report.json" || fail "fit ended with $?"
echo '{"my": "notes"}' >"$work/notes.json"
: >"$work/empty.json"
for kind in report notes empty; do
    cp "$work/$kind.json" "$dir/kept.csv.json"
    kept='kept.csv.json: is there already and holds no feature map of a model'
    refuse 2 "$kept" "$blindfit" fit "$work/train.csv" -o "$dir/kept.csv"
    refuse 2 "$kept" "$blindfit" decrypt "$job" "$dir/model.enc" \
        --key "$dir/a/secret.key" --transform "$dir/a/transform.bf" \
        -o "$dir/kept.csv"
    cmp -s "$work/$kind.json" "$dir/kept.csv.json" || fail "no $kind is left"
    absent "$dir/kept.csv"
done

# A private model stays private, a link still points to it, and the case of an
# ending does not matter.
chmod 600 "$dir/m.npy" "$dir/m.npy.json"
mkdir "$work/links"
ln -s "$dir/m.npy" "$work/links/M.NPY"
ok "$blindfit" decrypt "$job" "$dir/model.enc" --key "$dir/a/secret.key" \
    --transform "$dir/a/transform.bf" -o "$work/links/M.NPY"
ok "$blindfit" evaluate "$work/links/M.NPY" "$work/train.csv"
checks=$((checks + 1))
[ -L "$work/links/M.NPY" ] && [ -f "$work/links/M.NPY.json" ] &&
    [ "$(stat -c %a "$dir/m.npy")" = 600 ] ||
    fail "a private model behind a link: $(ls -l "$dir" "$work/links")"

{
    printf '\0\0\010\003\0\0\0\003\0\0\0\010\0\0\0\010'
    head -c 192 /dev/zero
} >"$work/x.idx"
printf '\0\0\010\001\0\0\0\003\0\001\002' >"$work/y.idx"
extract() # LABELS-OUT
{
    "$blindfit" extract "$work/x.idx" --labels "$work/y.idx" \
        -o "$work/x.npy" --labels-out "$1"
}
cp "$job" "$work/y.npy.json"
refuse 2 'y.npy.json: is there already and holds no class' extract "$work/y.npy"
absent "$work/x.npy" "$work/y.npy"
rm "$work/y.npy.json"
# A link to a file that comes to be in the same run.
ln -s x.npy "$work/y.npy"
refuse 2 'x.npy: to be written, but' extract "$work/y.npy"
absent "$work/x.npy"
rm "$work/y.npy"

ok extract "$work/y.npy"

# ---- keys --------------------------------------------------------------------
keygen() # FOLDER
{
    "$blindfit" keygen "$job" -o "$1"
}
mkdir "$work/keys"
echo secret >"$work/keys/secret.key"
refuse 2 'secret.key: is there already' keygen "$work/keys"
absent "$work/keys/eval.keys"
mv "$work/keys/secret.key" "$work/keys/eval.keys"
refuse 2 'eval.keys: is there already' keygen "$work/keys"
absent "$work/keys/secret.key"
[ "$(cat "$work/keys/eval.keys")" = secret ] || fail "keygen took eval.keys"

# Several at once in one folder: one of them makes both files of one key.
mkdir "$work/race"
for i in 1 2 3 4; do
    (keygen "$work/race" >/dev/null 2>"$work/race.$i"; echo $? >"$work/rc.$i") &
done
wait
checks=$((checks + 2))
[ "$(cat "$work"/rc.? | sort | tr '\n' ' ')" = '0 2 2 2 ' ] ||
    fail "four keygens at once: $(cat "$work"/rc.? "$work"/race.?)"
id() # FILE
{
    "$blindfit" inspect "$1" --json | grep '"key_id"'
}
[ "$(id "$work/race/secret.key")" = "$(id "$work/race/eval.keys")" ] ||
    fail "four keygens at once: keys of two"

# ---- files that are looked at once, or too late ------------------------------
refuse 3 'nowhere/job.json: cannot create' \
    "$blindfit" plan -n 40 -d 9 -c 3 -o "$work/nowhere/job.json"
ok "$blindfit" fit "$work/train.csv" --every-iteration --json
cp "$work/stdout" "$work/fit.json"
cp "$work/fit.json" "$work/kept.json"
refuse 2 'fit.json: to be written, but' \
    "$blindfit" report "$work/fit.json" --curve "$work/fit.json"
cmp -s "$work/fit.json" "$work/kept.json" || fail "report took its input"

# Class names lie beside labels and transforms.
refuse 2 'transform.bf.json: to be written, but' "$blindfit" encrypt "$job" \
    "$work/train.csv" --key "$dir/a/secret.key" --only labels \
    --fitted "$dir/a/transform.bf" -o "$dir/a/transform.bf.json"
absent "$dir/a/transform.bf.json"
refuse 2 'labels.npy.json: to be written, but' "$blindfit" encrypt "$job" \
    "$work/train.csv" --key "$dir/a/secret.key" --transform "$work/none.bf" \
    --labels "$work/labels.npy" -o "$work/labels.npy.json"
absent "$work/labels.npy.json" "$work/none.bf"

# A job may be moved during the run, as it was read at the start.
checks=$((checks + 1))
cp "$job" "$work/moved.json"
"$server" train "$work/moved.json" --keys "$dir/a/eval.keys" --json \
    --upload "$dir/a/upload.bf" -o "$work/moved.enc" \
    --checkpoint "$work/state.bf" >"$work/stdout" 2>"$work/stderr" &
pid=$!
while [ ! -e "$work/state.bf" ] && kill -s 0 $pid 2>/dev/null; do
    sleep 0.01
done
rm "$work/moved.json"
wait $pid || fail "train: $(cat "$work/stderr")"
holds "$(number samples "$work/stdout") == 40"

# A plan that ends badly leaves no job.
refuse 2 '[0-9]* ranks' "$blindfit" plan -n 40 -d 9 -c 3 --ranks 1000 \
    -o "$work/none.json"
absent "$work/none.json"
finish
