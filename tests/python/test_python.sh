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
export BLINDFIT_BUILD="$(realpath "$build")" # tests run its programs, too
# Products of builds in the source tree, of which a user may have some.
products()
{
    find python -name '*.so' -o -name '*.egg-info' -o -name build \
        -o -name __pycache__ | LC_ALL=C sort
}
products >"$work/before"
ok tools/build-wheel "$work/wheel" "$build" || finish
wheel=$(cat "$work/stdout")
holds "$(stat -c %s "$wheel") <= 2000000"
ok "$python" -m zipfile -e "$wheel" "$work/site"
PYTHONPATH="$work/site" "$python" -m pytest -q -rs -p no:cacheprovider \
    --basetemp "$work/pytest" python/tests || fail "pytest"
checks=$((checks + 2))
products >"$work/after"
cmp "$work/before" "$work/after" || fail "products were left in python/"
finish
