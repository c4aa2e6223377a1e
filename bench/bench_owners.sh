#!/bin/sh
# A session of K owners and its server, one after the other on this machine:
# seconds of every step, bytes of every kind of file.
#
#   bench/bench_owners.sh BUILD ROWS.npy LABELS.npy TEST.npy TEST-LABELS.npy K OUT
#
# Files are numpy's, as `make demo-fashion` leaves them in demo-out-fashion/.
# Owners have equal shares of the rows; K is 2 to 16, and 1 is one owner's job of
# the same recipe (`fit`), to compare with. With SPLIT=labels, a has the labels of
# b's rows, with the noise of EPSILON if that is given; with SPLIT=columns, a has
# the first half of the columns and the labels, b the other half; K is 2.
# COMPONENTS (400; columns: all), ITERATIONS (3; labels: 1), CLIP (as planned) and
# MAP (sqrt) choose the recipe. OUT needs about 6 GB for 60,000 rows, and is emptied at the end.
set -eu
[ $# = 7 ] || { sed -n '2,14p' "$0" | sed 's/^# \{0,1\}//' >&2; exit 2; }
blindfit=$(realpath "$1")/blindfit server=$(realpath "$1")/blindfit-server
rows=$(realpath "$2") labels=$(realpath "$3") test=$(realpath "$4")
test_labels=$(realpath "$5") owners=$6 out=$7
components=${COMPONENTS:-400} iterations=${ITERATIONS:-3} map=${MAP:-sqrt}
split=${SPLIT:-rows} epsilon=${EPSILON:-}
[ $split != labels ] || iterations=1
names=$(echo a b c d e f g h i j k l m n o p | cut -d ' ' -f "1-$owners")
mkdir -p "$out"
cd "$out"

accuracy() # MODEL
{
    "$blindfit" evaluate "$1" "$test" --labels "$test_labels" --json |
        sed -n 's/.*"accuracy":[^0-9]*\([0-9.]*\).*/\1/p' | head -1
}
# Of the sums of two owners' scores, which follow the class in every line but the
# first.
added_accuracy() # SCORES SCORES
{
    { echo label; tail -c +129 "$test_labels" | od -An -v -tu4 -w4; } |
        paste -d , "$1" "$2" - | awk -F, 'NR > 1 {
            best = 0
            for (c = 1; c < (NF - 1) / 2; c++) {
                score = $(1 + c) + $(1 + c + (NF - 1) / 2)
                if (!best || score > most) { best = c; most = score }
            }
            right += best - 1 == $NF + 0
        } END { print right / (NR - 1) }'
}
# Numbers of the header's shape, of .npy files of format 1.0.
shape() { head -c 127 "$1" | tail -c 117 | sed -n "s/.*'shape': (\\([0-9, ]*\\)).*/\\1/p"; }
samples=$(shape "$rows" | cut -d , -f 1)
width=$(shape "$rows" | cut -d , -f 2 | tr -d ' ')

people="--owners $owners -n $samples"
recipe="--iterations $iterations --map $map${CLIP:+ --clip $CLIP}"
[ $split = columns ] || recipe="$recipe --components $components"
if [ "$owners" = 1 ]; then
    "$blindfit" fit "$rows" --labels "$labels" --test "$test" \
        --test-labels "$test_labels" $recipe --no-regression --refresh no \
        --work . --json --quiet >fit.json
    grep -E '"(encrypted|train|encrypt|keygen|decrypt|server_read|upload|keys|plaintext_same_recipe)"' \
        fit.json
    rm -f fit.json
    exit
fi

# COUNT rows of a file, behind the first FIRST: numpy's header is of 128 bytes.
part() # FILE FIRST COUNT ROW_BYTES
{
    head -c 10 "$1"
    printf '%-117s\n' "$(head -c 127 "$1" | tail -c 117 |
        sed "s/($samples,/($3,/; s/ *\$//")"
    tail -c +$((129 + $2 * $4)) "$1" | head -c $(($3 * $4))
}
row_bytes() { echo $((($(stat -c %s "$1") - 128) / samples)); }
# Columns FIRST to END - 1 of floats.
columns() # FILE FIRST END
{
    python3 -c 'import sys
path, width, first, end = sys.argv[1], *map(int, sys.argv[2:])
out = sys.stdout.buffer
with open(path, "rb") as f:
    header = f.read(128).decode("latin-1")
    text = header[10:].strip().replace(f", {width})", f", {end - first})")
    out.write((header[:10] + text.ljust(117) + "\n").encode("latin-1"))
    while row := f.read(4 * width):
        out.write(row[4 * first:4 * end])' "$1" "$width" "$2" "$3"
}
share_rows()
{
    first=0 number=0 counts=
    for k in $names; do
        number=$((number + 1))
        count=$((samples * number / owners - first))
        part "$rows" $first $count "$(row_bytes "$rows")" >$k/x.npy
        part "$labels" $first $count "$(row_bytes "$labels")" >$k/y.npy
        echo x.npy --labels y.npy -o model.npy >$k/options
        first=$((first + count)) counts=${counts:+$counts,}$count
    done
    people="--rows $counts" shares=
}
share_labels()
{
    echo --labels "$labels" >a/options
    echo "$rows" -o model.npy >b/options
    shares="--labels a ${epsilon:+--label-epsilon $epsilon}"
}
share_columns()
{
    half=$((width / 2))
    columns "$rows" 0 $half >a/x.npy
    columns "$rows" $half "$width" >b/x.npy
    columns "$test" 0 $half >a/test.npy
    columns "$test" $half "$width" >b/test.npy
    echo x.npy --labels "$labels" -o model.npy >a/options
    echo x.npy -o model.npy >b/options
    shares="--columns $half,$((width - half)) --labels a"
}
mkdir -p $names
share_$split

