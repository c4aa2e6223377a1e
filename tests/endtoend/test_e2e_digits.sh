#!/bin/sh
# From the embedded images to a model trained on encrypted data: as accurate as
# in plaintext, and about as accurate as logistic regression.
. "$(dirname "$0")/../cli/lib.sh"

for part in train test; do
    ok "$blindfit" extract "data/digits-$part-images.idx.gz" \
        --labels "data/digits-$part-labels.idx.gz" \
        -o "$work/$part.npy" --labels-out "$work/$part-labels.npy"
done
fit()
{
    ok "$blindfit" fit "$work/train.npy" --labels "$work/train-labels.npy" \
        --test "$work/test.npy" --test-labels "$work/test-labels.npy" \
        --every-iteration --json -o "$work/model.npy" "$@" || finish
    cp "$work/stdout" "$work/fit.json"
}
fit
encrypted=$(number encrypted "$work/fit.json")
twin=$(number plaintext_same_recipe "$work/fit.json")
holds "$encrypted >= 0.88"
holds "($encrypted - $twin) ^ 2 <= 0.003 ^ 2"
holds "$(number security_bits "$work/fit.json") >= 128"
holds "$(number samples "$work/fit.json") == 128"

# The model file is the tested model.
ok "$blindfit" evaluate "$work/model.npy" "$work/test.npy" \
    --labels "$work/test-labels.npy" --json
holds "$(number accuracy "$work/stdout") == $encrypted"

cp "$work/fit.json" "$work/whitened.json"
fit --recipe paper
encrypted=$(number encrypted "$work/fit.json")
twin=$(number plaintext_same_recipe "$work/fit.json")
holds "($encrypted - $twin) ^ 2 <= 0.003 ^ 2"

ok "$blindfit" report "$work/fit.json" "$work/whitened.json" \
    --curve "$work/curve.dat"
[ "$(grep -c '^[12] ' "$work/curve.dat")" = 4 ] || fail "the curve's points"
if command -v gnuplot >/dev/null; then
    ok tools/plot-accuracy "$work/curve.dat" "$work/picture.png" "A title"
    [ "$(head -c 4 "$work/picture.png" | tail -c 3)" = PNG ] ||
        fail "no picture"
fi
finish
