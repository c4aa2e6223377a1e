#!/bin/sh
# Inherited surroundings: processors, OpenMP's variables, limits, standard
# files, a parent; and a missing server.
. "$(dirname "$0")/lib.sh"

rows 40 6 2 1 >"$work/train.csv"
mkdir "$work/tmp"
export TMPDIR="$work/tmp"
unset OMP_NUM_THREADS OMP_THREAD_LIMIT OMP_PROC_BIND OMP_PLACES \
    GOMP_CPU_AFFINITY GOMP_SPINCOUNT OMP_WAIT_POLICY

# ---- threads -----------------------------------------------------------------

# threads WANT COMMAND...: how many the server's --json reports.
threads()
{
    want=$1
    shift
    checks=$((checks + 1))
    rm -f "$work/model.enc"
    "$@" train "$work/job.json" --keys "$work/keys/eval.keys" \
        --upload "$work/upload.bf" -o "$work/model.enc" --json \
        >"$work/json" 2>"$work/stderr" || fail "$*: $(cat "$work/stderr")"
    [ "$(number threads "$work/json")" = "$want" ] ||
        fail "$*: $(number threads "$work/json") threads, not $want"
}

# of_fit WANT [OPTION...]: the same of `fit`, which starts the server.
of_fit()
{
    want=$1
    shift
    ok "$blindfit" fit "$work/train.csv" --no-regression --json \
        --work "$work/tmp" "$@"
    holds "$(number threads "$work/stdout") == $want"
}

ok "$blindfit" plan -n 40 -d 6 -c 2 -o "$work/job.json"
ok "$blindfit" keygen "$work/job.json" -o "$work/keys"
ok "$blindfit" encrypt "$work/job.json" "$work/train.csv" \
    --key "$work/keys/secret.key" -o "$work/upload.bf"
all=$(nproc)
first=$(taskset -cp $$ | sed 's/.*: *\([0-9]*\).*/\1/')
threads "$all" "$server"
threads 1 taskset -c "$first" "$server"
for bind in true close spread master; do
    threads "$all" env OMP_PROC_BIND=$bind "$server"
done
for places in cores threads "{$first}"; do
    threads "$all" env OMP_PLACES="$places" "$server"
done
threads "$all" env GOMP_CPU_AFFINITY="$first" "$server"
threads 1 taskset -c "$first" env OMP_PROC_BIND=true "$server"
threads 1 env OMP_NUM_THREADS=1 "$server"
threads 1 env OMP_THREAD_LIMIT=1 "$server"
threads "$all" env OMP_NUM_THREADS=4096 "$server"
(
    export OMP_PROC_BIND=true
    of_fit "$all"
    export OMP_NUM_THREADS=1
    of_fit 1
    of_fit 3 --threads 3
    unset OMP_NUM_THREADS
    export OMP_THREAD_LIMIT=2
    of_fit 2 --threads 3
    exit $failures
)
failures=$((failures + $?))

# The processors themselves, of the program and of the server that it starts.
if [ "$all" -gt 1 ]; then
    checks=$((checks + 1))
    OMP_PROC_BIND=true "$blindfit" fit "$work/train.csv" -k 5 >/dev/null 2>&1 &
    pid=$!
    for moment in 1 2 3 4 5 6 7 8 9 10; do
        child=$(pgrep -P $pid) && break
        sleep 0.2
    done
    for each in $pid $child; do
        n=$(taskset -cp "$each" 2>/dev/null) || continue
        [ "${n##*: }" = "$(taskset -cp $$ | sed 's/.*: //')" ] ||
            fail "OMP_PROC_BIND: $n"
    done
    kill $pid
    wait $pid
fi

# ---- limits --------------------------------------------------------------------

if ! grep -q 'BLINDFIT_SANITIZE:BOOL=ON' "$build/CMakeCache.txt"; then
    for kib in 200000 300000 400000 500000; do
        refuse 7 'no memory: the limit on addresses' timeout -k 1 20 \
            sh -c "ulimit -v $kib; exec \"\$@\"" sh \
            "$blindfit" fit "$work/train.csv"
    done
fi

# ---- standard files ----------------------------------------------------------

# closed REDIRECTION...: fit without some of files 0 to 2.
closed()
{
    checks=$((checks + 1))
    rm -f "$work/model.npy"
    eval "\"\$blindfit\" fit \"\$work/train.csv\" --no-regression \
        -o \"\$work/model.npy\" $*"
    code=$?
    [ $code = 0 ] || fail "fit $*: ended with $code"
    [ "$(head -c 6 "$work/model.npy" | tail -c 5)" = NUMPY ] ||
        fail "fit $*: no model"
}
for files in '<&- >/dev/null' '>&- 2>/dev/null' '<&- >&- 2>/dev/null' \
    '<&- >&- 2>&-'; do
    closed "$files"
done
checks=$((checks + 1))
"$server" plan -n 40 -d 6 -c 2 -o "$work/quiet.json" <&- >&- 2>&-
ok "$server" inspect "$work/quiet.json"
ok "$blindfit" plan "$work/quiet.json"

# ---- a parent that is gone -----------------------------------------------------

rm -f "$work/model.enc"
train()
{
    "$server" train "$work/job.json" --keys "$work/keys/eval.keys" \
        --upload "$work/upload.bf" -o "$work/model.enc" "$@"
}
# A parent that ends before the server watches it.
orphan()
{
    sleep 0.5
    train --relay
    echo $? >"$work/code"
}
orphan 2>&1 >/dev/null | :
checks=$((checks + 1))
[ "$(cat "$work/code")" = 130 ] || fail "an orphan ended with $(cat "$work/code")"
absent "$work/model.enc"
ok train --relay

# ---- no server -----------------------------------------------------------------

mkdir "$work/alone"
cp "$blindfit" "$work/alone"
refuse 3 "no program blindfit-server in $work/alone, nor in \
$work/alone/../libexec/blindfit" "$work/alone/blindfit" fit "$work/train.csv"
checks=$((checks + 1))
mkdir "$work/watched"
if command -v strace >/dev/null; then
    strace -f -o "$work/calls" -e trace=rename,renameat2 "$work/alone/blindfit" \
        fit "$work/train.csv" --work "$work/watched" >/dev/null 2>&1
    ! grep -q eval.keys "$work/calls" || fail "keys were made for no server"
fi

finish
