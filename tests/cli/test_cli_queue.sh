#!/bin/sh
# blindfit-server queue: jobs of owners are admitted, refused, trained, withdrawn
# and removed; bad files of owners; two queues; full and read-only disks.
. "$(dirname "$0")/lib.sh"

spool=$work/spool
first=$work/first

# make_job FOLDER [ROWS [ITERATIONS]]: job.json, keys and an upload.
make_job()
{
    mkdir "$1"
    rows "${2:-40}" 6 2 1 >"$1/train.csv"
    ok "$blindfit" plan -n "${2:-40}" -d 6 -c 2 --iterations "${3:-2}" \
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

make_job "$first"
ok "$server" train "$first/job.json" --keys "$first/keys/eval.keys" \
    --upload "$first/upload.bf" -o "$first/model.enc"

# ---- a quote, a job, and a job over its rows ---------------------------------
put alice/digits
once
checks=$((checks + 1))
[ "$(state alice/digits)" = uploading ] || fail 'uploading: no quote'
status=$(results alice/digits)/status.json
holds "$(number upload_bytes "$status") == $(stat -c %s "$first/upload.bf")"
holds "$(number keys_bytes "$status") == $(stat -c %s "$first/keys/eval.keys")"
holds "$(number model_bytes "$status") == $(stat -c %s "$first/model.enc")"
holds "$(number seconds "$status") > 0 && $(number memory_bytes "$status") > 1e7"
holds "$(number samples "$status") == 40 && $(number features "$status") == 6"
ready alice/digits
once
done_with alice/digits "$first/model.enc"
holds "$(number seconds "$status") > 0 && $(number peak_rss_bytes "$status") > 1e6"
unadmitted
# Neither a further look nor READY once more trains it again.
inode=$(stat -c %i "$(results alice/digits)/model.enc")
once
ready alice/digits
once
holds "$inode == $(stat -c %i "$(results alice/digits)/model.enc")"
checks=$((checks + 1))
! grep -q running "$work/log" || fail "done, and trained again"

finish
