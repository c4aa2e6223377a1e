#!/bin/sh
# What `make install` leaves works from where it lies: the programs, the
# library for somebody else's program, the manual.
. "$(dirname "$0")/lib.sh"

if grep -q 'BLINDFIT_SANITIZE:BOOL=ON' "$build/CMakeCache.txt"; then
    echo "skipped: no installation of a sanitized build"
    exit 77
fi
root=$work/root
ok cmake --install "$build" --prefix "$root"
rows 60 8 3 1 >"$work/train.csv"
ok "$root/bin/blindfit" fit "$work/train.csv" --json
ok "$root/bin/blindfit-server" --version
[ -s "$root/share/man/man1/blindfit.1" ] || fail "no manual"
[ -s "$root/share/man/man1/blindfit-server.1" ] || fail "no manual of the server"

pc=$(dirname "$(find "$root" -name blindfit.pc)")
export PKG_CONFIG_PATH="$pc"
ok cc -std=c17 -o "$work/client" tests/cli/install_client.c \
    $(pkg-config --cflags --libs blindfit)
{
    printf '\0\0\010\001\0\0\0\074'
    head -c 60 /dev/zero
} >"$work/y.idx"
ok "$work/client" "$work/train.csv" "$work/y.idx"
grep -q '60 rows, 3 classes' "$work/stdout" || fail "the client's answer"

# Into folders with blanks and quotes in their names.
apart="$work/my apps' place" stage="$work/the stage"
features=$(sed -n 's/^BLINDFIT_FEATURES:BOOL=//p' "$build/CMakeCache.txt")
into() # VARIABLE=VALUE...
{
    make install BUILD="$build" FEATURES="${features:-ON}" "$@"
}
ok into PREFIX="$apart"
ok "$apart/bin/blindfit" --version
ok into PREFIX="/opt/my apps" DESTDIR="$stage"
ok "$stage/opt/my apps/bin/blindfit-server" --version

# A server elsewhere is found, and its absence is told.
mkdir -p "$root/libexec/blindfit"
mv "$root/bin/blindfit-server" "$root/libexec/blindfit/"
ok "$root/bin/blindfit" fit "$work/train.csv" --json
rm "$root/libexec/blindfit/blindfit-server"
refuse 3 'no program blindfit-server in .*/bin, nor in .*/bin/../libexec/blindfit' "$root/bin/blindfit" fit "$work/train.csv"
finish
