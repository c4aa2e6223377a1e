#!/bin/sh
# Runs as root in a container that tools/check-systemd boots, where only blindfit's
# packages are installed: sets up a server by the commands of docs/server.md, and
# trains under the units of systemd. It is started at each boot: the second one
# follows a sudden end of all processes in the middle of a job.
#
#   machine.sh SOURCE     the folder with docs/server.md and data/
set -eux
export HOME=/root
source=$1
spool=/srv/blindfit
queue=blindfit-queue gateway=blindfit-gateway
group=/sys/fs/cgroup/system.slice/$queue.service
mkdir -p /root/work
cd /root/work

say() { echo "machine: $*"; }
fail()
{
    say "$*"
    systemctl --no-pager --full status $queue $gateway || true
    journalctl --no-pager -u $queue -u $gateway | tail -40
    exit 1
}
trap '[ $? = 0 ] && say passed || say FAILED; systemctl poweroff' EXIT

# block PATTERN: the block of commands in docs/server.md that has such a line,
# without lines that are for servers without packages.
block()
{
    awk -v wanted="$1" '
        /^```/ { if (found) exit; inside = !inside; text = ""; next }
        inside { text = text $0 "\n"; if ($0 ~ wanted) found = 1 }
        END { if (found) printf "%s", text; else exit 1 }' \
        "$source/docs/server.md" >block.text || fail "no block with '$1'"
    grep -v '# unless packaged' block.text
}
run() { sh -eux -c "$(cat)"; }

main_pid() { systemctl show --property MainPID --value "$1"; }
until_true() # SECONDS COMMAND...
{
    set +x
    limit=$(($(cut -d . -f 1 /proc/uptime) + $1))
    shift
    until "$@"; do
        [ "$(cut -d . -f 1 /proc/uptime)" -lt $limit ] || fail "waited for: $*"
        sleep 0.2
    done
    set -x
}

# ---- a job in the queue -------------------------------------------------------
state() # OWNER/JOB
{
    sed -n 's/^[[:space:]]*"state":[[:space:]]*"\([a-z]*\)".*/\1/p' \
        "$spool/${1%/*}/results/${1#*/}/status.json" 2>/dev/null
}
is() { [ "$(state "$2")" = "$1" ]; }
checkpoint() { find $spool/.queue -name state.bf | grep -q .; }
trains_on() # OWNER/JOB: it runs, and could continue where it is
{
    is running "$1" && checkpoint
}
same_model() # OWNER/JOB
{
    cmp "$spool/${1%/*}/results/${1#*/}/model.enc" long/reference.enc ||
        fail "$1: not the bytes of a run without interruption"
}
rows() # COUNT
{
    awk -v rows="$1" 'BEGIN {
        for (i = 0; i < rows; i++) {
            printf "%d", i % 2
            for (j = 0; j < 6; j++)
                printf ",%.3f",
                    (i % 2 == j % 2) + (i * 7 + j * 5 + i * j) % 11 / 11
            print ""
        }
    }'
}
push_long() # JOB: submits the long job once more by this name
{
    mkdir "$1"
    cp long/job.json long/keys/eval.keys long/upload.bf "$1"
    blindfit remote push "$1"
}

# ---- setting up ---------------------------------------------------------------
knows_server() { ssh-keyscan server >/root/.ssh/known_hosts 2>scan; }
accounts()
{
    ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519
    cp /root/.ssh/id_ed25519.pub alice.pub
    block 'apt-get install openssh-server' | run
    block '/srv/blindfit/alice/jobs' | run
    block 'Match Group' >/etc/ssh/sshd_config.d/blindfit.conf
    until_true 60 systemctl is-active --quiet ssh
    systemctl reload ssh
    echo '127.0.0.1 server' >>/etc/hosts
    until_true 60 knows_server
}

# As `systemctl edit --full` adapts the queue's unit to a machine.
units()
{
    sed -e 's/--max-memory 12G/--max-memory 1G/' \
        -e 's/^MemoryMax=.*/MemoryMax=1200M/' \
        /usr/lib/systemd/system/$queue.service >/etc/systemd/system/$queue.service
    systemctl daemon-reload
    ! systemctl is-enabled --quiet $gateway || fail "the package enables a unit"
    systemctl enable --now $queue
    mkdir /etc/blindfit
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
        -days 365 -subj /CN=server -addext subjectAltName=DNS:server \
        -keyout /etc/blindfit/key.pem -out /etc/blindfit/cert.pem
    chmod 600 /etc/blindfit/*.pem
    block 'token add /srv/blindfit' | sed 's/alice/bob/g' | run
    block "enable --now $gateway" | sed '/^curl/d' | run
    until_true 60 curl --silent --fail --cacert /etc/blindfit/cert.pem \
        --output /dev/null https://server:8443/health
    blindfit remote login https://server:8443 --token bob.token \
        --ca /etc/blindfit/cert.pem
}

# ---- what the units confine ---------------------------------------------------
status_has() # UNIT LINE: of its process
{
    grep -q -x "$2" "/proc/$(main_pid "$1")/status" ||
        fail "$1 has not '$2': $(cat "/proc/$(main_pid "$1")/status")"
}
within() # UNIT COMMAND...: as root, with the files as the unit sees them
{
    unit=$1
    shift
    nsenter --target "$(main_pid $unit)" --mount "$@"
}
as_user() # UNIT COMMAND...
{
    unit=$1
    shift
    user=$(systemctl show --property User --value $unit)
    within $unit setpriv --reuid "$user" --regid "$user" --clear-groups "$@"
}
refused() # COMMAND...
{
    ! "$@" 2>refusal || fail "can: $*"
}
confined()
{
    for unit in $queue $gateway; do
        status_has $unit 'NoNewPrivs:	1'
        status_has $unit 'Seccomp:	2'
        status_has $unit 'CapBnd:	0*'
        id=$(id -u "$(systemctl show --property User --value $unit)")
        status_has $unit "Uid:	$id	$id	$id	$id"
        for folder in /usr/bin /etc /var/lib /root /home; do
            refused within $unit touch $folder/planted
        done
        within $unit touch $spool/planted
        within $unit rm $spool/planted
    done
    ! [ "/proc/$(main_pid $queue)/ns/net" -ef /proc/1/ns/net ] ||
        fail "the queue is in the network"
    as_user $queue ls $spool/.queue >/dev/null
    refused within $gateway touch $spool/.queue/planted
    refused as_user $gateway touch $spool/bob/results/planted
    refused as_user $queue touch $spool/bob/jobs/planted
    if [ -e $group/memory.max ]; then
        [ "$(cat $group/memory.max)" = $((1200 << 20)) ] ||
            fail "the queue's memory: $(cat $group/memory.max)"
    fi
}

# ---- first boot ---------------------------------------------------------------
by_sftp()
{
    for part in train test; do
        blindfit extract "$source/data/digits-$part-images.idx.gz" \
            --labels "$source/data/digits-$part-labels.idx.gz" \
            -o $part.npy --labels-out $part-labels.npy
    done
    ln -s train.npy x.npy
    ln -s train-labels.npy y.npy
    block 'sftp -b - alice@server' | sed 's/--features 400/--features 925/' | run
    until_true 600 is done alice/digits
    block 'sftp alice@server:/results' | run
    blindfit evaluate model.npy test.npy --labels test-labels.npy
}

by_gateway()
{
    rows 256 >train.csv
    blindfit remote fit train.csv --job small -o small.npy
    blindfit evaluate small.npy train.csv --json >result
    accuracy=$(sed -n 's/.*"accuracy":[[:space:]]*\([0-9.]*\).*/\1/p' result)
    awk "BEGIN { exit !(${accuracy:-0} >= 0.9) }" || fail "accuracy $accuracy"
}

long_job()
{
    mkdir long
    rows 2000 >long/train.csv
    blindfit plan -n 2000 -d 6 -c 2 --iterations 5 -o long/job.json
    blindfit keygen long/job.json -o long/keys
    blindfit encrypt long/job.json long/train.csv --key long/keys/secret.key \
        -o long/upload.bf
    blindfit-server train long/job.json --keys long/keys/eval.keys \
        --upload long/upload.bf -o long/reference.enc
}

stops_and_goes_on()
{
    push_long stopped
    until_true 300 trains_on bob/stopped
    systemctl stop $queue
    is paused bob/stopped || fail "stopped: $(state bob/stopped)"
    [ "$(systemctl show --property Result --value $queue)" = success ] ||
        fail "the queue did not end by itself"
    systemctl start $queue
    until_true 300 trains_on bob/stopped
    systemctl restart $queue $gateway
    until_true 600 is done bob/stopped
    same_model bob/stopped
}

survives_kill()
{
    push_long killed
    until_true 300 trains_on bob/killed
    systemctl kill --signal=KILL $queue $gateway
    until_true 600 is done bob/killed
    same_model bob/killed
    systemctl is-active $queue $gateway
    blindfit remote pull killed
}

# The kernel ends the training, not the queue, which starts it again.
lacks_memory()
{
    push_long starved
    until_true 300 trains_on bob/starved
    pid=$(main_pid $queue)
    systemctl set-property --runtime $queue MemoryMax=24M
    until_true 300 grep -q 'oom_kill [1-9]' $group/memory.events
    systemctl set-property --runtime $queue MemoryMax=1200M
    until_true 600 is done bob/starved
    same_model bob/starved
    [ "$(main_pid $queue)" = "$pid" ] || fail "the queue was ended, too"
}

first_boot()
{
    accounts
    units
    say "units run"
    confined
    say "units are confined"
    by_gateway
    say "a job by the gateway"
    by_sftp
    say "a job by sftp"
    confined
    long_job
    stops_and_goes_on
    say "stopped and continued"
    survives_kill
    say "killed and continued"
    if [ -e $group/memory.max ]; then
        lacks_memory
        say "continued after the kernel had ended the training"
    else
        say "limits of memory are not checked: no such controller in cgroup2"
    fi
    push_long cut
    until_true 300 trains_on bob/cut
    touch cut/off
    say "ends without a shutdown"
    systemctl reboot --force --force
    sleep 60
}

second_boot()
{
    say "booted again"
    until_true 600 is done bob/cut
    same_model bob/cut
    journalctl --no-pager -b -u $queue | grep 'bob/cut: '
    until_true 60 systemctl is-active --quiet $gateway
    blindfit remote pull cut
    confined
    [ ! -e $spool/bob/jobs/cut ] || fail "pull leaves the job"
}

if [ -e cut/off ]; then second_boot; else first_boot; fi
