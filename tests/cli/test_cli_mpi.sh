#!/bin/sh
# blindfit-server-mpi under mpirun, on this machine: the program, its exit codes
# and lines, interruption, lost ranks, and two hosts. What ranks compute is in
# test_train_ranks.
. "$(dirname "$0")/lib.sh"
[ -x "$build/blindfit-server-mpi" ] && command -v mpirun >/dev/null || {
    echo "skipped: built without MPI (tools/install-deps mpi)"
    exit 77
}
cd "$work" || exit 1
server_mpi=$build/blindfit-server-mpi

# ranks COUNT ARGUMENTS...: on two processors, as any user.
ranks()
{
    count=$1
    shift
    OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 \
        $on_a mpirun $hosts --oversubscribe --bind-to none -n "$count" \
        "$server_mpi" "$@" --threads 1
}
on_a= hosts= # of two hosts, below

# one_line PATTERN: the program's lines among those of mpirun.
one_line()
{
    checks=$((checks + 1))
    grep '^blindfit-server-mpi: ' "$work/stderr" >"$work/lines"
    [ "$(wc -l <"$work/lines")" = 1 ] && grep -q -E -e "$1" "$work/lines" ||
        fail "not the one line '$1': $(head -c 600 "$work/stderr")"
}

# fails CODE PATTERN COUNT ARGUMENTS...
fails()
{
    code=$1 pattern=$2
    shift 2
    ranks "$@" >"$work/stdout" 2>"$work/stderr"
    got=$?
    checks=$((checks + 1))
    [ $got = "$code" ] || fail "$* ended with $got, not $code"
    one_line "$pattern"
    [ ! -s "$work/stdout" ] || fail "$*: wrote to stdout"
}

rows 17000 4 2 7 >x.csv
ok "$blindfit" plan --samples 17000 --features 4 --classes 2 --iterations 2 \
    --ring 8192 -o job.json
ok "$blindfit" keygen job.json -o keys
ok "$blindfit" encrypt job.json x.csv --key keys/secret.key -o upload.bf
train="train job.json --keys keys/eval.keys --upload upload.bf"

ok "$server" $train -o alone.enc
for count in 1 2 4; do
    ok ranks $count $train -o $count.enc --json
    holds "$(number ranks "$work/stdout") == $count"
done
peak=$(number peak_rss_bytes "$work/stdout") # of four ranks
ok cmp alone.enc 1.enc
# Kernels give the same residues, so that ranks may have different processors.
if grep -q ' avx512dq ' /proc/cpuinfo; then
    cat >mixed <<END
#!/bin/sh
unset BLINDFIT_BACKEND
[ "\$OMPI_COMM_WORLD_RANK" != 0 ] || export BLINDFIT_BACKEND=avx2
exec "$server_mpi" "\$@"
END
    chmod +x mixed
    server_mpi=$PWD/mixed
    ok ranks 2 $train -o mixed.enc
    server_mpi=$build/blindfit-server-mpi
    ok cmp 2.enc mixed.enc
else
    echo "not tested: ranks of different backends (without AVX-512)"
fi
ok "$blindfit" plan job.json --ranks 4 --json
sed -n '/"each_rank"/,$p' "$work/stdout" >each
holds "$peak <= $(number memory_bytes each)"
holds "$(number row_ciphertexts each) < \
    $(number ciphertexts_uploaded "$work/stdout") / 2"
refuse 2 '6 ranks, but the ciphertexts of the rows are for 5 at most' \
    "$blindfit" plan job.json --ranks 6

fails 2 'rank 0: 6 ranks, but the ciphertexts of the rows are for 5 at most' \
    6 $train -o none.enc
fails 2 'no option --nothing' 2 $train -o none.enc --nothing
fails 3 'job.no: cannot open' 2 train job.no --keys keys/eval.keys \
    --upload upload.bf -o none.enc

# Parts of an upload: a rank reads its own alone, one process all of them.
ok "$blindfit" encrypt job.json x.csv --key keys/secret.key --parts 4 \
    --fitted keys/transform.bf --transform parts.transform -o parts.bf --json
holds "$(number parts "$work/stdout") == 4"
absent parts.bf
train_parts="${train% --upload *} --upload parts.bf --parts 4"
ok ranks 4 $train_parts -o parts-4.enc
ok "$server" $train_parts -o parts-1.enc
for count in 1 4; do
    ok "$blindfit" decrypt job.json parts-$count.enc --key keys/secret.key \
        --transform parts.transform -o parts-$count.csv
done
refuse 2 'parts: at most 60' "$blindfit" encrypt job.json x.csv \
    --key keys/secret.key --parts 61 -o none.bf
refuse 2 'in 6 parts: 6 ranks, but the ciphertexts of the rows are for 5' \
    "$blindfit" encrypt job.json x.csv --key keys/secret.key --parts 6 \
    --transform none.transform -o none.bf
absent none.transform none.bf.0
rm parts.bf.1
fails 3 'rank 1: parts.bf.1: cannot open' 4 $train_parts -o none.enc

ok ranks 2 --help
checks=$((checks + 1))
[ "$(grep -c '^Usage' "$work/stdout")" = 1 ] || fail "not one help"
absent none.enc

# A rank that is killed, and mpirun interrupted, leave a checkpoint, with which
# the run goes on.
ok "$blindfit" plan --samples 9000 --features 4 --classes 2 --iterations 20 \
    --refresh yes --ring 16384 -o long.json
