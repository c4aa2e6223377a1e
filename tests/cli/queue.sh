# Sourced by tests of blindfit-server queue, after lib.sh.
spool=$work/spool
first=$work/first

make_job() # FOLDER ROWS FEATURES ITERATIONS: job.json, keys and an upload
{
    mkdir "$1"
    rows "$2" "$3" 2 1 >"$1/train.csv"
    ok "$blindfit" plan -n "$2" -d "$3" -c 2 --iterations "$4" \
        -o "$1/job.json"
    ok "$blindfit" keygen "$1/job.json" -o "$1/keys"
    ok "$blindfit" encrypt "$1/job.json" "$1/train.csv" \
        --key "$1/keys/secret.key" -o "$1/upload.bf"
}

# put OWNER/JOB [FROM]: the files of a job, without READY. Files are links, as
# the queue only reads them.
put()
{
    folder=$spool/${1%/*}/jobs/${1#*/} from=${2:-$first}
    mkdir -p "$folder"
    cp "$from/job.json" "$folder"
    ln "$from/keys/eval.keys" "$from/upload.bf" "$folder"
}
ready() # OWNER/JOB
{
    : >"$spool/${1%/*}/jobs/${1#*/}/READY"
}
submit() # OWNER/JOB [FROM]
{
    put "$@"
    ready "$1"
}
results() # OWNER/JOB
{
    echo "$spool/${1%/*}/results/${1#*/}"
}
queue() # OPTIONS...
{
    "$server" queue "$spool" "$@"
}
once() # OPTIONS...
{
    ok queue --once "$@"
    cp "$work/stderr" "$work/log"
}
state() # OWNER/JOB: its state
{
    sed -n 's/^[[:space:]]*"state":[[:space:]]*"\([a-z]*\)".*/\1/p' \
        "$(results "$1")/status.json"
}
line() # OWNER/JOB
{
    sed -n 's/^[[:space:]]*"line":[[:space:]]*"\(.*\)",*$/\1/p' \
        "$(results "$1")/status.json"
}

# done_with OWNER/JOB MODEL: it is done, with these bytes.
done_with()
{
    checks=$((checks + 1))
    [ "$(state "$1")" = done ] || fail "$1 is $(state "$1"): $(line "$1")"
    cmp -s "$(results "$1")/model.enc" "$2" || fail "$1: another model"
    [ -e "$(results "$1")/DONE" ] || fail "$1: no DONE"
    [ ! -e "$(results "$1")/FAILED" ] || fail "$1: FAILED"
}

# ends_as STATE OWNER/JOB PATTERN: with a line in status.json and in the log.
ends_as()
{
    checks=$((checks + 1))
    [ "$(state "$2")" = "$1" ] || fail "$2 is $(state "$2"), not $1"
    line "$2" | grep -q -E -e "$3" || fail "$2: no '$3' in '$(line "$2")'"
    [ "$(grep -c -E -e "^$2: $1: .*$3" "$work/log")" = 1 ] ||
        fail "$2: not one line '$3' in $(cat "$work/log")"
    [ ! -e "$(results "$2")/model.enc" ] || fail "$2: has a model"
    case $1 in
    uploading) [ ! -e "$(results "$2")/FAILED" ] || fail "$2: FAILED" ;;
    *) [ -e "$(results "$2")/FAILED" ] || fail "$2: no FAILED" ;;
    esac
}

# unadmitted: nothing of a job is left in the queue's own folder.
unadmitted()
{
    checks=$((checks + 1))
    left=$(find "$spool/.queue" -name '*.*.*' ! -path '*/plan/*')
    [ -z "$left" ] || fail "left behind: $left"
}

# As until_true, with fewer looks: those at processes take long.
await() # COMMAND...
{
    until_true slowly "$@"
}
slowly()
{
    sleep 0.1
    "$@"
}

begin() # OPTIONS...
{
    "$server" queue "$spool" --threads 1 "$@" >"$work/out" 2>"$work/log" &
    queue=$!
}
stop()
{
    kill -s TERM $queue
    wait $queue || fail "SIGTERM: the queue ended with $?"
}
# The process that trains, by the folder it works in.
trainer()
{
    find /proc/[0-9]*/cwd -maxdepth 0 -lname "$spool/.queue/0*" 2>/dev/null |
        cut -d / -f 3
}
no_trainer()
{
    [ -z "$(trainer)" ]
}
is() # STATE OWNER/JOB
{
    [ "$(state "$2" 2>/dev/null)" = "$1" ]
}
is_training_or_done() # OWNER/JOB
{
    [ -n "$(trainer)" ] || is "done" "$1"
}
is_suspended() # PID
{
    grep -q '^State:.*T' "/proc/$1/status" 2>/dev/null
}
# suspend OWNER/JOB: submits a job that waits for READY; its trainer is then
# suspended. A run that has ended before is withdrawn, and begun anew.
suspend()
{
    for attempt in 1 2 3 4 5 6 7 8 9; do
        ready "$1"
        until_true is_training_or_done "$1" || break
        trainer=$(trainer)
        kill -s STOP ${trainer:-0x} 2>/dev/null
        [ -n "$trainer" ] && until_true not_running "$trainer"
        # The queue, which is not suspended, says so a little later.
        is_suspended "${trainer:-none}" && { await is running "$1"; return; }
        rm "$spool/${1%/*}/jobs/${1#*/}/READY"
        await is uploading "$1"
    done
    fail "$1: $(state "$1"), and not suspended"
}
not_running() # PID
{
    is_suspended "$1" || [ ! -e "/proc/$1" ]
}
has_checkpoint()
{
    [ -n "$(find "$spool/.queue" -name state.bf)" ]
}
