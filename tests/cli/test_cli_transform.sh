#!/bin/sh
# A transform belongs to one upload: writing, reading and reusing transforms
# refuse any other.
. "$(dirname "$0")/lib.sh"

dir=$work/job job=$work/job/job.json
mkdir "$dir"
rows 300 9 3 1 >"$work/a.csv"
rows 300 9 3 2 | awk -F, -v OFS=, '{ for (j = 2; j <= NF; j++) $j *= 50 * j }
    1' >"$work/b.csv"
ok "$blindfit" plan -n 300 -d 9 -c 3 -o "$job"
encrypt() # TRAIN UPLOAD [OPTION...]
{
    train=$1 upload=$2
    shift 2
    "$blindfit" encrypt "$job" "$work/$train.csv" --key "$dir/secret.key" \
        -o "$dir/$upload" "$@"
}
decrypt() # MODEL TRANSFORM
{
    "$blindfit" decrypt "$job" "$dir/$1" --key "$dir/secret.key" \
        --transform "$2" -o "$work/m.npy"
}
accuracy() # of the model on a.csv
{
    ok "$blindfit" evaluate "$work/m.npy" "$work/a.csv" --json
    number accuracy "$work/stdout"
}
ok "$blindfit" keygen "$job" -o "$dir"
ok encrypt a ua
ok "$server" train "$job" --keys "$dir/eval.keys" --upload "$dir/ua" \
    -o "$dir/ma"
ok decrypt ma "$dir/transform.bf"
good=$(accuracy)
holds "$good > 0.9"

# Another fold: the first one's transform is neither replaced nor mixed up.
cp "$dir/transform.bf" "$work/kept.bf"
refuse 2 'transform.bf: is there already; no model' encrypt b ub
cmp -s "$dir/transform.bf" "$work/kept.bf" || fail "the transform was replaced"
absent "$dir/ub"
ok encrypt b ub --transform "$dir/b.bf"
refuse 4 'b.bf: of another upload' decrypt ma "$dir/b.bf"
ok encrypt a again --transform "$dir/again.bf"
refuse 4 'again.bf: of another upload' decrypt ma "$dir/again.bf"
ok decrypt ma "$dir/transform.bf"

# Two at once: one of them finds the place free.
for i in 1 2; do
    (encrypt a "race$i" --transform "$dir/race.bf" >/dev/null 2>&1
     echo $? >"$work/rc.$i") &
done
wait
checks=$((checks + 1))
[ "$(cat "$work"/rc.? | sort | tr '\n' ' ')" = '0 2 ' ] ||
    fail "two encrypts at once: $(cat "$work"/rc.?)"
won=1
[ "$(cat "$work/rc.1")" = 0 ] || won=2
absent "$dir/race$((3 - won))"
ok "$server" train "$job" --keys "$dir/eval.keys" --upload "$dir/race$won" \
    -o "$dir/mr"
ok decrypt mr "$dir/race.bf"

# Of another key, and of another job of the same shapes.
mkdir "$dir/other"
ok "$blindfit" keygen "$job" -o "$dir/other"
ok "$blindfit" encrypt "$job" "$work/a.csv" --key "$dir/other/secret.key" \
    -o "$dir/other/u"
refuse 4 'transform.bf: of another key' decrypt ma "$dir/other/transform.bf"
for options in '--map none' '--recipe paper' '--lambda 0.5'; do
    ok "$blindfit" plan -n 300 -d 9 -c 3 -k 1 $options \
        -o "$work/other.json"
    rm -rf "$work/other"
    ok "$blindfit" keygen "$work/other.json" -o "$work/other"
    ok "$blindfit" encrypt "$work/other.json" "$work/a.csv" \
        --key "$work/other/secret.key" -o "$work/other/u"
    refuse 4 'transform.bf: of another data set' decrypt ma \
        "$work/other/transform.bf"
    case $options in
    *none) none=$work/none.bf && cp "$work/other/transform.bf" "$none" ;;
    *paper)
        refuse 4 'recipe paper, the job.s is whitened' encrypt a u2 \
            --fitted "$work/other/transform.bf" --transform "$dir/u2.bf"
        ;;
    esac
