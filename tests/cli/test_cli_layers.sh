#!/bin/sh
# The layers hold, and the check notices when they do not.
. "$(dirname "$0")/lib.sh"

ok tools/check-layers
breach() # FILE INCLUDE
{
    rm -rf "$work/src" "$work/apps" "$work/include"
    cp -r src apps include "$work"
    echo "#include \"$2\"" >>"$work/$1"
    checks=$((checks + 1))
    ! tools/check-layers "$work" >"$work/stdout" ||
        fail "$1 may include $2"
    grep -q "$2" "$work/stdout" || fail "$1: $2 is not named"
}
breach src/base/file.c ring/ring.h
breach src/ckks/eval.c linalg/layout.h
breach src/wire/frame.h train/job.h
breach src/linalg/layout.h blindfit/train.h
breach src/features/npy.c train/owner/protocol.h
breach src/wire/wire.h blindfit/ckks.h
breach src/report/page.c blindfit/features.h
breach src/train/plan.c blindfit/report.h
breach apps/cli/commands/report.c report/runs.h
breach src/api/files.c wire/owner/owner_wire.h
breach src/train/serve.c ckks/owner/owner.h
breach apps/cli/commands/train.c base/file.h
breach apps/cli/commands/decrypt.c train/owner/protocol.h
# Circles of headers: of three, of two of a layer, and of public ones.
breach src/base/status.h base/allocator.h
breach src/wire/frame.h wire/wire.h
breach include/blindfit/blindfit.h blindfit/ckks.h
# Lines of 80 columns pass, of 81 do not.
width() # COLUMNS
{
    cp -r src apps include "$work"
    printf '/* %*s */\n' $(($1 - 6)) - >>"$work/src/base/file.h"
    tools/check-layers "$work"
}
ok width 80
checks=$((checks + 1))
! width 81 >"$work/stdout" || fail "a line of 81 columns passes"
grep -q 'src/base/file.h:[0-9]*: 81 columns' "$work/stdout" ||
    fail "the wide line is not named: $(cat "$work/stdout")"
ok width 80
mkdir "$work/python"
printf '%081d\n' 1 >"$work/python/wide.py"
checks=$((checks + 1))
! tools/check-layers "$work" >"$work/stdout" || fail "wide lines of Python pass"
finish
