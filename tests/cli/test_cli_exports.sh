#!/bin/sh
# The shared libraries export exactly the functions of the public headers:
# libblindfit all of them, libblindfit-server those marked BF_API. Every
# declaration has a mark.
. "$(dirname "$0")/lib.sh"
command -v nm >/dev/null || { echo "skipped: no nm"; exit 77; }

# The functions of headers, one a line with its mark; "unmarked" where none is.
declared() # HEADER...
{
    cat "$@" | grep -v '^#' | tr '\n' ' ' | awk '
    {
        while ((a = index($0, "/*"))) {
            rest = substr($0, a + 2)
            $0 = substr($0, 1, a - 1) " " substr(rest, index(rest, "*/") + 2)
        }
        count = split($0, statement, ";")
        for (i = 1; i <= count; i++) {
            s = statement[i]
            sub(/^ *extern "C" \{/, "", s)
            if (s ~ /^[ }]*(typedef|static inline) /) continue
            if (!match(s, /bf_[a-z0-9_]+ *\(/)) continue
            name = substr(s, RSTART, RLENGTH)
            gsub(/[ (]/, "", name)
            mark = "unmarked"
            if (s ~ /BF_API /) mark = "both"
            if (s ~ /BF_OWNER_API /) mark = "owner"
            print mark, name
        }
    }'
}
exported() # LIBRARY
{
    nm -D --defined-only "$1" | awk '$2 != "A" { print $NF }' |
        sed 's/@.*//' | LC_ALL=C sort
}
same() # WHAT WANTED FOUND
{
    checks=$((checks + 1))
    diff "$2" "$3" >"$work/differences" ||
        fail "$1: declared (<) and exported (>) differ: $(cat "$work/differences")"
}

declared include/blindfit/*.h >"$work/declared"
checks=$((checks + 2))
[ "$(wc -l <"$work/declared")" -gt 50 ] || fail "no declarations to look at"
! grep unmarked "$work/declared" || fail "functions without BF_API"
awk '$1 == "both" { print $2 }' "$work/declared" | LC_ALL=C sort >"$work/both"
awk '{ print $2 }' "$work/declared" | LC_ALL=C sort >"$work/all"
exported "$build/libblindfit.so" >"$work/owner"
exported "$build/libblindfit-server.so" >"$work/server"
same libblindfit.so "$work/all" "$work/owner"
same libblindfit-server.so "$work/both" "$work/server"

# A test of the parser: marks, comments that mention functions, pointers to
# functions.
cat >"$work/sample.h" <<'END'
/* bf_not_this(void); */
typedef int (*bf_fn)(void *user);
static inline int bf_here(void)
{
    return 1;
}
typedef struct bf_s {
    int (*progress)(void *user);
} bf_s;
BF_API BF_MUST_CHECK bf_status
bf_one(bf_s *out, bf_fn f); /* nor bf_that(); */
BF_OWNER_API void bf_two(void);
void bf_three(void);
END
checks=$((checks + 1))
[ "$(declared "$work/sample.h" | tr '\n' ' ')" = \
    "both bf_one owner bf_two unmarked bf_three " ] ||
    fail "the sample is read as $(declared "$work/sample.h")"
finish
