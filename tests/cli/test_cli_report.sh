#!/bin/sh
# The rows that report names for its accuracies, and the number of runs it
# accepts.
. "$(dirname "$0")/lib.sh"

run() # JUDGED-ON ROWS
{
    echo "{\"recipe\": \"whitened\", \"judged_on\": \"$1\", \
\"judged_rows\": $2, \"accuracy\": {\"encrypted\": 0.5}}"
}
run test 90 >"$work/test.json"
run training 90 >"$work/training.json"
run test 1000 >"$work/more.json"
cd "$work" || exit 1
case $blindfit in /*) ;; *) blindfit=$OLDPWD/$blindfit ;; esac

says() # PATTERN FILE...
{
    pattern=$1
    shift
    ok "$blindfit" report "$@"
    grep -q -E -e "$pattern" "$work/stdout" ||
        fail "report $*: no '$pattern' in: $(cat "$work/stdout")"
}
says '^Accuracy on 90 images that were not trained on$' test.json test.json
says '^Accuracy on 90 images that were trained on$' training.json
says '^Accuracy$' test.json training.json
says 'for +test +training$' test.json training.json
says 'many as +90 +1,000$' test.json more.json
refuse 2 'FIT.json \[FIT.json \[FIT.json \[FIT.json\]\]\]' "$blindfit" report \
    test.json test.json test.json test.json test.json
finish
