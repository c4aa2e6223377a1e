#!/bin/sh
# The rows that report names for its accuracies, the number of runs it accepts,
# and its page.
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

# ---- the page ------------------------------------------------------------------
# Numbers that occur nowhere else, and names that are markup.
cat >full.json <<'JSON'
{"recipe": "whitened", "iterations": 2, "samples": 1234, "features": 56,
 "classes": 3, "ciphertexts_uploaded": 17, "security_bits": 139,
 "bytes": {"upload": 7654321, "keys": 23456789, "model": 345678},
 "judged_on": "test", "judged_rows": 430,
 "accuracy": {"encrypted": 0.876, "plaintext_same_recipe": 0.877,
  "plaintext_lr": 0.884},
 "accuracy_by_iteration": [
  {"iteration": 1, "encrypted": 0.631, "plaintext_same_recipe": 0.642},
  {"iteration": 2, "encrypted": 0.876, "plaintext_same_recipe": 0.877}],
 "confusion": [[101, 13, 2], [3, 140, 7], [11, 5, 148]],
 "class_names": ["<script>alert(1)</script>", "a\"b'&amp;", "caf\u00e9\u202e\u0001"]}
JSON

# sound PAGE: small, whole, and without anything that runs or is elsewhere.
sound()
{
    checks=$((checks + 1))
    [ "$(wc -c <"$1")" -lt 300000 ] || fail "$1: $(wc -c <"$1") bytes"
    ! grep -n -i -E '<script|https?:|src=|href=|url\(|@import| on[a-z]+=' "$1" ||
        fail "$1: scripts, or something from elsewhere"
    if command -v xmllint >/dev/null; then
        xmllint --nonet --noout "$1" || fail "$1: tags do not balance"
    else
        echo "no xmllint: tags are not checked"
    fi
}
# shows PAGE TEXT...: as text, not as part of markup.
shows()
{
    page=$1
    shift
    checks=$((checks + 1))
    sed 's/<[^>]*>/\n/g' "$page" >text
    for text; do
        grep -q -F -x -e "$text" text || fail "$page: no '$text'"
    done
}
ok "$blindfit" report --html full.json -o page.html
sound page.html
shows page.html 1,234 56 17 '7.7 MB' '23.5 MB' '139 bits' '87.6 %' '87.7 %' \
    '88.4 %' '63.1 %' '64.2 %' 101 13 2 3 140 7 11 5 148 '11.2 %' \
    '&lt;script&gt;alert(1)&lt;/script&gt;' 'a&quot;b&#39;&amp;amp;' 'café??'
# The worst pair comes first: 13 of 116 rows.
sed -n '/was taken for/,$p' text | grep -x -E '[0-9]+' | head -1 >worst
[ "$(cat worst)" = 13 ] || fail "the worst pair: $(cat worst)"
# A browser takes seconds; it must find no element in a name.
if [ "${BLINDFIT_TEST_LONG:-0}" = 1 ] && command -v chromium >/dev/null; then
    ok chromium --headless --no-sandbox --disable-gpu --dump-dom \
        "file://$work/page.html"
    ! grep -i '<script' "$work/stdout" || fail "a name became an element"
    grep -q '&lt;script&gt;alert(1)' "$work/stdout" || fail "no page in a browser"
fi
ok "$blindfit" report --html full.json test.json training.json more.json \
    -o page.html
sound page.html
shows page.html '87.6 %' '50.0 %' 'This report has no confusion matrix.'

# Reports of many classes and iterations, and numbers that no run has.
awk 'BEGIN {
    printf "{\"recipe\": \"paper\", \"iterations\": 1024, \"accuracy\": "
    printf "{\"encrypted\": 0.5}, \"accuracy_by_iteration\": ["
    for (t = 1; t <= 1024; t++)
        printf "%s{\"iteration\": %d, \"encrypted\": %.3f}", (t == 1 ? "" : ","),
            t, t / 2048
    printf "], \"confusion\": ["
    for (t = 0; t < 100; t++) {
        printf "%s[", (t ? "," : "")
        for (p = 0; p < 100; p++) printf "%s%d", (p ? "," : ""), (t * p * 7) % 97
        printf "]"
    }
    print "]}"
}' >many.json
ok "$blindfit" report --html many.json -o page.html
sound page.html
ok "$blindfit" report --html many.json many.json many.json many.json -o page.html
sound page.html
echo '{"recipe": "paper", "iterations": 1e999, "samples": -1e300, "accuracy":
 {"encrypted": 7}, "bytes": 3, "confusion": [[1, 2], [3]], "class_names": 1,
 "accuracy_by_iteration": [3, {"iteration": -5e300, "encrypted": null}]}' >odd.json
ok "$blindfit" report --html odd.json -o page.html
sound page.html
! grep -n -i -E '[^a-z](nan|inf)[^a-z]' page.html || fail "numbers that are none"

# What is no report, and pages that cannot be written.
head -c 200 full.json >short.json
echo '{"recipe": "paper", "iterations": 2, "samples": 9}' >plan.json
echo kept >page.html
refuse 4 'short.json: no JSON, or cut short' "$blindfit" report --html \
    short.json -o page.html
refuse 4 'plan.json: no report of fit' "$blindfit" report plan.json
refuse 3 'none.json: ' "$blindfit" report --html none.json -o page.html
refuse 2 '--output is missing' "$blindfit" report --html full.json
refuse 2 '--output needs --html' "$blindfit" report full.json -o page.html
refuse 2 'full.json: to be written, but' "$blindfit" report --html full.json \
    -o full.json
refuse 2 'page.html: to be written, but' "$blindfit" report --html full.json \
    -o page.html --curve page.html
refuse 3 'nowhere/page.html: ' "$blindfit" report --html full.json \
    -o nowhere/page.html
refuse 3 '/dev/full: .*No space' "$blindfit" report --html full.json -o /dev/full
[ "$(cat page.html)" = kept ] || fail "a page was replaced by nothing"
finish
