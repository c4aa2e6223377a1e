#!/bin/sh
# The Python package: a wheel is built from this build's libraries, unpacked and
# tested. BLINDFIT_TEST_LONG=1 runs long tests too.
. "$(dirname "$0")/../cli/lib.sh"

needed="cffi numpy setuptools wheel pytest sklearn"
python=
for candidate in ${BLINDFIT_PYTHON:-} python3 /usr/bin/python3; do
    "$candidate" -c "import $(echo $needed | tr ' ' ,)" 2>/dev/null || continue
    python=$candidate
    break
done
if [ -z "$python" ]; then
    echo "skipped: no python3 with $needed"
    exit 77
fi
export BLINDFIT_PYTHON="$python" PYTHONDONTWRITEBYTECODE=1
ok tools/build-wheel "$work/wheel" "$build" || finish
wheel=$(cat "$work/stdout")
holds "$(stat -c %s "$wheel") <= 2000000"
ok "$python" -m zipfile -e "$wheel" "$work/site"
# Nobody has built in the source tree.
checks=$((checks + 1))
for left in python/build python/src/*.egg-info python/src/blindfit/*.so; do
    [ ! -e "$left" ] || fail "$left was left behind"
done
PYTHONPATH="$work/site" "$python" -m pytest -q -p no:cacheprovider \
    --basetemp "$work/pytest" python/tests || fail "pytest"
finish
