#!/bin/sh
# blindfit-server queue while it trains: turns of owners, two queues, ends of
# queues and trainers, withdrawals, limits of time.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/queue.sh"

make_job "$work/second" 50 6 1
make_job "$work/long" 2000 40 2
make_job "$first" 40 6 2
for job in "$first" "$work/second"; do
    ok "$server" train "$job/job.json" --keys "$job/keys/eval.keys" \
        --upload "$job/upload.bf" -o "$job/model.enc"
done
ok "$server" train "$work/long/job.json" --keys "$work/long/keys/eval.keys" \
    --upload "$work/long/upload.bf" -o "$work/long/model.enc"

# Owners take turns, each with its oldest job; here all are admitted while the
# job of another owner is suspended.
put owner-x/0 "$work/long"
echo '{"owners": {"owner-a": {"jobs": 3}}}' >"$work/limits.json"
begin --limits "$work/limits.json"
suspend owner-x/0
for job in c/1 a/1 a/2 a/3 b/1; do
    submit owner-$job "$work/second"
    await is waiting owner-$job || fail "$job: $(state owner-$job)"
done
submit owner-a/4 "$work/second"
await is refused owner-a/4 || fail "a/4: $(state owner-a/4)"
ends_as refused owner-a/4 '3 jobs wait already, 3 are allowed'
checks=$((checks + 5))
for ahead in a/1=1 b/1=2 c/1=3 a/2=4 a/3=5; do
    [ "$(number jobs_ahead "$(results "owner-${ahead%=*}")/status.json")" = \
        "${ahead#*=}" ] || fail "jobs ahead: not $ahead"
done
cp "$work/log" "$work/before"
kill -s CONT "$trainer"
await is "done" owner-a/3 || fail "a/3: $(state owner-a/3)"
stop
checks=$((checks + 1))
order=$(diff "$work/before" "$work/log" |
    sed -n 's/^> owner-\(.*\): running/\1/p' | tr '\n' ' ')
[ "$order" = 'a/1 b/1 c/1 a/2 a/3 ' ] || fail "the order: $order"
rm -r "$spool"

# Two queues; one that is stopped; its job goes on.
put alice/long "$work/long"
begin
suspend alice/long
refuse 2 'another queue works on this spool' \
    timeout 60 "$server" queue "$spool" --once
until has_checkpoint || no_trainer; do
    kill -s CONT "$trainer"
    kill -s STOP "$trainer"
done 2>/dev/null
stop
checks=$((checks + 1))
case $(state alice/long) in
paused) [ "$(line alice/long)" = 'the queue was stopped' ] ||
    fail "paused: $(line alice/long)" ;;
done) echo "it was done before it was stopped" ;;
*) fail "stopped: $(state alice/long)" ;;
esac
once
done_with alice/long "$work/long/model.enc"

# A checkpoint that the run refuses, where it was to go on, is dropped.
put alice/damaged "$work/long"
begin
suspend alice/damaged
until has_checkpoint || no_trainer; do
    kill -s CONT "$trainer"
    kill -s STOP "$trainer"
done 2>/dev/null
stop
checkpoint=$(find "$spool/.queue" -name state.bf)
if [ -n "$checkpoint" ]; then
    echo damaged >"$checkpoint"
    once
    checks=$((checks + 1))
    grep -q 'damaged: waiting: state.bf: .*will be tried again' "$work/log" ||
        fail "a damaged checkpoint: $(cat "$work/log")"
else
    echo "it was done before it was stopped"
    once
fi
done_with alice/damaged "$work/long/model.enc"

# The end of a queue is that of its trainer, which another queue awaits.
put alice/killed "$work/long"
begin
suspend alice/killed
kill -s KILL $queue
wait $queue 2>/dev/null
# The kernel does so, unless the trainer's new parent is of its session.
kill -s CONT "$trainer" 2>/dev/null
await no_trainer || fail "the trainer goes on"
# As if the queue had been killed between the model and its marker.
cp "$work/long/model.enc" "$(results alice/killed)"
once
done_with alice/killed "$work/long/model.enc"
checks=$((checks + 1))
! grep -q running "$work/log" || fail "a job with a model is trained again"
unadmitted
begin
# Withdrawn, and removed, while the job runs.
suspend alice/killed
checks=$((checks + 1))
[ -n "$(number progress "$(results alice/killed)/status.json")" ] ||
    fail "no progress"
rm "$spool/alice/jobs/killed/READY"
await is uploading alice/killed || fail "withdrawn: $(state alice/killed)"
absent "$(results alice/killed)/model.enc"
unadmitted
suspend alice/killed
rm -r "$spool/alice/jobs/killed"
is_gone()
{
    [ ! -e "$(results alice/killed)" ]
}
await is_gone || fail "removed: results stay"
unadmitted
# READY once more, for the same files, starts nothing anew.
put alice/same "$work/long"
suspend alice/same
rm "$spool/alice/jobs/same/READY"
ready alice/same
put alice/other "$work/second"
await is uploading alice/other || fail "no look at other"
holds "$trainer == $(trainer)"
kill -s CONT "$trainer"
await is "done" alice/same || fail "same: $(state alice/same)"
done_with alice/same "$work/long/model.enc"
stop

# While a queue runs: an upload that was incomplete is completed; READY is put anew
# for other files.
begin
put alice/grows
head -c 5000 "$first/upload.bf" >"$spool/alice/jobs/grows/begun"
mv -f "$spool/alice/jobs/grows/begun" "$spool/alice/jobs/grows/upload.bf"
ready alice/grows
await is refused alice/grows || fail "grows: $(state alice/grows)"
ln -f "$first/upload.bf" "$spool/alice/jobs/grows/upload.bf"
await is "done" alice/grows || fail "grows: $(state alice/grows)"
done_with alice/grows "$first/model.enc"
rm "$spool/alice/jobs/grows/"*.* "$spool/alice/jobs/grows/READY"
put alice/grows "$work/second"
ready alice/grows
has_second()
{
    cmp -s "$(results alice/grows)/model.enc" "$work/second/model.enc"
}
await has_second || fail "grows: another model, $(state alice/grows)"
stop
done_with alice/grows "$work/second/model.enc"

# A trainer that dies again and again; and one that takes too long.
rm -r "$spool"
put alice/dies "$work/long"
begin --retries 1
suspend alice/dies
kill -s KILL "$trainer"
died()
{
    is failed alice/dies && return
    pid=$(trainer)
    [ -z "$pid" ] || [ "$pid" = "$trainer" ] || kill -s KILL "$pid"
    return 1
}
await died || fail "dies: $(state alice/dies)"
stop
ends_as failed alice/dies 'signal 9 \(out of memory\?\), 2 times'
unadmitted
put alice/slow "$work/long"
# More than plans of it say on a busy machine: it would be refused.
begin --max-time 12s
suspend alice/slow
await is failed alice/slow || fail "slow: $(state alice/slow)"
stop
ends_as failed alice/slow 'took longer than the 12.* s that are allowed'
rm -r "$spool"
# ---- the unit of systemd -----------------------------------------------------
unit blindfit-queue "$server" 10
finish