done

# --fitted: rows of another fold under the first one's transform.
ok "$blindfit" plan -n 300 -d 9 -c 3 -k 1 --map sqrt -o "$work/sqrt.json"
rm -rf "$work/other"
ok "$blindfit" keygen "$work/sqrt.json" -o "$work/other"
refuse 4 'feature map none, the job.s is sqrt' "$blindfit" encrypt \
    "$work/sqrt.json" "$work/a.csv" --key "$work/other/secret.key" \
    -o "$work/other/u" --fitted "$none"
absent "$work/other/u" "$work/other/transform.bf"
refuse 2 'transform.bf: is there already' encrypt a uf \
    --fitted "$dir/transform.bf"
ok encrypt a uf --fitted "$dir/transform.bf" --transform "$dir/uf.bf"
ok "$server" train "$job" --keys "$dir/eval.keys" --upload "$dir/uf" \
    -o "$dir/mf"
refuse 4 'transform.bf: of another upload' decrypt mf "$dir/transform.bf"
ok decrypt mf "$dir/uf.bf"
holds "$(accuracy) == $good"

# A safe job refuses rows that the transform does not whiten, or that its clip
# leaves too long.
ok "$blindfit" plan -n 300 -d 9 -c 3 --map none --safe -o "$work/safe.json"
safe() # TRAIN TRANSFORM UPLOAD
{
    "$blindfit" encrypt "$work/safe.json" "$work/$1.csv" \
        --key "$work/safe/secret.key" -o "$work/safe/$3" --fitted "$2" \
        --transform "$work/safe/$3.bf"
}
ok "$blindfit" keygen "$work/safe.json" -o "$work/safe"
ok "$blindfit" encrypt "$work/safe.json" "$work/a.csv" \
    --key "$work/safe/secret.key" -o "$work/safe/u"
ok safe a "$work/safe/transform.bf" again
refuse 6 'transform.bf: .*row [0-9]* is .* long|does not whiten' \
    safe b "$work/safe/transform.bf" b
refuse 6 'none.bf: .*row [0-9]* is .* long by this transform' safe a "$none" c
absent "$work/safe/b" "$work/safe/c" "$work/safe/b.bf" "$work/safe/c.bf"

# Without a clip, rows by another transform can exceed the job's bound.
ok "$blindfit" plan -n 300 -d 9 -c 3 -k 1 --map none --clip 0 \
    -o "$work/long.json"
ok "$blindfit" keygen "$work/long.json" -o "$work/long"
long() # TRAIN OPTION...
{
    train=$1
    shift
    "$blindfit" encrypt "$work/long.json" "$work/$train.csv" \
        --key "$work/long/secret.key" -o "$work/long/u" "$@"
}
ok long a
awk -F, '{ printf "%s", $1; for (i = 2; i <= NF; i++) printf ",%g", 1e4 * $i
    print "" }' "$work/a.csv" >"$work/far.csv"
refuse 6 'far.csv: a transformed feature in ciphertext 1 of the rows exceeds' \
    long far --fitted "$work/long/transform.bf" --transform "$work/long/t.bf" \
    --rehearse no
absent "$work/long/t.bf"

# A job.json with changed bytes is another job, and the message says why.
sed 's/$/\r/' "$job" >"$work/crlf.json"
{ printf '\357\273\277'; cat "$job"; } >"$work/bom.json"
tr -d ' \n' <"$job" >"$work/bare.json"
for changed in crlf bom bare; do
    refuse 4 'or job.json has changed: .* every byte' "$server" train \
        "$work/$changed.json" --keys "$dir/eval.keys" --upload "$dir/ua" \
        -o "$work/out.enc"
    refuse 4 'or job.json has changed: .* every byte' "$blindfit" decrypt \
        "$work/$changed.json" "$dir/ma" --key "$dir/secret.key" \
        --transform "$dir/transform.bf" -o "$work/m.npy"
done
finish
