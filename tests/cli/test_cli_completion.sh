#!/bin/sh
# Scripts that complete words: bash's completes some, and zsh and fish, where
# they are, take theirs.
. "$(dirname "$0")/lib.sh"

for shell in bash zsh fish; do
    for program in "$blindfit" "$server"; do
        ok "$program" completion $shell
        cp "$work/stdout" "$work/${program##*/}.$shell"
    done
    if command -v $shell >/dev/null; then
        ok $shell -n "$work/blindfit.$shell"
        ok $shell -n "$work/blindfit-server.$shell"
    else
        echo "no $shell: its script is not read"
    fi
    # Every option that --help shows, of every command.
    for command in $("$blindfit" --help | sed -n 's/^  \([a-z]*\)  .*/\1/p'); do
        "$blindfit" $command --help |
            sed -n 's/^  *\(-., \)*--\([a-z0-9-]*\).*/\2/p'
    done | sort -u >"$work/options"
    checks=$((checks + 1))
    for option in $(cat "$work/options"); do
        grep -q -E -e "(--|-l )$option([^a-z-]|\$)" "$work/blindfit.$shell" ||
            fail "$shell: no --$option"
    done
done
holds "$(wc -l <"$work/options") > 50"
refuse 2 "'tcsh' is none of bash, zsh, fish" "$blindfit" completion tcsh
refuse 2 'usage: .*completion bash' "$blindfit" completion
refuse 2 'prints a script' "$blindfit" completion bash --json

# completes WANT WORD...: bash, at the last of these words.
completes()
{
    want=$1
    shift
    checks=$((checks + 1))
    got=$(bash -c '
        script=$1
        shift
        . "$script"
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        $(complete -p "$1" | sed "s/.*-F \([^ ]*\).*/\1/") || exit 1
        echo "${COMPREPLY[*]}"' bash "$work/$1.bash" "$@")
    [ "$got" = "$want" ] || fail "$*: '$got', not '$want'"
}
if command -v bash >/dev/null; then
    completes 'plan predict party' blindfit p
    completes 'push pull' blindfit remote pu
    completes '--test --test-labels --test-rows --threads' blindfit fit --t
    completes '--test --test-labels --test-rows --threads' \
        blindfit fit x.csv --labels y.npy --t
    completes 'auto yes no' blindfit plan --refresh ''
    completes 'new' blindfit party n
    completes '--id' blindfit party step session.bf --i
    completes '' blindfit fit --labels x # files
    completes '' blindfit inspect x
    completes 'train' blindfit-server t
    completes '--parts --pack-rows' blindfit-server train --pa
    completes '' blindfit-server f # commands of an owner
else
    echo "no bash: nothing is completed"
fi
finish
