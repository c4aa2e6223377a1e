#!/bin/sh
# Programs and libraries are hardened against memory faults: checks the
# binaries, and not the flags of the build.
. "$(dirname "$0")/lib.sh"
for tool in readelf nm; do
    command -v $tool >/dev/null || { echo "skipped: no $tool"; exit 77; }
done

# has WHAT FILE PATTERN: one of the lines on stdin matches.
has()
{
    checks=$((checks + 1))
    grep -q -E -e "$3" || fail "$2: no $1"
}

# The lengths of libc's calls are not checked by Debug builds, and by the
# sanitizers themselves.
fortified=yes
grep -q -E '^(BLINDFIT_SANITIZE:BOOL=ON|CMAKE_BUILD_TYPE:STRING=Debug)' \
    "$build/CMakeCache.txt" && fortified=no

for file in "$blindfit" "$server" "$build"/lib*.so "$build"/lib*.a; do
    [ -e "$file" ] || continue
    nm "$file" 2>/dev/null >"$work/symbols"
    has "canary on the stack" "$file" ' __stack_chk_fail' <"$work/symbols"
    [ $fortified = no ] ||
        has "checked length" "$file" ' __[a-z]+_chk' <"$work/symbols"
    case $file in *.a) continue ;; esac

    readelf -hldW "$file" >"$work/elf"
    has "address of its own choice" "$file" 'Type: *DYN' <"$work/elf"
    has "table that is closed after linking" "$file" GNU_RELRO <"$work/elf"
    has "symbol bound at the start" "$file" 'FLAGS.*BIND_NOW' <"$work/elf"
    has "stack without code" "$file" 'GNU_STACK .* RW +0x' <"$work/elf"
done
finish
