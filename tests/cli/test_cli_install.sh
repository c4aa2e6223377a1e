#!/bin/sh
# The installed files work in their place: the programs, the manual, and the
# library for an outside program.
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

# An outside program: with pkg-config, dynamic and static, and with CMake.
libs=$(dirname "$(find "$root" -name libblindfit.so)")
export PKG_CONFIG_PATH="$libs/pkgconfig"
{
    printf '\0\0\010\001\0\0\0\074'
    head -c 60 /dev/zero
} >"$work/y.idx"
client() # PROGRAM: works, with the library that was installed
{
    ok env LD_LIBRARY_PATH="$libs" "$1" "$work/train.csv" "$work/y.idx"
    grep -q '60 rows, 3 classes' "$work/stdout" || fail "$1: the client's answer"
}
links() # PROGRAM SONAME: is linked with it
{
    checks=$((checks + 1))
    LD_LIBRARY_PATH="$libs" ldd "$1" | grep -q "$2 => $libs/" ||
        fail "$1 is not linked with $2"
}
source=tests/cli/install_client.c
ok cc -std=c17 -o "$work/dynamic" $source $(pkg-config --cflags --libs blindfit)
client "$work/dynamic"
links "$work/dynamic" libblindfit.so.0
checks=$((checks + 1))
case $(pkg-config --libs blindfit) in
*sodium* | *blas*) fail "who links dynamically is asked for the library's own" ;;
esac
ok cc -std=c17 -o "$work/static" $source $(pkg-config --cflags blindfit) \
    $(pkg-config --static --libs blindfit | sed 's/-lblindfit/-l:libblindfit.a/')
client "$work/static"
checks=$((checks + 1))
! ldd "$work/static" | grep -q blindfit || fail "static is not"
mkdir "$work/cmake"
cat >"$work/cmake/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.22)
project(client C)
find_package(blindfit 0.1 REQUIRED)
add_executable(client $PWD/$source)
target_link_libraries(client PRIVATE blindfit::blindfit)
add_executable(server $PWD/tests/cli/install_server.c)
target_link_libraries(server PRIVATE blindfit::server)
END
ok cmake -S "$work/cmake" -B "$work/cmake/build" -DCMAKE_PREFIX_PATH="$root"
ok cmake --build "$work/cmake/build"
client "$work/cmake/build/client"
ok "$work/cmake/build/server"
links "$work/cmake/build/server" libblindfit-server.so.0
for how in "--libs" "--static --libs"; do
    ok cc -std=c17 -o "$work/server" tests/cli/install_server.c \
        $(pkg-config --cflags $how blindfit-server)
    ok env LD_LIBRARY_PATH="$libs" "$work/server"
done

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

# A server in another folder is found; without a server a message says so.
mkdir -p "$root/libexec/blindfit"
mv "$root/bin/blindfit-server" "$root/libexec/blindfit/"
ok "$root/bin/blindfit" fit "$work/train.csv" --json
rm "$root/libexec/blindfit/blindfit-server"
refuse 3 'no program blindfit-server in .*/bin, nor in .*/bin/../libexec/blindfit' "$root/bin/blindfit" fit "$work/train.csv"
finish
