#!/bin/sh
# Class names of a model that somebody else made: what they do to a .csv and to
# a terminal.
. "$(dirname "$0")/lib.sh"

printf '1,2\n3,-4\n-5,6\n7,0\n' >"$work/model.csv"
cat >"$work/model.csv.json" <<'EOF'
{"feature_map": "none", "class_names":
 ["cat, grey", "the \"dog\"", "\u001b[2J\u009b31m\nx", "plain"]}
EOF
printf '0,0.5\n1,-9\n2,9\n3,0.1\n' >"$work/test.csv"

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
finish