publics=
for k in $names; do
    [ -e $k/$k.id ] || "$blindfit" party id -o $k/$k.id --quiet >/dev/null
    publics="$publics --owner $k/$k.pub"
done
"$blindfit" plan $people -d "$width" -c 10 $recipe --quiet -o job.json >plan.txt
"$blindfit" party new job.json $publics $shares -o session.bf --quiet >/dev/null

now() { date +%s.%N; }
# Least and most of the owners' numbers.
spread() { sort -n | awk 'NR == 1 { a = $1 } END { printf "%.2f to %.2f", a, $1 }'; }
steps() # LABEL STATUS
{
    for k in $names; do
        begin=$(now)
        status=0
        (cd $k && "$blindfit" party step ../session.bf --id $k.id --box box \
            --recheck no $(cat options) --quiet >log 2>&1) || status=$?
        # Who receives no model is done first.
        [ $status = "$2" ] || [ $status = 0 -a ! -e $k/model.npy ] ||
            { cat $k/log >&2; exit 1; }
        echo "$begin $(now)" | awk '{ print $2 - $1 }'
    done >seconds
    printf '%-28s %s s an owner\n' "$1" "$(spread <seconds)"
}
# By links: nothing changes a message.
carry() # ROUND
{
    mkdir -p server/inbox
    for from in $names; do
        ln -f $from/box/outbox/r"$1"-* server/inbox/
        for to in $names; do
            [ $from = $to ] || ln -f $from/box/outbox/r"$1"-* $to/box/inbox/
        done
    done
}
# `times` has the processor's seconds of all children so far, in a shell that is
# no child itself.
timed() # LABEL COMMAND...
{
    label=$1 begin=$(now)
    shift
    times >before.txt
    "$@" >"$label.txt"
    times >after.txt
    tail -qn 1 before.txt after.txt | tr 'ms' '  ' |
        awk -v l="$label" -v wall="$(echo "$begin $(now)" |
            awk '{ print $2 - $1 }')" '{
            used[NR] = 60 * $1 + $2 + 60 * $3 + $4
        } END {
            printf "%-28s %.2f s, of processors %.2f s\n", l, wall,
                used[2] - used[1]
        }'
}
megabytes() { cat "$@" | wc -c | awk '{ printf "%.1f", $1 / 1e6 }'; }

steps "round 1: sums, promise" 75
carry 1
steps "round 2: keys, products" 75
carry 2
steps "round 3: second shares" 75
carry 3
steps "round 4: upload" 75
carry 4
timed "gather" "$server" gather session.bf --box server -o job --quiet
timed train "$server" train job/job.json --keys job/eval.keys --box server \
    -o model.enc --quiet --json
sed -n 's/.*"\(read\|train\|server_read\)":[^0-9]*\([0-9.]*\).*/  \1 \2 s/p' train.txt
for k in $names; do ln -f model.enc $k/box/inbox/; done
steps "round 5: opening share" 75
carry 5
steps "opening" 0

for k in $names; do megabytes $k/box/outbox/*; echo; done >sent.txt
for kind in square keys second upload $([ $split != rows ] || echo sums); do
    printf '%-28s %s MB\n' "sent by a: $kind" \
        "$(megabytes a/box/outbox/*.$kind)"
done
printf '%-28s %s MB an owner\n' "sent, in all" "$(spread <sent.txt)"
printf '%-28s %s MB\n' "wanted by b of others" "$(
    megabytes $(ls b/box/inbox/*.head b/box/inbox/*.sums b/box/inbox/*.square \
        b/box/inbox/*.transform b/box/inbox/*.share 2>/dev/null))"
printf '%-28s %s MB\n' "evaluation keys" "$(megabytes job/eval.keys)"
case $split in
rows) printf '%-28s %s\n' "accuracy" "$(accuracy a/model.npy)" ;;
labels)
    printf '%-28s %s\n' "accuracy as opened" "$(accuracy b/model.npy)"
    timed finish "$blindfit" party finish session.bf "$rows" --id b/b.id \
        --box b/box -o better.npy --quiet
    printf '%-28s %s\n' "accuracy, finished" "$(accuracy better.npy)"
    ;;
columns)
    for k in a b; do
        "$blindfit" predict $k/model.npy $k/test.npy -o $k/scores.csv --quiet
    done
    printf '%-28s %s\n' "accuracy, scores added" \
        "$(added_accuracy a/scores.csv b/scores.csv)"
    ;;
esac
rm -rf $names server job job.json session.bf model.enc better.npy seconds ./*.txt
