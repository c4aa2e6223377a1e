#!/bin/sh
# Every public header stands alone, in C and in C++, and programs in C++ link with
# the library: one that computes, and one that names every function.
. "$(dirname "$0")/lib.sh"

cxx=
for compiler in c++ g++ clang++; do
    command -v $compiler >/dev/null && cxx=$compiler && break
done
if [ -z "$cxx" ]; then
    echo "skipped: no C++ compiler"
    exit 77
fi
strict="-Wall -Wextra -Wpedantic -Werror -Iinclude"
for header in include/blindfit/*.h; do
    echo "#include \"blindfit/${header##*/}\"" >"$work/alone.c"
    ok cc -std=c17 $strict -fsyntax-only "$work/alone.c"
    ok $cxx -x c++ -std=c++11 $strict -fsyntax-only "$work/alone.c"
done
if ! sanitized; then
    {
        printf '#include "%s"\n' include/blindfit/*.h
        echo 'const void *const all[] = {'
        nm -D --defined-only "$build/libblindfit.so" |
            sed -n 's/.* T \(bf_[a-z0-9_]*\).*/reinterpret_cast<void *>(\1),/p'
        echo '}; int main() { return all[0] == nullptr; }'
    } >"$work/all.cc"
    checks=$((checks + 1))
    [ "$(grep -c reinterpret_cast "$work/all.cc")" -gt 150 ] ||
        fail "no functions to look at"
    ok $cxx -std=c++11 $strict -I. -o "$work/all" "$work/all.cc" -L"$build" \
        -lblindfit
    ok $cxx -std=c++11 $strict -o "$work/client" tests/cli/headers_client.cc \
        -L"$build" -lblindfit
    ok env LD_LIBRARY_PATH="$build" "$work/client"
    checks=$((checks + 1))
    grep -q '^(2,1) (0,-3)$' "$work/stdout" ||
        fail "the sums came out as $(cat "$work/stdout")"
fi
finish
