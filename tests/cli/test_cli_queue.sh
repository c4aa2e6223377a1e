#!/bin/sh
# blindfit-server queue: jobs of owners are quoted, admitted, refused, trained,
# withdrawn and removed; bad files of owners; limits; full and read-only disks.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/queue.sh"

make_job "$first" 300 6 2
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
holds "$(number samples "$status") == 300 && $(number features "$status") == 6"
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

# A job over the rows of digits, with other labels.
put_over() # JOB USES
{
    folder=$spool/alice/jobs/$1
    mkdir "$folder"
    cp "$work/over.json" "$folder/job.json"
    ln "$work/labels.bf" "$folder"
    printf '%s\n' "$2" >"$folder/uses"
    ready "alice/$1"
}
ok "$blindfit" plan --over "$first/job.json" -o "$work/over.json"
ok "$blindfit" encrypt "$work/over.json" "$first/train.csv" --only labels \
    --key "$first/keys/secret.key" --fitted "$first/keys/transform.bf" \
    -o "$work/labels.bf"
ok "$server" train "$work/over.json" --keys "$first/keys/eval.keys" \
    --upload "$first/upload.bf" --upload "$work/labels.bf" -o "$work/over.enc"
put_over over digits
put_over nothing nowhere
put_over tricky ../../bob/jobs/own
submit bob/own
once
done_with alice/over "$work/over.enc"
done_with bob/own "$first/model.enc"
ends_as refused alice/nothing 'uses: there is no job nowhere'
ends_as refused alice/tricky 'uses: has no name of a job'

# ---- withdrawn, submitted again, removed -------------------------------------
rm "$spool/alice/jobs/digits/READY"
rm -r "$spool/alice/jobs/over" "$spool/alice/jobs/nothing"
once
checks=$((checks + 1))
[ "$(state alice/digits)" = uploading ] || fail "READY is gone: still $(
    state alice/digits)"
absent "$(results alice/digits)/model.enc" "$(results alice/digits)/DONE" \
    "$(results alice/over)" "$(results alice/nothing)"
ready alice/digits
once
done_with alice/digits "$first/model.enc"
# Another submission under the name of one that is done, while no queue runs.
make_job "$work/second" 50 6 1
ok "$server" train "$work/second/job.json" \
    --keys "$work/second/keys/eval.keys" --upload "$work/second/upload.bf" \
    -o "$work/second/model.enc"
rm -r "$spool/alice/jobs/digits"
submit alice/digits "$work/second"
once
done_with alice/digits "$work/second/model.enc"
rm -r "$spool/alice/jobs" "$spool/bob/jobs"
mkdir "$spool/alice/jobs" "$spool/bob/jobs"
once
absent "$(results alice/digits)" "$(results bob/own)"
unadmitted

# ---- bad files of owners -----------------------------------------------------
ok "$blindfit" plan --owners 2 -n 512 -d 8 -c 2 -k 1 --map none \
    -o "$work/owners.json"
# bad NAME COMMAND...: a job whose files the command changed, in its folder.
bad()
{
    put "alice/$1"
    (cd "$spool/alice/jobs/$1" && shift && eval "$@")
    ready "alice/$1"
}
shorten() # FILE BYTES
{
    head -c "$2" "$1" >short
    mv -f short "$1"
}
grow()
{
    cp "$1" grown
    echo more >>grown
    mv -f grown "$1"
}
bad no-job 'rm job.json'
bad no-keys 'rm eval.keys'
bad no-upload 'rm upload.bf'
bad short-job 'shorten job.json 300'
bad other-job 'echo "{}" >job.json'
bad owners 'cp "$work/owners.json" job.json'
bad short-upload 'shorten upload.bf 5000'
bad stub-upload 'shorten upload.bf 100'
bad empty-keys 'shorten eval.keys 0'
bad long-upload 'grow upload.bf'
bad no-frame 'rm upload.bf; cp job.json upload.bf'
bad link 'rm upload.bf; ln -s "$first/upload.bf" upload.bf'
bad link-job 'rm job.json; ln -s "$first/job.json" job.json'
bad folder 'rm eval.keys; mkdir eval.keys'
bad pipe 'rm eval.keys; mkfifo eval.keys'
bad both 'cp upload.bf upload.bf.0'
bad swapped 'mv upload.bf x; mv eval.keys upload.bf; mv x eval.keys'
bad changed 'cp upload.bf x; printf x | dd of=x bs=1 seek=70000 conv=notrunc \
    2>/dev/null; mv -f x upload.bf'
