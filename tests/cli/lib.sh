# Sourced by the tests of the programs: sh test_NAME.sh BUILD.
#
# A failing check prints a line, and the script continues; `finish` exits with
# the number of failures. Files are in a temporary folder.
set -u
build=$1
blindfit=$build/blindfit
server=$build/blindfit-server
work=$(mktemp -d "${TMPDIR:-/tmp}/blindfit-test-XXXXXX")
trap 'rm -rf "$work"' EXIT
failures=0
checks=0

fail() # message
{
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# ok COMMAND...: must succeed.
ok()
{
    checks=$((checks + 1))
    "$@" >"$work/stdout" 2>"$work/stderr" && return
    fail "$* ended with $?: $(head -c 600 "$work/stderr")"
    return 1
}

# refuse CODE PATTERN COMMAND...: must end with this exit code and one line on
# stderr that matches, and print nothing on stdout.
refuse()
{
    code=$1 pattern=$2
    shift 2
    checks=$((checks + 1))
    "$@" >"$work/stdout" 2>"$work/lines"
    got=$?
    # Progress lines appear on slow machines.
    grep -v -E '^[a-z ]+ [0-9]+ %' "$work/lines" >"$work/stderr"
    [ $got = "$code" ] || fail "$* ended with $got, not $code: \
$(head -c 300 "$work/stderr")"
    [ "$(wc -l <"$work/stderr")" = 1 ] ||
        fail "$*: stderr is not one line: $(head -c 600 "$work/stderr")"
    grep -q -E -e "$pattern" "$work/stderr" ||
        fail "$*: no '$pattern' in: $(head -c 300 "$work/stderr")"
    [ ! -s "$work/stdout" ] || fail "$*: wrote to stdout"
}

# absent FILE...: must not exist, nor a temporary beside it.
absent()
{
    checks=$((checks + 1))
    for file; do
        [ ! -e "$file" ] || fail "$file was left behind"
        rest=$(find "$(dirname "$file")" -name '.blindfit-*.tmp' 2>/dev/null)
        [ -z "$rest" ] || fail "left behind: $rest"
    done
}

# Removes files that a killed program was writing.
remove_unfinished()
{
    find "$work" -name '.blindfit-*.tmp' -delete
}

# number KEY FILE: the value of a key of cJSON's output.
number()
{
    sed -n "s/^[[:space:]]*\"$1\":[[:space:]]*\\([-0-9.e+]*\\),*\$/\\1/p" "$2" |
        head -1
}

# holds EXPRESSION...: an awk condition.
holds()
{
    checks=$((checks + 1))
    awk "BEGIN { exit !($*) }" || fail "not so: $*"
}

# rows N D C SEED: N labelled rows of D features of C classes that differ.
rows()
{
    awk -v n="$1" -v d="$2" -v c="$3" -v seed="$4" 'BEGIN {
        srand(seed)
        for (i = 0; i < n; i++) {
            printf "%d", i % c
            for (j = 0; j < d; j++)
                printf ",%.6f", rand() ^ 2 + (j % c == i % c ? 0.5 : 0)
            printf "\n"
        }
    }'
}

# as_planned FOLDER MODEL: a run with this folder's job, which printed run.json,
# has the bytes and counts of the plan, and no more memory.
as_planned()
{
    ok "$blindfit" plan "$1/job.json" --json
    for planned in keys:keys/eval.keys upload:upload.bf "model:$2"; do
        holds "$(stat -c %s "$1/${planned#*:}") == \
            $(number "${planned%:*}" "$work/stdout")"
    done
    for count in key_switches tensor_products; do
        holds "$(number $count "$1/run.json") == $(number $count "$work/stdout")"
    done
    # Sanitizers use additional memory.
    sanitized || holds "$(number peak_rss_bytes "$1/run.json") <= \
        $(number memory_bytes "$work/stdout")"
}

# Carries all messages of a session between box-a, box-b and server.
carry()
{
    cp box-a/outbox/* box-b/inbox/
    cp box-b/outbox/* box-a/inbox/
    cp box-a/outbox/* box-b/outbox/* server/inbox/
}

# Whether the programs are built with sanitizers.
sanitized()
{
    grep -q 'BLINDFIT_SANITIZE:BOOL=ON' "$build/CMakeCache.txt"
}

# Tests run on busy machines, so they wait for events and not for a time; this
# is the longest wait.
patience=120

# until_true COMMAND...: runs it until it succeeds; fails when patience ends.
until_true()
{
    deadline=$(($(date +%s) + patience))
    until "$@"; do
        [ "$(date +%s)" -lt $deadline ] || return 1
        sleep 0.01
    done
}

# True if a background job started by env has become the program, which handles
# signals, or has ended.
is_program() # PID
{
    case $(readlink "/proc/$1/exe") in "$(realpath "$build")"/* | "") ;;
    *) return 1 ;;
    esac
}

# unit NAME PROGRAM EXPOSURE: systemd accepts share/systemd/NAME.service, exposed
# by no more than EXPOSURE tenths.
unit()
{
    if ! command -v systemd-analyze >/dev/null; then
        echo "no systemd-analyze: the unit is not read"
        return
    fi
    sed "s|/usr/bin/$(basename "$2")|$(realpath "$2")|; /^Documentation/d" \
        "share/systemd/$1.service" >"$work/$1.service"
    ok systemd-analyze verify "$work/$1.service"
    checks=$((checks + 1))
    [ ! -s "$work/stderr" ] || fail "the unit: $(cat "$work/stderr")"
    ok systemd-analyze security --offline=yes --threshold="$3" --no-pager \
        "$work/$1.service"
}

finish()
{
    echo "$checks checks, $failures failures"
    [ "$failures" = 0 ] || exit 1
    exit 0
}
