#!/bin/sh
# A queue and its trainers are killed with -9 at random moments: every job ends
# once, with the model of an undisturbed run. 12 kills, or 200 with
# BLINDFIT_TEST_LONG=1.
. "$(dirname "$0")/../cli/lib.sh"

seed=${BLINDFIT_TEST_SEED:-$(date +%s)}
echo "seed $seed"
kills=12
[ -z "${BLINDFIT_TEST_LONG:-}" ] || kills=200

spool=$work/spool
rows 100 6 2 "$seed" >"$work/train.csv"
ok "$blindfit" plan -n 100 -d 6 -c 2 --iterations 2 -o "$work/job.json"
ok "$blindfit" keygen "$work/job.json" -o "$work/keys"
for upload in 0 1; do
    ok "$blindfit" encrypt "$work/job.json" "$work/train.csv" \
        --key "$work/keys/secret.key" -o "$work/upload-$upload.bf" \
        --transform "$work/transform-$upload.bf"
    ok "$server" train "$work/job.json" --keys "$work/keys/eval.keys" \
        --upload "$work/upload-$upload.bf" -o "$work/model-$upload.enc"
done

submitted=0
submit() # a job of the next of three owners, with the next of two uploads
{
    submitted=$((submitted + 1))
    owner=owner-$((submitted % 3))
    folder=$spool/$owner/jobs/job-$submitted
    mkdir -p "$folder"
    cp "$work/job.json" "$folder"
    ln "$work/keys/eval.keys" "$folder/eval.keys"
    ln "$work/upload-$((submitted % 2)).bf" "$folder/upload.bf"
    mkdir "$folder/READY"
}
results() # NUMBER
{
    echo "$spool/owner-$(($1 % 3))/results/job-$1"
}
begin()
{
    "$server" queue "$spool" --retries 1000 --threads 1 \
        >>"$work/log" 2>&1 &
    queue=$!
}
# A child of the queue: the planner or the trainer.
child()
{
    find /proc/[0-9]*/cwd -maxdepth 0 -lname "$spool/.queue/*" 2>/dev/null |
        head -1 | cut -d / -f 3
}
# Trainers of this spool, whoever their parent is, by their folder.
trainers()
{
    find /proc/[0-9]*/cwd -maxdepth 0 -lname "$spool/.queue/0*" 2>/dev/null |
        wc -l
}
ended() # NUMBER
{
    [ -e "$(results "$1")/DONE" ] || [ -e "$(results "$1")/FAILED" ]
}
note_inodes() # model files that are final must stay
{
    for done in "$spool"/*/results/*/DONE; do
        [ -e "$done" ] || continue
        model=${done%/DONE}/model.enc
        name=$(echo "$model" | tr / _)
        [ -e "$work/$name" ] || stat -c %i "$model" >"$work/$name"
    done
}

awk -v seed="$seed" 'BEGIN {
    srand(seed)
    for (i = 0; i < 4000; i++) printf "%.3f %d\n", 0.6 * rand() ^ 2, 4 * rand()
}' >"$work/moments"
mkdir -p "$spool"
submit
submit
submit
begin
of_queue=0 of_trainer=0
while [ $((of_queue + of_trainer)) -lt $kills ] && read -r moment which; do
    sleep "$moment"
    if [ "$which" = 0 ]; then
        victim=$(child)
        [ -n "$victim" ] && kill -s KILL "$victim" 2>/dev/null &&
            of_trainer=$((of_trainer + 1))
    else
        kill -s KILL $queue
        wait $queue 2>/dev/null
        of_queue=$((of_queue + 1))
        begin
    fi
    checks=$((checks + 1))
    running=$(trainers)
    [ "$running" -le 1 ] || fail "$running trainers at once"
    note_inodes
    # Always two jobs that have not ended.
    ended $submitted && submit
    ended $((submitted - 1)) && submit
done <"$work/moments"

all_ended()
{
    i=0
    while [ $i -lt $submitted ]; do
        i=$((i + 1))
        ended $i || return 1
    done
}
until_true all_ended || fail "some jobs do not end"
kill -s TERM $queue
wait $queue || fail "the queue ended with $?"
i=0
while [ $i -lt $submitted ]; do
    i=$((i + 1))
    checks=$((checks + 1))
    model=$(results $i)/model.enc
    cmp -s "$model" "$work/model-$((i % 2)).enc" ||
        fail "job $i: another model: $(cat "$(results $i)/status.json")"
    name=$(echo "$model" | tr / _)
    [ ! -e "$work/$name" ] || [ "$(cat "$work/$name")" = \
        "$(stat -c %i "$model")" ] || fail "job $i ended twice"
    [ "$(grep -c "/job-$i: done" "$work/log")" -le 1 ] ||
        fail "job $i was said to be done twice"
done
checks=$((checks + 1))
left=$(find "$spool/.queue" -mindepth 1 ! -path '*/plan*' ! -name turn \
    ! -name lock ! -name children)
[ -z "$left" ] || fail "left behind: $left"
echo "$of_queue kills of the queue, $of_trainer of its children," \
    "$submitted jobs, $(grep -c ': running' "$work/log") runs"
holds "$of_queue + $of_trainer >= $kills"
finish
