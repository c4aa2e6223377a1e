#!/bin/sh
# The rows that report names for its accuracies, the number of runs it accepts,
# and its page.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/reports.sh"

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
says '^Accuracy on 90 rows that were not trained on$' test.json test.json
says '^Accuracy on 90 rows that were trained on$' training.json
says '^Accuracy$' test.json training.json
says '^  judged on +test rows +training rows$' test.json training.json
says '  number of these rows +90 +1,000$' test.json more.json
# What the JSON does not say is left out.
run test 90 | sed 's/"judged_on": "test", //' >unsaid.json
ok "$blindfit" report unsaid.json
! grep 'judged' stdout || fail "rows that the report does not know"
run test 90 | sed 's/"judged_rows": 90, //' >uncounted.json
ok "$blindfit" report uncounted.json
! grep ' 0 rows' stdout || fail "a number that the report does not know"
refuse 2 'FIT.json \[FIT.json \[FIT.json \[FIT.json\]\]\]' "$blindfit" report \
    test.json test.json test.json test.json test.json

# ---- the page ------------------------------------------------------------------
full_run >full.json

# sound PAGE: small, whole, and without anything that runs or is elsewhere.
sound()
{
    checks=$((checks + 1))
    [ "$(wc -c <"$1")" -lt 300000 ] || fail "$1: $(wc -c <"$1") bytes"
    ! grep -n -i -E '<script|https?:|src=|href=|url\(|@import| on[a-z]+=' "$1" ||
        fail "$1: scripts, or something from elsewhere"
    if command -v xmllint >/dev/null; then
        xmllint --nonet --noout "$1" 2>xml || fail "$1: $(head -1 xml)"
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
# in_order TEXT...: these follow each other.
in_order()
{
    checks=$((checks + 1))
    grep -v '^$' text | tr '\n' '|' | grep -q -F -e "|$(printf '%s|' "$@")" ||
        fail "not in this order: $*"
}
in_order 101 13 2 3 140 7 11 5 148
in_order whitened 1 '63.1 %' '64.2 %' whitened 2 '87.6 %' '87.7 %'
in_order 'server: start' '1.00 s' 'server: reading' '2.00 s' \
    'server: training' '10 s' 'server: writing' '0.60 s' \
    'owner: decryption' '1.70 s'
in_order 'server, planned' '333 MB' 'server, used' '222 MB' 'owner, used' '111 MB'
in_order '128-bit limit: 430 bits' error 'keys, with P' '365 bits' \
    'at the start' '240 bits' 'after iteration 1' '172 bits' '1.2e-03' \
    'after iteration 2' '86 bits' '3.1e-02'
grep -q -x '.*a typical weight is 0.5. Noise leaves 4.0 bits of it.' text ||
    fail "no bits of a weight"
# bars STYLE: x and width of its bars, in hundredths of the room for them.
bars() # STYLE FIRST LAST
{
    sed -n "s/.*<rect class=\"$1\" x=\"\([^\"]*\)\" y=[^ ]* \
width=\"\([^\"]*\)\".*/\1 \2/p" page.html |
        awk -v a="$2" -v b="$3" '{
            printf "%.0f+%.0f ", 100 * ($1 - a) / (b - a), 100 * $2 / (b - a)
        }'
}
# 10 + 1 s before reading, 10 + 1 + 2 before training, of 26.
got=$(bars f1 124 318)
case $got in '38+4 42+8 50+40 90+2 0+67 '*) ;; *)
    fail "the server's bars: $got" ;;
esac
# 365, 240, 172 and 86 bits of 430.
got=$(bars f0 104 258)
case $got in *' 0+85 0+56 0+40 0+20 ') ;; *) fail "bars of bits: $got" ;; esac
checks=$((checks + 3))
# The worst pair comes first: 13 of 116 rows.
sed -n '/was taken for/,$p' text | grep -x -E '[0-9]+' | head -1 >worst
[ "$(cat worst)" = 13 ] || fail "the worst pair: $(cat worst)"
ok "$blindfit" report --html full.json test.json training.json more.json \
    -o page.html
sound page.html
shows page.html '87.6 %' '50.0 %' 'This report has no confusion matrix.'

# Reports of many classes and iterations, and numbers that no run has.
many_classes >many.json
ok "$blindfit" report --html many.json -o page.html
sound page.html
ok "$blindfit" report --html many.json many.json many.json many.json -o page.html
sound page.html
echo '{"recipe": "paper", "iterations": 1e999, "samples": -1e300, "accuracy":
 {"encrypted": 7, "plaintext_same_recipe": 1e308}, "bytes": 3,
 "confusion": [[1, 2], [3]], "class_names": 1,
 "accuracy_by_iteration": [3, {"iteration": -5e300, "encrypted": null}]}' >odd.json
ok "$blindfit" report --html odd.json -o page.html
sound page.html
! grep -n -i -E '[^a-z](nan|inf)[^a-z]' page.html || fail "numbers that are none"

# The key has lines of curves, and dots of single points.
ok "$blindfit" report --html full.json test.json -o page.html
grep -q '<path class="s0" d="M0 7h30"/>' page.html ||
    fail "no line in the key for a curve"
grep -q '<path class="f1" d="M12 7a3' page.html ||
    fail "no dot in the key for a point"
# Plans, of one owner and of several.
ok "$blindfit" plan -n 1500 -d 64 -c 3 -k 2 --json
cp stdout plan.json
ok "$blindfit" report plan.json
! grep -E 'Accuracy|Time|-|What was' stdout ||
    fail "what a plan does not know"