ok "$blindfit" keygen long.json -o long
rows 9000 4 2 8 >y.csv
ok "$blindfit" encrypt long.json y.csv --key long/secret.key -o long.bf
train="train long.json --keys long/eval.keys --upload long.bf"

# mpirun of OpenMPI 5 drops what ranks print while it ends, so that ranks print to
# a file.
cat >to_file <<TO_FILE
#!/bin/sh
exec "$server_mpi" "\$@" 2>>"$work/printed"
TO_FILE
chmod +x to_file

stopped() # STOP OPTION...: two ranks, stopped by this command after an iteration.
{
    stop=$1
    shift
    : >"$work/printed"
    before=$(stat -c %i state.bf 2>/dev/null)
    (
        # mpirun (of OpenMPI 4; 5) waits so many seconds before it asks ranks to
        # end, and as many before it kills them: a busy machine delays them.
        export OMPI_MCA_odls_base_sigkill_timeout=3
        export PRTE_MCA_odls_base_sigkill_timeout=3
        server_mpi=./to_file
        ranks 2 $train -o none.enc --checkpoint state.bf "$@" \
            >"$work/stdout" 2>"$work/stderr"
    ) &
    until_true written || fail "no checkpoint"
    $stop
    wait $!
    until_true ended || fail "ranks go on"
    mv "$work/printed" "$work/stderr"
    absent none.enc
}
told()
{
    one_line 'interrupted.* state.bf keeps [0-9]+ of 20 iterations'
    kept=$(sed -n 's/.* keeps \([0-9]*\) of.*/\1/p' "$work/stderr")
}
running() { pgrep -f -x "$server_mpi $train -o none.enc .*"; }
ended() { ! running >/dev/null; }
written() { [ "$(stat -c %i state.bf 2>/dev/null)" != "$before" ]; }
kill_rank()
{
    kill -9 "$(running | tail -1)"
}
# mpirun of OpenMPI 5 becomes prterun.
interrupt() { kill -INT "$(pgrep -P $! -x 'mpirun|prterun' || echo $!)"; }
stopped kill_rank
# mpirun of OpenMPI 5 kills the other ranks before they notice.
! mpirun --version | grep -q ' 4\.' || told
stopped interrupt --resume
told
holds "0$kept >= 2"

# Refreshed weights, over these rows: the model of one process.
ok "$blindfit" plan --over long.json --iterations 2 -o short.json
ok "$blindfit" encrypt short.json y.csv --only labels --key long/secret.key \
    --fitted long/transform.bf -o labels.bf
train="train short.json --keys long/eval.keys --upload long.bf --upload labels.bf"
ok ranks 2 $train -o short.enc
ok "$server" $train -o alone.enc
for model in short alone; do
    ok "$blindfit" decrypt short.json $model.enc --key long/secret.key \
        --transform long/transform.bf -o $model.csv
done
# Each has an expected error of 0.0025 of a typical weight, and its decryption a
# rounding of as much.
holds "$(paste -d, short.csv alone.csv | awk -F, '{
    for (i = 1; i <= NF / 2; i++) {
        apart += ($i - $(i + NF / 2)) ^ 2
        all += $i ^ 2
    }
} END { print sqrt(apart / all) }') < 0.01"
# Two hosts, namespaces with addresses of their own, behind a cable that is cut
# for a while.
a=bf-a-$$ b=bf-b-$$
trap '{ ip netns del $a; ip netns del $b; } 2>/dev/null; rm -rf "$work"' EXIT
two_hosts()
{
    ip netns add $a && ip netns add $b &&
        ip -n $a link add cable type veth peer name cable netns $b
}
if ! two_hosts 2>/dev/null; then
    echo "not tested: a network (network namespaces need root and iproute2)"
    finish
fi
last=1
for host in $a $b; do
    ok ip -n $host addr add 10.77.0.$last/24 dev cable
    ok ip -n $host link set cable up
    ok ip -n $host link set lo up
    last=2
done
# agent ADDRESS COMMAND...: what mpirun starts instead of ssh.
cat >agent <<AGENT
#!/bin/sh
while [ "\${1#-}" != "\$1" ]; do shift; done
shift
exec ip netns exec $b sh -c "\$*"
AGENT
chmod +x agent
on_a="ip netns exec $a"
hosts="--mca plm rsh --mca plm_rsh_agent $work/agent"
hosts="$hosts --host 10.77.0.1:1,10.77.0.2:1"
sent() { $on_a cat /sys/class/net/cable/statistics/tx_bytes; }
train="train job.json --keys keys/eval.keys --upload upload.bf"
before=$(sent)
ok ranks 2 $train -o network.enc
after=$(sent)
ok cmp 2.enc network.enc
ok "$blindfit" plan job.json --ranks 2 --json
sed -n '/"each_rank"/,$p' "$work/stdout" >each
holds "$after - $before >= $(number added_bytes each)"
train="train short.json --keys long/eval.keys --upload long.bf --upload labels.bf"
rm -f state.bf
before=
ranks 2 $train -o cut.enc --checkpoint state.bf >"$work/stdout" 2>"$work/stderr" &
until_true written
ok ip -n $a link set cable down
sleep 1
ok ip -n $a link set cable up
wait $! || fail "after the cut: $(head -c 600 "$work/stderr")"
ok cmp short.enc cut.enc
finish
