#!/bin/sh
# A run killed with -9 at 30 random moments, each time resumed from its
# checkpoint, ends in the same file as an uninterrupted run; so do runs on any
# number of threads, and a run stopped by Ctrl-C.
. "$(dirname "$0")/../cli/lib.sh"

seed=${BLINDFIT_TEST_SEED:-$(date +%s)}
echo "seed $seed"
rows 100 6 2 "$seed" >"$work/train.csv"
ok "$blindfit" plan -n 100 -d 6 -c 2 --iterations 2 -o "$work/job.json"
ok "$blindfit" keygen "$work/job.json" -o "$work/keys"
ok "$blindfit" encrypt "$work/job.json" "$work/train.csv" \
    --key "$work/keys/secret.key" -o "$work/upload.bf"
state=$work/state.bf model=$work/model.enc

train() # OPTIONS...
{
    # A script's background jobs ignore Ctrl-C from the start.
    exec env --default-signal=INT "$server" train "$work/job.json" \
        --keys "$work/keys/eval.keys" \
        --upload "$work/upload.bf" -o "$model" --checkpoint "$state" "$@"
}
now()
{
    date +%s%N
}
same()
{
    checks=$((checks + 1))
    cmp -s "$model" "$work/whole.enc" || fail "$1: another model file"
}

new_state() # INODE: there is another one, or the run has ended
{
    kill -s 0 $pid 2>/dev/null || return 0
    [ -e "$state" ] && [ "$(stat -c %i "$state")" != "$1" ]
}
# How long a run takes, and how long from its checkpoint to its end.
start=$(now)
(train >/dev/null) &
pid=$!
until_true new_state ""
late=$(now)
wait $pid || fail "the uninterrupted run"
end=$(now)
mv "$model" "$work/whole.enc"

for threads in 1 3; do
    rm -f "$state"
    (train --threads $threads >/dev/null) || fail "$threads threads"
    same "$threads threads"
done
rm -f "$state" "$model"

# Moments from the start to late in the second iteration of two; and from the
# checkpoint to the end, for every other run that starts anew, as most that are
# killed at the others have no checkpoint. Some runs come to their end.
awk -v seed="$seed" -v took=$((end - start)) -v late=$((end - late)) 'BEGIN {
    srand(seed)
    for (i = 0; i < 400; i++)
        printf "%.3f %.3f\n", 0.75 * took / 1e9 * rand(), late / 1e9 * rand()
}' >"$work/moments"
kills=0 resumed=0 finished=0 anew=0
while [ $kills -lt 30 ] && read -r moment later; do
    resume= before=$(stat -c %i "$state" 2>/dev/null)
    if [ -e "$state" ]; then
        resume=--resume resumed=$((resumed + 1))
    else
        anew=$((anew + 1))
    fi
    (train $resume >"$work/stdout" 2>"$work/stderr") &
    pid=$!
    if [ -z "$resume" ] && [ $((anew % 2)) = 1 ]; then
        until_true new_state "$before"
        moment=$later
    fi
    sleep "$moment"
    kill -s KILL $pid 2>/dev/null
    wait $pid 2>/dev/null
    code=$?
    if [ $code = 0 ]; then
        same "after $kills kills"
        finished=$((finished + 1))
        rm -f "$state" "$model"
    elif [ $code = 137 ]; then
        kills=$((kills + 1))
    else
        fail "a run ended with $code: $(cat "$work/stderr")"
        break
    fi
done <"$work/moments"
(train $([ ! -e "$state" ] || echo --resume) >/dev/null) || fail "the last run"
same "in the end"
echo "$kills kills, $resumed resumed, $finished runs finished in between"
holds "$kills == 30 && $resumed >= 5"

# children: seconds of work of processes that this shell has waited for.
count_children()
{
    times >"$work/times"
    children=$(awk 'NR == 2 { for (i = 1; i <= 2; i++) {
        split($i, t, "m"); sum += 60 * t[1] + t[2] } print sum }' "$work/times")
}

# Ctrl-C: at once, and said to be resumable; then it is.
interrupted=0
for attempt in 1 2 3 4 5; do
    rm -f "$state" "$model"
    count_children
    (train >"$work/stdout" 2>"$work/stderr") &
    pid=$!
    while [ ! -e "$state" ] && kill -s 0 $pid 2>/dev/null; do sleep 0.01; done
    worked=$(awk '{ print ($14 + $15) / 100 }' "/proc/$pid/stat" 2>/dev/null)
    kill -s INT $pid 2>/dev/null
    wait $pid
    [ $? = 130 ] || continue
    interrupted=1
    children_before=$children
    count_children
    # Seconds of work, however long the machine takes for them.
    holds "$children - $children_before - ${worked:-0} < 1"
    grep -q 'keeps [12] of 2 iterations, --resume' "$work/stderr" ||
        fail "Ctrl-C said: $(cat "$work/stderr")"
    remove_unfinished
    absent "$model"
    (train --resume >/dev/null) || fail "resuming after Ctrl-C"
    same "after Ctrl-C"
    break
done
holds "$interrupted == 1"
finish