ok "$blindfit" plan -n 1500 -d 8 -c 3 --expand relu:40 --json
cp stdout random.json
says '^ +random features instead +- +40$' plan.json random.json
ok "$blindfit" plan -n 1500 -d 8 -c 3 --expand relu:40
grep -q '^  random features  *40, in place' stdout || fail "no random features"
ok "$blindfit" report --html plan.json -o page.html
sound page.html
shows page.html 'Who will see what' 1,500 'The owner' 'server, planned' \
    '1,500 rows of 64 features, and their labels' 'after iteration 2'
! grep -q -i 'accuracy' page.html || fail "accuracy of a plan"
ok "$blindfit" plan -n 1500 -d 64 -c 3 -k 2 --owners 3 --json
cp stdout owners.json
ok "$blindfit" report --html full.json owners.json -o page.html
sound page.html
shows page.html 'Who saw what' 'Who will see what' 'Each of the owners'

# A session: each owner, and with a box what each sent.
ok "$blindfit" plan --rows 300,200 -d 8 -c 3 -k 1 --map none -o job.json
for k in a b; do ok "$blindfit" party id -o $k.id; done
ok "$blindfit" party new job.json --owner a.pub --owner b.pub --receivers b \
    -o session.bf
ok "$blindfit" party show session.bf --json
cp stdout session.json
ok "$blindfit" report --html session.json -o page.html
sound page.html
shows page.html 'Who will see what' a b 'no model' \
    'whitened: a session of 2 owners, 500 rows of 8 features.' \
    '300 rows of 8 features, and their labels' \
    'the model, which takes the shares of all to open' \
    'the encrypted model, 156 kB, to the owners'
mkdir -p box/inbox box/outbox
head -c 1500 /dev/zero >box/inbox/r1-00.head
head -c 2000000 /dev/zero >box/inbox/r4-00.upload
head -c 2000 /dev/zero >box/outbox/r1-01.sums
ok "$blindfit" party show session.bf --json --box box
cp stdout session.json
ok "$blindfit" report --html session.json -o page.html
shows page.html 'Who saw what' 'sent 2.0 MB to the others and the server' \
    'sent 2.0 kB to the others and the server'
sed 's/"a"/"<i>"/; s/"samples":	300/"samples":	"x"/' session.json >odd.json
ok "$blindfit" report --html odd.json -o page.html
sound page.html
shows page.html '&lt;i&gt;' '? rows of 8 features, and their labels'
refuse 2 '--box needs --json' "$blindfit" party show session.bf --box box
refuse 3 'none: is no folder' "$blindfit" party show session.bf --box none \
    --json

# Weights of pixels: three classes of 56 features. The page escapes names.
pixel_model model.csv
ok "$blindfit" report --html full.json -o page.html -m model.csv --pixels 7x8
sound page.html
shows page.html 'Weights of the pixels' 'against the class'
[ "$(sed -n 's/.*class="s0" stroke-opacity="1" d="\(M[^"]*\)".*/\1/p' page.html |
    tr '\n' ' ')" = 'M0 1h1 M1 1h1 M2 1h1 ' ] || fail "the pixels of weights"
refuse 2 '--pixels is missing' "$blindfit" report --html full.json \
    -o page.html -m model.csv
refuse 2 '--model is missing' "$blindfit" report --html full.json \
    -o page.html --pixels 7x8
refuse 2 '--pixels needs --html' "$blindfit" report full.json -m model.csv \
    --pixels 7x8
refuse 2 '--model: 1 for 2 reports' "$blindfit" report --html full.json \
    test.json -o page.html -m model.csv --pixels 7x8
for wrong in 7 7x 7x8x x7 -7x8 7x8x1x1 7,8 '7 x8'; do
    refuse 2 "--pixels $wrong: HEIGHTxWIDTH" "$blindfit" report --html \
        full.json -o page.html -m model.csv --pixels "$wrong"
done
refuse 2 'model.csv: pixels: .*8 x 1 x 7' "$blindfit" report --html \
    full.json -o page.html -m model.csv --pixels 8x1x7
refuse 4 'model.csv: 56 features, but images of 8 x 8 x 1 have 64' \
    "$blindfit" report --html full.json -o page.html -m model.csv --pixels 8x8
refuse 2 'model.csv: to be written, but' "$blindfit" report --html full.json \
    -o model.csv -m model.csv --pixels 7x8
refuse 2 'model.csv: to be written, but' "$blindfit" report --html full.json \
    -o page.html -m model.csv --pixels 7x8 --curve model.csv
# Nor what lies beside a model, its feature map.
cp model.csv.json map.json
refuse 2 'model.csv.json: to be written, but' "$blindfit" report --html \
    full.json -o model.csv.json -m model.csv --pixels 7x8
refuse 2 'model.csv.json: to be written, but' "$blindfit" report --html \
    full.json -o page.html -m model.csv --pixels 7x8 --curve model.csv.json
refuse 2 'model.csv.json: to be written, but' "$blindfit" predict model.csv \
    train.csv -o model.csv.json
cmp -s model.csv.json map.json || fail "a model lost its feature map"

# What is no report, and pages that cannot be written.
head -c 200 full.json >short.json
echo '{"recipe": "paper", "iterations": 2, "samples": 9}' >shape.json
echo kept >page.html
cat full.json full.json >twice.json
for file in short twice; do
    refuse 4 "$file.json: no JSON, cut short, or more than one report" \
        "$blindfit" report --html $file.json -o page.html
done
refuse 4 'shape.json: no report of fit, and no plan' "$blindfit" report shape.json
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
