#!/bin/sh
# The paper's job on the authors' own features: the figures of
# docs/performance.md, except for times, which depend on the machine.
. "$(dirname "$0")/../cli/lib.sh"

data=../shared/data/regnet_mnist_512.csv
[ -f $data ] || { echo "skipped: no $data"; exit 77; }

fit()
{
    ok "$blindfit" fit $data --rows 1:128 --test-rows 129:512 --json "$@" ||
        finish
    cp "$work/stdout" "$work/fit.json"
    for key in recipe iterations samples features classes threads ring_degree \
        log2_qp security_bits ciphertexts_uploaded whiten keygen encrypt train \
        decrypt total upload keys model owner server encrypted \
        plaintext_same_recipe plaintext_lr sle cross_entropy \
        max_weight_error feature_map; do
        grep -q "\"$key\":" "$work/fit.json" || fail "fit --json: no $key"
    done
}
get()
{
    number "$1" "$work/fit.json"
}

fit
holds "$(get encrypted) >= 0.82"
holds "($(get encrypted) - $(get plaintext_same_recipe)) ^ 2 <= 0.003 ^ 2"
holds "$(get ciphertexts_uploaded) <= 6"
holds "$(get upload) <= 3e6"
holds "$(get keys) <= 50e6"
holds "$(get server) <= 1e9"
holds "$(get security_bits) >= 128"

fit --recipe paper
holds "$(get max_weight_error) <= 2e-5"
holds "$(get encrypted) == $(get plaintext_same_recipe)"
holds "($(get encrypted) - 83 / 384) ^ 2 < 1e-9" # 21.6 %
holds "$(get ciphertexts_uploaded) <= 6"
holds "$(get upload) <= 15e6"
holds "$(get keys) <= 150e6"
holds "$(get server) <= 2e9"
holds "$(get security_bits) >= 128"
finish
