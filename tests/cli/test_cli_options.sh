#!/bin/sh
# Help, versions, options, wrong options, exit codes.
. "$(dirname "$0")/lib.sh"

for program in "$blindfit" "$server"; do
    ok "$program" --version && grep -q '^blindfit' "$work/stdout" ||
        fail "$program --version"
    ok "$program" --help
    for command in $(sed -n 's/^  \([a-z]*\)  .*/\1/p' "$work/stdout"); do
        ok "$program" "$command" --help
        grep -q '^Examples' "$work/stdout" || fail "$command: no examples"
        grep -q -e '--json' "$work/stdout" || fail "$command: no --json"
        ! grep -v '^Usage' "$work/stdout" | grep -q '.\{81\}' ||
            fail "$command: a line of help beyond 80 columns"
    done
done
holds "$checks == 25" # every command of both was seen

"$blindfit" >"$work/stdout" 2>"$work/stderr"
[ $? = 2 ] || fail "no command is not a usage error"
refuse 2 "no command 'fly'" "$blindfit" fly
refuse 2 'no option --fly .*plan --help' "$blindfit" plan --fly
refuse 2 'no option -y' "$blindfit" plan -y
refuse 2 '--samples needs a value' "$blindfit" plan --samples
refuse 2 "--samples: '12x' is no whole number" "$blindfit" plan --samples 12x
refuse 2 "--samples: '-5' is no whole number" "$blindfit" plan --samples=-5
refuse 2 "--lambda: 'nan' is no number" "$blindfit" plan --lambda nan
refuse 2 "--max-memory: '12Q' is no size" "$blindfit" plan --max-memory 12Q
refuse 2 "--rows: '5:3' is no range" "$blindfit" fit x.csv --rows 5:3
refuse 2 "--rows: '0:3' is no range" "$blindfit" fit x.csv --rows 0:3
refuse 2 "--seed: 'x' is no whole number" "$blindfit" plan --seed x
refuse 2 'plan needs --samples' "$blindfit" plan
refuse 2 '--output: given twice' "$blindfit" plan -n 9 -d 9 \
    -o "$work/a" --output "$work/b"
refuse 2 '--classes: given twice' "$blindfit" plan -n 9 -d 9 -c 2 -c 3
refuse 2 "--threads: given twice" "$server" inspect x --threads 1 --threads 1
ok "$blindfit" plan -n 100 -d 9 -k 1 --quiet -q --json --json
refuse 2 "--recipe: 'magic'" "$blindfit" plan -n 9 -d 9 --recipe magic
# 0 would pass for an option that is not given.
for option in iterations components batch owners ranks ring threads; do
    refuse 2 "--$option: '0' is no whole number from 1" "$blindfit" plan -n 9 \
        -d 9 --$option 0
done
for size in 0 0.5 -0 0G; do
    refuse 2 "--max-memory: '$size' is no size" "$blindfit" plan -n 9 -d 9 \
        --max-memory=$size
done
refuse 2 "--map: 'log'" "$blindfit" plan -n 9 -d 9 --map log
for expand in tanh:9 relu relu: relu:0 relu:-4 relu:4:5:6 relu:4x relu:4: \
    relu:+4; do
    refuse 2 "--expand: '.*' is nothing such as relu:4096" \
        "$blindfit" plan -n 9 -d 9 --expand $expand
done
refuse 2 "--aim: 'best' is neither" "$blindfit" plan -n 9 -d 9 --aim best
refuse 2 '70000 random features; at most 65536' \
    "$blindfit" plan -n 9 -d 9 --expand relu:70000
refuse 2 'at most 2.53 - 1' \
    "$blindfit" plan -n 9 -d 9 --expand relu:4:9007199254740992
refuse 2 "--steps: '1,,2'" "$blindfit" plan -n 9 -d 9 --steps 1,,2
refuse 2 'clip -1' "$blindfit" plan -n 9 -d 9 --clip -1
refuse 2 'ridge -1' "$blindfit" plan -n 9 -d 9 --lambda=-1
refuse 2 '101 classes' "$blindfit" plan -n 9 -d 9 --classes 101
refuse 2 '1 classes; 2 to' "$blindfit" plan -n 9 -d 9 --classes 1
refuse 2 '100000000000 samples; 2 to' "$blindfit" plan -n 100000000000 -d 9
refuse 2 '10000000 features; 1 to' "$blindfit" plan -n 9 -d 10000000
refuse 2 '--first and --rows' "$blindfit" extract x.idx -o "$work/x.npy" \
    --first 5 --rows 1:3
refuse 2 'x.csv: .*written as .npy' "$blindfit" extract x.idx -o x.csv
refuse 2 'p.npy: predictions are written as .csv' \
    "$blindfit" predict m.npy x.csv -o p.npy
ok "$blindfit" plan -n 100 -d 9 -k 1 -o "$work/job.json"
for more in '-n 10' '-k 3' '--clip 2' '-c 3' "-o $work/other.json"; do
    refuse 2 'planned already' "$blindfit" plan "$work/job.json" $more
done
refuse 2 'usage: .*fit TRAIN' "$blindfit" fit
refuse 2 '--key is missing' "$blindfit" encrypt job.json x.csv
refuse 2 '--output is missing' "$blindfit" extract x.idx
refuse 2 'no 128-bit parameters fit' "$blindfit" plan -n 100 -d 100 \
    --iterations 60 --refresh no
refuse 2 'memory' "$blindfit" plan -n 5000 -d 400 --max-memory 1M
for error in 0 -1 0.2; do
    refuse 2 "--max-error: $error is not above 0 and up to 0.1" \
        "$blindfit" plan -n 100 -d 20 --max-error=$error