bad foreign 'rm upload.bf; ln "$work/second/upload.bf" upload.bf'
ln -s "$first" "$spool/alice/jobs/linked"
echo file >"$spool/alice/jobs/file"
long=$(printf '%065d' 0)
mkdir "$spool/alice/jobs/.hidden" "$spool/alice/jobs/$long" \
    "$spool/alice/jobs/a b" "$spool/alice/jobs/$(printf 'x\033[2J')"
ln -s alice "$spool/carol"
once
ends_as refused alice/no-job 'job.json is missing'
ends_as refused alice/no-keys 'eval.keys is missing'
ends_as refused alice/no-upload 'upload.bf is missing'
ends_as refused alice/short-job 'job.json'
ends_as refused alice/other-job 'job.json'
ends_as refused alice/owners 'job.json: of 2 owners'
ends_as refused alice/short-upload 'upload.bf: 5000 of [0-9]* bytes are here'
ends_as refused alice/stub-upload 'upload.bf: only 100 bytes are here'
ends_as refused alice/empty-keys 'eval.keys: only 0 bytes are here'
ends_as refused alice/long-upload 'upload.bf: .*not the length in its header'
ends_as refused alice/no-frame 'upload.bf: is no file of keys'
ends_as refused alice/link 'upload.bf: a symbolic link is not followed'
ends_as refused alice/link-job 'job.json: a symbolic link is not followed'
ends_as refused alice/folder 'eval.keys: is a folder'
ends_as refused alice/pipe 'eval.keys: is no regular file'
ends_as refused alice/both 'upload.bf.0 too'
ends_as failed alice/swapped 'eval.keys: .*wanted: evaluation keys'
ends_as failed alice/changed 'upload.bf'
ends_as failed alice/foreign 'upload.bf'
ends_as refused alice/linked 'linked: a symbolic link is not followed'
ends_as refused alice/file 'file: is no folder'
unadmitted
checks=$((checks + 3))
for name in "$long" 'a b' 'x?\[2J'; do
    grep -q "alice/jobs/$name: is no name of a job" "$work/log" ||
        fail "not said: $name"
    grep -q "\"$name\"" "$spool/alice/results/status.json" ||
        fail "not in status.json: $name"
