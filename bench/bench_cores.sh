#!/bin/sh
# Training by more and more threads, over synthetic rows of ten classes, normal
# deviates about random centres: a table of the server's times.
#
#   bench/bench_cores.sh BUILD OUT-DIR
#
# ROWS (60000), FEATURES (400), ITERATIONS (3) and THREADS ("1 2 4 8 16") choose
# other jobs. Python with NumPy makes the rows. A million rows of 400 features
# take 11 GB in OUT-DIR and 33 GB of memory.
set -eu
[ $# = 2 ] || { sed -n '2,9p' "$0" | sed 's/^# \{0,1\}//' >&2; exit 2; }
build=$(cd "$1" && pwd)
rows=${ROWS:-60000} features=${FEATURES:-400}
mkdir -p "$2"
cd "$2"
python3 - "$rows" "$features" <<'END'
import sys
import numpy as np
n, d = map(int, sys.argv[1:])
random = np.random.default_rng(1)
centres = 0.15 * random.standard_normal((10, d), dtype=np.float32)
labels = random.integers(0, 10, n, dtype=np.int32)
np.save("labels.npy", labels)
x = np.lib.format.open_memmap("rows.npy", "w+", np.float32, (n, d))
for i in range(0, n, 10000):
    part = centres[labels[i:i + 10000]]
    x[i:i + 10000] = part + random.standard_normal(part.shape, dtype=np.float32)
END
"$build/blindfit" plan -n "$rows" -d "$features" -k "${ITERATIONS:-3}" \
    -o job.json
"$build/blindfit" keygen job.json -o keys --quiet >keygen.txt
"$build/blindfit" encrypt job.json rows.npy --labels labels.npy \
    --key keys/secret.key -o upload.bf --rehearse no --quiet >encrypt.txt
echo "threads  reading/s  training/s  memory/GB"
for threads in ${THREADS:-1 2 4 8 16}; do
    "$build/blindfit-server" train job.json --keys keys/eval.keys \
        --upload upload.bf -o model.enc --threads "$threads" --quiet \
        --json >run.json
    sed -n 's/^[^"]*"\(read\|train\|peak_rss_bytes\)":[^0-9]*\([0-9.]*\),*$/\1 \2/p' \
        run.json | awk -v t="$threads" '{ v[$1] = $2 } END {
            printf "%7d %10.2f %11.2f %10.2f\n", t, v["read"], v["train"],
                v["peak_rss_bytes"] / 1e9 }'
done