done
refuse 2 'off by .* of a typical one, not by 1e-09 or less' \
    "$blindfit" plan -n 100 -d 20 -k 1 --ring 8192 --max-error 1e-9
for ring in 4096 131072 10000; do
    refuse 2 "--ring: $ring is no power of two from 8192 to 65536" \
        "$blindfit" plan -n 100 -d 20 --ring $ring
done
refuse 2 'no 128-bit .* at this ring degree' "$blindfit" plan -n 100 -d 20 \
    -k 3 --ring 8192
for option in --components=3 --lambda=0.1 --clip=2 --steps=1,2 --batch=10 \
    --expand=relu:4 --aim=speed --safe; do
    refuse 2 "${option%%=*}: recipe paper has none" \
        "$blindfit" plan -n 100 -d 20 --recipe paper $option
done

# Many iterations over few rows lose accuracy, and a note says so; explicit
# options take precedence over an aim.
plan_few() # ITERATIONS: a larger error makes the search short
{
    ok "$blindfit" plan -n 100 -d 20 -c 3 -k "$1" --refresh no --ring 32768 \
        --max-error 0.1
}
plan_few 4
grep -q '100 rows are few for 21 columns: more than three' "$work/stderr" ||
    fail "four iterations of few rows: no note"
plan_few 3
! grep -q 'rows are few' "$work/stderr" ||
    fail "three iterations of few rows: a note"
ok "$blindfit" plan -n 4000 -d 20 -c 3 --aim speed --json
[ "$(number iterations "$work/stdout")" = 1 ] || fail "--aim speed"
ok "$blindfit" plan -n 4000 -d 20 -c 3 --aim speed -k 2 --expand relu:64 --json
[ "$(number iterations "$work/stdout")" = 2 ] || fail "--aim speed -k 2"
[ "$(number columns "$work/stdout")" = 65 ] || fail "--aim speed --expand"

# Proved, or refused: steps that are given are not changed.
ok "$blindfit" plan -n 4000 -d 20 -c 3 --safe &&
    grep -q 'range .*proved for any rows and labels: scores to' \
        "$work/stdout" || fail "--safe: no proof is told"
ok "$blindfit" plan -n 4000 -d 20 -c 3 --safe --json &&
    grep -q '"safe":.*true' "$work/stdout" || fail "--safe --json"
ok "$blindfit" plan -n 4000 -d 20 -c 3 --json &&
    grep -q '"safe":.*false' "$work/stdout" || fail "safe without --safe"
refuse 2 'scores may reach 4421, polynomials of degree 127 serve to 166' \
    "$blindfit" plan -n 4000 -d 20 -c 3 --safe --steps 400,4
refuse 2 'not clipped' "$blindfit" plan -n 4000 -d 20 --safe --clip 0
refuse 2 'some of the rows' "$blindfit" plan -n 4000 -d 20 --safe --batch 99
refuse 2 'no 128-bit .* at this ring degree' "$blindfit" plan -n 4000 -d 20 \
    --safe --ring 8192
refuse 2 '6 iterations would; with steps of [0-9.]* before .* degree 7, 9' \
    "$blindfit" plan -n 4000 -d 20 -c 3 --safe -k 9 --refresh no

# Certificates bound scores, which one iteration has none of.
refuse 2 'certificate bounds scores, and one iteration' "$blindfit" plan \
    -n 400 -d 20 -c 3 -k 1 --certificate
ok "$blindfit" plan -n 400 -d 20 -c 3 --certificate --json &&
    grep -q '"certified":.*true' "$work/stdout" || fail "--certificate --json"

# One JSON object and nothing else on stdout, numbers with full precision.
ok "$blindfit" plan -n 100 -d 20 -c 3 -k 1 --json
[ "$(head -c 1 "$work/stdout")" = "{" ] || fail "plan --json is no object"
[ "$(number samples "$work/stdout")" = 100 ] || fail "plan --json: samples"
holds "$(number security_bits "$work/stdout") >= 128"
holds "$(number log2_qp "$work/stdout") <= \
    $(number log2_qp_limit "$work/stdout")"

# Commands mark insecure parameters for tests.
golden=$(dirname "$0")/../golden/wire-v2/upload.enc
ok "$blindfit" inspect "$golden" && grep -q 'warning: .*insecure' \
    "$work/stderr" || fail "inspect does not warn of insecure parameters"
ok "$server" inspect "$golden" --json
grep -q '"insecure":.*true' "$work/stdout" || fail "inspect --json: insecure"

# A job may begin with a byte-order mark and empty lines.
{ printf '\357\273\277\r\n\n ' && cat "$work/job.json"; } >"$work/marked.json"
ok "$blindfit" plan "$work/marked.json"
ok "$blindfit" inspect "$work/marked.json"
ok "$server" inspect "$work/marked.json"

# Options may follow operands, whatever the surroundings ask for.
for program in "$blindfit" "$server"; do
    ok env POSIXLY_CORRECT=1 "$program" inspect "$golden" --json
done

# Output that cannot be written is an error.
if [ -w /dev/full ]; then
    "$blindfit" plan -n 100 -d 20 -k 1 >/dev/full 2>"$work/stderr"
    [ $? = 3 ] || fail "plan to a full disk did not end with 3"
    "$blindfit" plan --help >/dev/full 2>"$work/stderr"
    [ $? = 3 ] || fail "--help to a full disk did not end with 3"
    grep -q 'standard output: No space' "$work/stderr" || fail "--help: no line"
fi

# The warning about fixed randomness cannot be missed.
"$blindfit" plan -n 100 -d 20 -k 1 --seed 1 >/dev/null 2>"$work/stderr"
grep -q 'warning: --seed' "$work/stderr" || fail "--seed without a warning"
finish
