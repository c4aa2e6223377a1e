#!/bin/sh
# docs/json.md names every key that --json prints, and no others.
. "$(dirname "$0")/lib.sh"

page=docs/json.md
rows 40 60 3 1 >"$work/train.csv"
: >"$work/all"

printed() # COMMAND...: its keys are added to those seen
{
    ok "$@" --json
    grep -o '"[A-Za-z_0-9]*":' "$work/stdout" | tr -d '":' >>"$work/all"
}

printed "$blindfit" extract data/digits-train-images.idx.gz --first 20 \
    --labels data/digits-train-labels.idx.gz -o "$work/x.npy" \
    --labels-out "$work/y.npy"
printed "$blindfit" plan -n 40 -d 60 -c 3 --expand relu:20 \
    -o "$work/job.json"
printed "$blindfit" plan --over "$work/job.json" -c 2
printed "$blindfit" plan "$work/job.json" --ranks 1
printed "$blindfit" keygen "$work/job.json" -o "$work/keys"
printed "$blindfit" encrypt "$work/job.json" "$work/train.csv" \
    --key "$work/keys/secret.key" -o "$work/upload.bf"
printed "$server" train "$work/job.json" --keys "$work/keys/eval.keys" \
    --upload "$work/upload.bf" -o "$work/model.enc"
printed "$blindfit" decrypt "$work/job.json" "$work/model.enc" \
    --key "$work/keys/secret.key" --transform "$work/keys/transform.bf" \
    --check "$work/train.csv" -o "$work/model.npy"
# A job with an alternative, and a job with refreshed weights and certificates.
printed "$blindfit" plan -n 10000 -d 30 -c 3 -k 3
cut -d, -f1-4 "$work/train.csv" >"$work/narrow.csv"
ok "$blindfit" plan -n 40 -d 3 -c 3 -k 2 --refresh yes --certificate \
    -o "$work/two.json"
ok "$blindfit" keygen "$work/two.json" -o "$work/keys-2"
ok "$blindfit" encrypt "$work/two.json" "$work/narrow.csv" \
    --key "$work/keys-2/secret.key" -o "$work/two.bf"
ok "$server" train "$work/two.json" --keys "$work/keys-2/eval.keys" \
    --upload "$work/two.bf" -o "$work/two.enc"
printed "$blindfit" decrypt "$work/two.json" "$work/two.enc" \
    --key "$work/keys-2/secret.key" --transform "$work/keys-2/transform.bf" \
    -o "$work/two.npy"
# An upload in parts.
ok "$blindfit" plan -n 40 -d 60 -c 3 -k 1 --ranks 2 -o "$work/ranks.json"
ok "$blindfit" keygen "$work/ranks.json" -o "$work/keys-r"
printed "$blindfit" encrypt "$work/ranks.json" "$work/train.csv" \
    --key "$work/keys-r/secret.key" --parts 2 -o "$work/parts.bf"
printed "$blindfit" evaluate "$work/model.npy" "$work/train.csv"
printed "$blindfit" predict "$work/model.npy" "$work/train.csv" \
    -o "$work/classes.csv"
for file in upload.bf job.json keys/transform.bf x.npy y.npy model.npy \
    train.csv; do
    printed "$blindfit" inspect "$work/$file"
done
printed "$blindfit" fit "$work/train.csv" --every-iteration
cp "$work/stdout" "$work/fit.json"
printed "$blindfit" report "$work/fit.json"
printed "$blindfit" bench --threads 1

# Two owners: a has the labels, b the features. A step prints when it is done.
page=$PWD/$page
cd "$work" || exit 1
rows 512 8 3 5 >owners.csv
cut -d, -f1 owners.csv >labels.csv
for k in a b; do printed "$blindfit" party id -o $k.id; done
ok "$blindfit" plan --owners 2 -n 512 -d 8 -c 3 -k 1 --map none \
    -o owners.json
printed "$blindfit" party new owners.json --owner a.pub --owner b.pub \
    --labels a --label-epsilon 2 -o noisy.bf
printed "$blindfit" party new owners.json --owner a.pub --owner b.pub \
    --rows 256,256 --audit --whiten-by a --sample-rows 100 -o audited.bf
printed "$blindfit" party new owners.json --owner a.pub --owner b.pub \
    --labels a -o session.bf
printed "$blindfit" party show session.bf
step() # OWNER OPTION...
{
    owner=$1
    shift
    "$blindfit" party step session.bf --id $owner.id --box box-$owner "$@"
}
mkdir -p server/inbox
for round in 1 2 3 4; do
    refuse 75 waiting step a --labels labels.csv
    refuse 75 waiting step b owners.csv
    carry
done
printed "$server" gather session.bf --box server -o job
ok "$server" train job/job.json --keys job/eval.keys --box server -o shared.enc
cp shared.enc box-a/inbox/model.enc
cp shared.enc box-b/inbox/model.enc
printed step a
refuse 75 waiting step b
carry
printed step b -o owners.npy
printed "$blindfit" party finish session.bf owners.csv --id b.id --box box-b \
    -o finished.npy

sort -u "$work/all" >"$work/printed"
holds "$(wc -l <"$work/printed") > 70"

# Names in backquotes, without commands, options, files and values.
grep -o '`[a-z_0-9]*`' "$page" | tr -d '`' | sort -u >"$work/named"
for key in $(comm -23 "$work/printed" "$work/named"); do
    fail "$page does not name the key $key"
done
values="bench decrypt encrypt evaluate extract fit inspect keygen none null paper
plan predict report rows sqrt test training whitened class_names"
for name in $(comm -13 "$work/printed" "$work/named"); do
    case " $(echo $values) " in
    *" $name "*) ;;
    *) fail "$page names $name, which nothing prints" ;;
    esac
done
finish
