#!/bin/sh
# Plans choose between refreshed weights and a chain for all iterations, and
# print both; a line says what cannot be refreshed.
. "$(dirname "$0")/lib.sh"

plan() # OPTIONS...
{
    "$blindfit" plan -n 60000 -d 30 -c 3 "$@"
}
shown() # PATTERN
{
    checks=$((checks + 1))
    grep -q -e "$1" "$work/stdout" || fail "no '$1' in: $(cat "$work/stdout")"
}
hidden() # PATTERN
{
    checks=$((checks + 1))
    ! grep -q -e "$1" "$work/stdout" || fail "'$1' in: $(cat "$work/stdout")"
}

# Two iterations fit a short chain, three over many rows cost more than a refresh,
# a thousand need refreshes.
ok plan -k 2
hidden 'refreshed by bootstrapping'
shown '^  with refreshes  *[^ ].* of memory, upload .*, keys '
ok plan -k 3
shown 'refreshed by bootstrapping'
shown '^  without refreshes  *[^ ].* of memory, upload .*, keys '
ok plan -k 1000 --json
holds "$(number iterations "$work/stdout") == 1000"
shown '"refreshed":[^a-z]*true'
hidden alternative

# An option forces the other choice; then no alternative is printed.
ok plan -k 2 --refresh yes
shown 'refreshed by bootstrapping'
hidden 'without refreshes'
ok plan -k 3 --refresh no --json
shown '"refreshed":[^a-z]*false'
hidden alternative

refuse 2 "--refresh: 'maybe' is none of yes, no, auto" plan \
    --refresh maybe
refuse 2 'between iterations, of which there is one' plan -k 1 \
    --refresh yes
refuse 2 'refreshed at ring degree 16384 or 32768, not 65536' plan \
    --refresh yes --ring 65536
refuse 2 'fit 1000 iterations .* in the memory allowed \([0-9.]* GB would do' \
    plan -k 1000 --max-memory 1G
refuse 2 '1000 iterations .*off by .* of a typical one' \
    "$blindfit" plan -n 128 -d 400 -c 3 -k 1000 --recipe paper
# A further job may be no less exact than a plan of its own.
ok "$blindfit" plan -n 6000 -d 100 -c 3 -k 2 --recipe paper --refresh yes \
    -o "$work/rows.json"
over() # ITERATIONS
{
    "$blindfit" plan --over "$work/rows.json" -k $1
}
ok over 150
refuse 2 'weights would be off by 0.0[67].* of a typical one, more than 0.062' \
    over 200
refuse 2 '1025 is not 1 to 1024' plan -k 1025

finish
