#!/bin/sh
# A gateway, a queue and its trainers are killed with -9 at random moments while
# owners push jobs and pull models: every job ends once, with the model of an
# undisturbed run. 4 kills, or 200 with BLINDFIT_TEST_LONG=1.
. "$(dirname "$0")/../cli/lib.sh"

gateway=$build/blindfit-gateway
[ -x "$gateway" ] || { echo "skipped: built without libmicrohttpd"; exit 77; }
"$blindfit" remote login --help | grep -q -e --token ||
    { echo "skipped: built without libcurl"; exit 77; }

seed=${BLINDFIT_TEST_SEED:-$(date +%s)}
echo "seed $seed"
kills=4
[ -z "${BLINDFIT_TEST_LONG:-}" ] || kills=200

spool=$work/spool
mkdir "$spool" "$work/first"
export XDG_CONFIG_HOME="$work/config"
cd "$work" || exit 1

trap 'touch stopped; kill -9 $served $queue $owners 2>/dev/null
    rm -rf "$work"' EXIT
serve() # at the port of the one before
{
    : >log
    "$gateway" serve "$spool" --listen "127.0.0.1:${port:-0}" \
        >/dev/null 2>log &
    served=$!
    until_true grep -q 'listening on' log || fail "no gateway: $(cat log)"
    port=$(sed -n 's/^listening on 127.0.0.1:\([0-9]*\).*/\1/p' log)
}
train_jobs()
{
    "$server" queue "$spool" --retries 1000 --threads 1 >>queue.log 2>&1 &
    queue=$!
}
trainer()
{
    find /proc/[0-9]*/cwd -maxdepth 0 -lname "$spool/.queue/0*" 2>/dev/null |
        head -1 | cut -d / -f 3
}

rows 100 6 2 "$seed" >train.csv
ok "$blindfit" plan -n 100 -d 6 -c 2 --iterations 2 -o first/job.json
ok "$blindfit" keygen first/job.json -o first/keys
ok "$blindfit" encrypt first/job.json train.csv --key first/keys/secret.key \
    -o first/upload.bf
ok "$server" train first/job.json --keys first/keys/eval.keys \
    --upload first/upload.bf -o wanted.enc
for name in alice bob; do
    "$gateway" token add "$spool" $name >$name.token 2>/dev/null ||
        fail "no token"
done
serve
train_jobs

# own NAME: an owner, whose jobs go one after the other until `stopped` is there.
own()
{
    export XDG_CONFIG_HOME="$work/$1.config"
    n=0
    while [ ! -e stopped ]; do
        n=$((n + 1))
        folder=$1-$n
        mkdir "$folder"
        cp -al first/. "$folder"
        "$blindfit" remote push "$folder" --quiet &&
            "$blindfit" remote pull "$folder" --wait --quiet || {
            echo "$folder: ended with $?" >>"$1.failed"
            return
        }
        cmp -s "$folder/model.enc" wanted.enc ||
            echo "$folder: another model" >>"$1.failed"
        rm -rf "$folder"
        echo "$folder" >>done
    done
} 2>>owners.log
owners=
for name in alice bob; do
    XDG_CONFIG_HOME=$work/$name.config ok "$blindfit" remote login \
        "http://127.0.0.1:$port" --token $name.token
    own $name &
    owners="$owners $!"
done

awk -v seed="$seed" 'BEGIN {
    srand(seed)
    for (i = 0; i < 4000; i++) printf "%.3f %d\n", 1.2 * rand() ^ 2, 3 * rand()
}' >moments
of_gateway=0 of_queue=0 of_trainer=0
while [ $((of_gateway + of_queue + of_trainer)) -lt $kills ] &&
    read -r moment which; do
    sleep "$moment"
    case $which in
    0)
        kill -s KILL $served
        wait $served 2>/dev/null
        of_gateway=$((of_gateway + 1))
        serve
        ;;
    1)
        kill -s KILL $queue
        wait $queue 2>/dev/null
        of_queue=$((of_queue + 1))
        train_jobs
        ;;
    *)
        victim=$(trainer)
        [ -n "$victim" ] && kill -s KILL "$victim" 2>/dev/null &&
            of_trainer=$((of_trainer + 1))
        ;;
    esac
    checks=$((checks + 1))
    running=$(find /proc/[0-9]*/cwd -maxdepth 0 -lname "$spool/.queue/0*" \
        2>/dev/null | wc -l)
    [ "$running" -le 1 ] || fail "$running trainers at once"
done <moments

touch stopped
checks=$((checks + 3))
for owner in $owners; do
    wait "$owner"
done
cat ./*.failed >failed 2>/dev/null
[ ! -s failed ] || fail "$(cat failed owners.log)"
[ -s done ] || fail "no job was done"
nothing_left()
{
    [ -z "$(find "$spool"/*/jobs "$spool"/*/results -mindepth 1 -type d)" ]
}
until_true nothing_left || fail "jobs are left: $(find "$spool" -type d)"
twice=$(sed -n 's/^\(.*\): done.*/\1/p' queue.log | sort | uniq -d)
[ -z "$twice" ] || fail "done twice: $twice"
kill $served $queue
wait $served $queue
echo "$of_gateway kills of the gateway, $of_queue of the queue, $of_trainer" \
    "of trainers, $(wc -l <done) jobs, $(grep -c ': running' queue.log) runs"
holds "$of_gateway + $of_queue + $of_trainer >= $kills"
finish
