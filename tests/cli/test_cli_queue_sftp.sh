#!/bin/sh
# Two owners, a queue that runs as a third user, and Debian's openssh-server on
# loopback (docs/server.md): an upload that is resumed, the model back, nothing
# of another owner. The users are accounts that every Debian has.
. "$(dirname "$0")/lib.sh"

a=games b=news queue_user=backup
[ "$(id -u)" = 0 ] || { echo "skipped: not root, who starts sshd"; exit 77; }
for program in sshd ssh-keygen sftp setpriv; do
    PATH=$PATH:/usr/sbin command -v $program >/dev/null ||
        { echo "skipped: no $program"; exit 77; }
done
for user in $a $b $queue_user; do
    id -u $user >/dev/null 2>&1 || { echo "skipped: no user $user"; exit 77; }
done
# sshd confines owners only where root alone can write, so not below /tmp.
place=$(mktemp -d /var/lib/blindfit-test-XXXXXX)
trap 'kill $(cat "$place/sshd.pid" 2>/dev/null) 2>/dev/null
rm -rf "$work" "$place"' EXIT
chmod 755 "$place"
spool=$place/spool
cp "$server" "$place"

# ---- the server --------------------------------------------------------------
install -d -g $queue_user -m 750 "$spool"
install -d -o $queue_user -m 700 "$spool/.queue"
for owner in $a $b; do
    install -d -m 755 "$spool/$owner"
    install -d -o $owner -g $queue_user -m 2750 "$spool/$owner/jobs"
    install -d -o $queue_user -g $owner -m 2750 "$spool/$owner/results"
    ssh-keygen -q -t ed25519 -N '' -f "$work/$owner"
    cp "$work/$owner.pub" "$place/$owner.keys"
done
ssh-keygen -q -t ed25519 -N '' -f "$place/host"
mkdir -p /run/sshd
cat >"$place/sshd_config" <<END
ListenAddress 127.0.0.1
HostKey $place/host
PidFile $place/sshd.pid
AuthorizedKeysFile $place/%u.keys
PasswordAuthentication no
KbdInteractiveAuthentication no
Subsystem sftp internal-sftp
Match User $a,$b
    ChrootDirectory $spool/%u
    ForceCommand internal-sftp -d /jobs -u 0027
    DisableForwarding yes
END
listens()
{
    [ -s "$place/sshd.pid" ]
}
port=$((20000 + $$ % 20000))
for attempt in 1 2 3 4 5; do
    port=$((port + 1))
    PATH=$PATH:/usr/sbin
    $(command -v sshd) -f "$place/sshd_config" -E "$place/sshd.log" -p $port
    patience=10 until_true listens && break
done
listens || { fail "sshd: $(cat "$place/sshd.log")"; finish; }

# as OWNER: runs the commands on standard input.
as()
{
    sftp -q -b - -P $port -i "$work/$1" -o IdentitiesOnly=yes \
        -o UserKnownHostsFile="$work/known" -o StrictHostKeyChecking=no \
        -o BatchMode=yes "$1@127.0.0.1" >"$work/stdout" 2>"$work/stderr"
}
may() # OWNER: the commands succeed
{
    checks=$((checks + 1))
    as "$1" || fail "$1: $(cat "$work/stderr"; tail -3 "$place/sshd.log")"
}
may_not() # OWNER COMMAND
{
    checks=$((checks + 1))
    ! echo "$2" | as "$1" || fail "$1: $2"
}
queue_once()
{
    # As systemd starts it, with no other group than its own.
    ok setpriv --reuid $queue_user --regid $queue_user --clear-groups \
        "$place/blindfit-server" queue "$spool" --once
    cp "$work/stderr" "$work/log"
}

# ---- the owner ---------------------------------------------------------------
blindfit=$(realpath "$blindfit")
cd "$work" || exit 1
rows 60 6 2 1 >train.csv
ok "$blindfit" plan -n 60 -d 6 -c 2 -o job.json
ok "$blindfit" keygen job.json -o keys
ok "$blindfit" encrypt job.json train.csv --key keys/secret.key \
    -o upload.bf
may $a <<END
mkdir digits
put job.json digits
END
queue_once
may $a <<END
get /results/digits/status.json quote.json
END
checks=$((checks + 1))
grep -q '"state":.*uploading' quote.json || fail "no quote"
holds "$(number upload_bytes quote.json) == $(stat -c %s upload.bf)"
# A connection that breaks, and another that goes on.
head -c 300000 upload.bf >begun
may $a <<END
put begun digits/upload.bf
END
may $a <<END
reput upload.bf digits/upload.bf
put keys/eval.keys digits
mkdir digits/READY
END
# Another owner sees nothing of it, also not by a link that the queue follows.
echo 'ls -la /' | as $b
checks=$((checks + 2))
! grep -q $a stdout || fail "$b sees $a: $(cat stdout)"
grep -q results stdout || fail "$b does not see /results: $(cat stdout stderr)"
may_not $b "get ../../$a/jobs/digits/job.json stolen"
may_not $b "ls /../$a/jobs"
may_not $b "mkdir /other"
may_not $b "put job.json /results/job.json"
may $b <<END
mkdir steal
put job.json steal
put keys/eval.keys steal
symlink ../../../$a/jobs/digits/upload.bf steal/upload.bf
mkdir steal/READY
mkdir closed
put job.json closed
chmod 600 closed/job.json
mkdir closed/READY
END
queue_once
checks=$((checks + 3))
grep -q "^$a/digits: done" log || fail "not done: $(cat log)"
grep -q "^$b/steal: refused: upload.bf: a symbolic link" log ||
    fail "a link: $(cat log)"
grep -q "^$b/closed: refused: job.json: the server may not read" log ||
    fail "closed: $(cat log)"
may $a <<END
get /results/digits/DONE
get /results/digits/model.enc
END
may_not $a 'rm /results/digits/DONE'
may_not $a 'rm /results/digits/model.enc'
may $a <<END
rm digits/*.*
rmdir digits/READY
rmdir digits
END
queue_once
may_not $a 'ls /results/digits'
ok "$blindfit" decrypt job.json model.enc \
    --key keys/secret.key --transform keys/transform.bf -o model.npy
ok "$blindfit" evaluate model.npy train.csv --json
holds "$(number accuracy stdout) > 0.9"
finish