done
grep -q '^carol/jobs: ' "$work/log" || fail "a link is an owner"
# No line tells where the spool lies.
! grep -r -q "$work" "$spool"/*/results || fail "a path in results"
# An upload that was incomplete is admitted when it is complete.
ln -f "$first/upload.bf" "$spool/alice/jobs/short-upload/upload.bf"
once
done_with alice/short-upload "$first/model.enc"
if [ "$(id -u)" != 0 ]; then
    submit alice/unreadable
    chmod 0 "$spool/alice/jobs/unreadable/job.json"
    once
    ends_as refused alice/unreadable 'may not read it'
else
    echo "root reads every file: none is unreadable"
fi
rm -r "$spool/alice/jobs" "$spool/carol"
mkdir "$spool/alice/jobs"

# ---- limits ------------------------------------------------------------------
cat >"$work/limits.json" <<END
{"default": {"memory_bytes": 1e6},
 "owners": {"alice": {"memory_bytes": 1e10},
            "carol": {"memory_bytes": 1e10, "seconds": 1e-6},
            "dave": {"memory_bytes": 1e10, "disk_bytes": 2e7}}}
END
submit alice/one
put dave/first
put dave/second
once --limits "$work/limits.json" # a quote
ready dave/first
once --limits "$work/limits.json"
checks=$((checks + 1))
[ "$(state dave/second)" = uploading ] || fail "dave/second was not submitted"
done_with alice/one "$first/model.enc"
ends_as refused dave/first 'all files would take .* this owner'
grep -q '"memory_bytes":.*10000000000' "$spool/alice/results/status.json" ||
    fail "alice's limits are not told"
rm -r "$spool"
submit bob/one
submit carol/one
put bob/asks
once --limits "$work/limits.json"
ends_as refused bob/one 'needs .* of memory, 1.0* MB are allowed'
ends_as refused carol/one 'takes about .*, .* are allowed'
ends_as uploading bob/asks 'will be refused: needs .* of memory'
cat "$work/limits.json" "$work/limits.json" >"$work/twice.json"
refuse 4 'twice.json: no JSON object' queue --once --limits "$work/twice.json"
for option in '--max-memory 10M' '--max-time 1e-6s' '--max-disk 1M'; do
    rm -r "$spool"
    submit alice/one
    # The options are words.
    once $option
    ends_as refused alice/one 'are allowed'
done
rm -r "$spool"
mkdir "$spool"
limits() # TEXT PATTERN
{
    echo "$1" >"$work/bad.json"
    refuse 4 "bad.json: $2" queue --once --limits "$work/bad.json"
}
limits '[1]' 'no JSON object'
limits '{"owner": {}}' 'owner: only the objects default and owners'
limits '{"default": {"disk": 1}}' "default: no limit 'disk'"
limits '{"default": {"jobs": 0}}' 'default: jobs: not a number above 0'
limits '{"owners": {"../x": {}}}' "'../x' is no name of an owner"
refuse 3 'nowhere.json' queue --once --limits "$work/nowhere.json"
refuse 3 'nowhere: No such file' "$server" queue "$work/nowhere" --once
refuse 2 "max-time: 'soon' is no time" queue --max-time soon
refuse 2 "max-time: '-1' is no time" queue --max-time=-1

# ---- full and read-only disks ------------------------------------------------
once
chmod 770 "$spool/.queue"
refuse 3 'queue: belongs to another user, or others may write' queue --once
rm -r "$spool"
mkdir "$spool"
if ! mount -t tmpfs -o size=60m blindfit-test "$spool" 2>/dev/null; then
    echo "skipped: no permission to mount a small disk"
    finish
fi
trap 'umount "$spool"; rm -rf "$work"' EXIT
put() # OWNER/JOB: as above, on another disk
{
    folder=$spool/${1%/*}/jobs/${1#*/}
    mkdir -p "$folder"
    cp "$first/job.json" "$first/keys/eval.keys" "$first/upload.bf" "$folder"
}
once
submit alice/full
dd if=/dev/zero of="$spool/.filler" bs=4096 2>/dev/null
refuse_full() # PATTERN: exit code 3, and a line among others
{
    checks=$((checks + 1))
    queue --once >"$work/out" 2>"$work/log"
    [ $? = 3 ] || fail "a full disk: ended otherwise"
    tail -1 "$work/log" | grep -q -E -e "$1" ||
        fail "a full disk: $(cat "$work/log")"
    [ "$(grep -c 'No space left' "$work/log")" -le 4 ] ||
        fail "too many lines: $(cat "$work/log")"
}
refuse_full '^blindfit-server: alice/full: .*No space left on device'
rm "$spool/.filler"
once
done_with alice/full "$first/model.enc"
# Room for status.json, not for the model: the job waits until there is more.
submit alice/later
dd if=/dev/zero of="$spool/.filler" bs=4096 2>/dev/null
truncate -s -200k "$spool/.filler"
begin
room_is_awaited()
{
    is waiting alice/later && line alice/later | grep -q "the server's disk has"
}
await room_is_awaited || fail "no room: $(cat "$work/log")"
rm "$spool/.filler"
await is "done" alice/later || fail "room again: $(cat "$work/log")"
stop
done_with alice/later "$first/model.enc"
mount -o remount,ro "$spool"
refuse 3 'queue/lock: Read-only file system' queue --once
mount -o remount,rw "$spool"
finish
