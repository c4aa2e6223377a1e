#!/bin/sh
# The paper's data path: images, RegNet_X_400MF with torchvision's tensors
# (random weights, as the pretrained ones are not shipped), both recipes.
. "$(dirname "$0")/../cli/lib.sh"

python=/usr/bin/python3
fashion=/usr/share/datasets/fashion-mnist
[ -d $fashion ] || { echo "skipped: no $fashion"; exit 77; }
$python tests/features/torch_reference.py "$work/torch" >/dev/null 2>&1
case $? in
0) ;;
77) echo "skipped: no torch for $python"; exit 77 ;;
*) fail "torch_reference.py"; finish ;;
esac

extract() # OUT ROWS
{
    ok "$blindfit" extract $fashion/t10k-images-idx3-ubyte.gz \
        --labels $fashion/t10k-labels-idx1-ubyte.gz --rows "$2" \
        --backbone regnet_x_400mf --weights "$work/torch/weights.safetensors" \
        -o "$work/$1.npy" --labels-out "$work/$1-labels.npy" --json
    holds "$(number features "$work/stdout") == 400"
}
extract train 1:128
extract test 129:384
fit() # OPTIONS...
{
    "$blindfit" fit "$work/train.npy" --labels "$work/train-labels.npy" \
        --test "$work/test.npy" --test-labels "$work/test-labels.npy" \
        --json "$@"
}
agree() # LARGEST-WEIGHT-ERROR: of the fit on stdout
{
    encrypted=$(number encrypted "$work/stdout")
    holds "$encrypted == $(number plaintext_same_recipe "$work/stdout")"
    holds "$(number max_weight_error "$work/stdout") <= $1"
}
ok fit --recipe paper && agree 2e-5
ok fit --recipe whitened && agree 0.1 && holds "$encrypted > 0.3"

# The paper's start makes scores of 0.0128 (1 + the sum of a row): where its
# cubic would run away on them, that is noticed before anything is sent.
$python -c 'import numpy as np, sys
np.save(sys.argv[2], 8 * np.load(sys.argv[1]))' "$work/train.npy" \
    "$work/large.npy" || fail "no larger features"
refuse 6 "recipe's range: a logit" "$blindfit" fit "$work/large.npy" \
    --labels "$work/train-labels.npy" --recipe paper -o "$work/m.npy"
absent "$work/m.npy"

# Without weights the command says what it needs.
refuse 2 'convert-weights.py regnet_x_400mf-adf1edd5.pth' "$blindfit" extract \
    "$work/torch/pictures" --backbone regnet_x_400mf -o "$work/x.npy"
refuse 4 'weights.pth: a file of PyTorch' "$blindfit" extract \
    "$work/torch/pictures" -b regnet_x_400mf -w "$work/torch/weights.pth" \
    -o "$work/x.npy"

# A folder of pictures: class names reach the evaluation; a broken picture is
# left out with a line, or refused.
ok "$blindfit" extract "$work/torch/pictures" -b regnet_x_400mf \
    -w "$work/torch/weights.safetensors" -o "$work/x.npy" \
    --labels-out "$work/y.npy"
grep -q colour "$work/y.npy.json" || fail "no class names"
ok "$blindfit" fit "$work/x.npy" --labels "$work/y.npy" -o "$work/m.npy" &&
    ok "$blindfit" evaluate "$work/m.npy" "$work/x.npy" \
        --labels "$work/y.npy" && {
    grep -q colour "$work/stdout" || fail "evaluate shows no class names"
}

# So they do when each step is a command of its own; the server is not told.
"$blindfit" plan --samples 22 --features 400 --classes 4 -o "$work/job.json" \
    -q >/dev/null || fail "plan"
ok "$blindfit" keygen "$work/job.json" -o "$work/keys"
ok "$blindfit" encrypt "$work/job.json" "$work/x.npy" --labels "$work/y.npy" \
    --key "$work/keys/secret.key" -o "$work/up.bf"
grep -q colour "$work/job.json" "$work/up.bf" && fail "names for the server"
ok "$server" train "$work/job.json" --keys "$work/keys/eval.keys" \
    --upload "$work/up.bf" -o "$work/model.enc"
ok "$blindfit" decrypt "$work/job.json" "$work/model.enc" \
    --key "$work/keys/secret.key" --transform "$work/keys/transform.bf" \
    -o "$work/m.csv"
ok "$blindfit" evaluate "$work/m.csv" "$work/x.npy" --labels "$work/y.npy"
grep -q colour "$work/stdout" || fail "decrypt lost the class names"

# Names of other labels do not stay beside new ones.
ok "$blindfit" extract $fashion/t10k-images-idx3-ubyte.gz --first 20 \
    --labels $fashion/t10k-labels-idx1-ubyte.gz -o "$work/f.npy" \
    --labels-out "$work/y.npy"
absent "$work/y.npy.json"

# Outputs that cannot be written are reported before the work.
refuse 2 'no labels to write' "$blindfit" extract \
    $fashion/t10k-images-idx3-ubyte.gz --first 20 -o "$work/z.npy" \
    --labels-out "$work/zy.npy"
refuse 3 'nowhere/z.npy: cannot create' "$blindfit" extract \
    "$work/torch/none" -o "$work/nowhere/z.npy"
absent "$work/z.npy"
ok "$blindfit" extract "$work/torch/pictures" -b regnet_x_400mf \
    -w "$work/torch/weights.safetensors" -o "$work/f.npy"
grep -q 'labels of 4 classes are not written' "$work/stderr" ||
    fail "labels went unnoticed"

first=$(find "$work/torch/pictures" -name '*.png' | LC_ALL=C sort | head -1)
head -c 300 "$first" >"$work/cut" && cp "$work/cut" "$first"
ok "$blindfit" extract "$work/torch/pictures" -b regnet_x_400mf \
    -w "$work/torch/weights.safetensors" -o "$work/x.npy"
grep -q "skipped.*$(basename "$first")" "$work/stderr" ||
    fail "a broken picture was not named"
refuse 4 "$(basename "$first")" "$blindfit" extract "$work/torch/pictures" \
    -b regnet_x_400mf -w "$work/torch/weights.safetensors" --strict -q \
    -o "$work/z.npy"
absent "$work/z.npy"
finish
