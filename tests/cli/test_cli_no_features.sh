#!/bin/sh
# A build without image readers, backbones and jobs at a server needs none of
# their libraries and does everything else. Built here without optimisation and
# debug information, as only the content of the build matters; objects that the
# options do not change are those of the build under test.
. "$(dirname "$0")/lib.sh"

compiler=$(sed -n 's/^CMAKE_C_COMPILER:[A-Z]*=//p' "$build/CMakeCache.txt")
small=$work/build
ok cmake -S . -B "$small" -DBLINDFIT_FEATURES=OFF -DBLINDFIT_REMOTE=OFF \
    -DCMAKE_BUILD_TYPE=Debug \
    -DCMAKE_C_FLAGS_DEBUG=-O0 -DBLINDFIT_WERROR=ON -DCMAKE_C_COMPILER="$compiler"
flags() # FILE: without those of optimisation and of debug information
{
    tr ' ' '\n' <"$1" | grep -v -E '^-(O.|g.?|[UD]_FORTIFY_SOURCE.*)$'
}
for target in "$small"/CMakeFiles/*.dir; do
    made=$build/CMakeFiles/${target##*/}
    [ -f "$made/flags.make" ] || continue
    flags "$made/flags.make" >"$work/made"
    flags "$target/flags.make" | cmp -s - "$work/made" || continue
    (cd "$made" && find . -name '*.o' -exec cp --parents {} "$target" \;)
done
ok cmake --build "$small" -j "$(nproc)" || finish

libraries='lib(dnnl|png|jpeg|curl)'
checks=$((checks + 2))
for program in blindfit blindfit-server; do
    ldd "$small/$program" >"$work/linked" || fail "$program: not to be looked at"
    ! grep -E "$libraries" "$work/linked" || fail "$program links them"
done
ldd "$blindfit" | grep -q -E "$libraries" || fail "a stale list of libraries"
checks=$((checks + 2))
pc=$(cat "$small/blindfit.pc")
case $pc in *png* | *jpeg* | *dnnl*) fail "blindfit.pc: $pc" ;; esac
case $pc in *openblas*) ;; *) fail "blindfit.pc lacks openblas: $pc" ;; esac

refuse 8 'without image readers' "$small/blindfit" extract photos \
    -o "$work/x.npy"
absent "$work/x.npy"
refuse 8 'libcurl4-openssl-dev' "$small/blindfit" remote login \
    https://server.example --token token
rows 60 8 3 1 >"$work/train.csv"
ok "$small/blindfit" fit "$work/train.csv" --iterations 1 -o "$work/model.npy"
ok "$small/blindfit" evaluate "$work/model.npy" "$work/train.csv"
finish
