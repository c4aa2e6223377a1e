#!/bin/sh
# Server time against the number of rows and of features, beside the estimate of
# `plan` from counted work: a table and a log-log plot.
#
#   bench/bench_scaling.sh BUILD TRAIN.npy LABELS.npy OUT-DIR
#
# TRAIN has 60,000 rows of 768 features or more, as `make demo-fashion` leaves
# them in demo-out-fashion/. ROWS and FEATURES choose the points ("1000 10000"),
# ITERATIONS the number of iterations (3). "products" counts tensor products,
# "GB" the bytes that they read: two factors each, of two polynomials with half
# of the chain on average.
set -eu
[ $# = 4 ] || { sed -n '2,10p' "$0" | sed 's/^# \{0,1\}//' >&2; exit 2; }
blindfit=$1/blindfit train=$2 labels=$3 out=$4
rows=${ROWS:-1000 10000 30000 60000}
features=${FEATURES:-64 128 256 400 768}
iterations=${ITERATIONS:-3}
mkdir -p "$out"

value() # FILE KEY: of a JSON report
{
    sed -n "s/^[[:space:]]*\"$2\":[[:space:]]*\\([-0-9.e+]*\\),*\$/\\1/p" "$1" |
        head -1
}
value_of() # FILE OBJECT KEY
{
    sed -n "/\"$2\"/,/}/p" "$1" >"$out/object" && value "$out/object" "$3"
}

width=$(head -c 200 "$train" | tr -c '0-9,()' ' ' |
    sed 's/.*(\([0-9]*\), *\([0-9]*\)).*/\2/;q')
measure() # N D
{
    "$blindfit" fit "$train" --labels "$labels" --rows "1:$1" \
        --components "$2" --iterations "$iterations" --no-regression \
        --work "$out" --json >"$out/fit.json"
    "$blindfit" plan -n "$1" -d "$width" -c 10 --components "$2" \
        --iterations "$iterations" --json >"$out/plan.json"
    awk -v n="$1" -v d="$2" -v ring="$(value "$out/plan.json" ring_degree)" \
        -v limbs="$(value "$out/plan.json" limbs)" \
        -v train="$(value_of "$out/fit.json" seconds train)" \
        -v planned="$(value "$out/plan.json" server_seconds_estimate)" \
        -v read="$(value_of "$out/fit.json" seconds server_read)" \
        -v switches="$(value "$out/fit.json" key_switches)" \
        -v products="$(value "$out/fit.json" tensor_products)" \
        -v memory="$(value_of "$out/fit.json" peak_rss_bytes server)" 'BEGIN {
            bytes = products * 2 * 2 * 8 * ring * limbs / 2
            printf "%6d %4d %6d %5d %9.2f %9.2f %6.2f %8.2f %9d %9d " \
                "%7.1f %6.2f\n", n, d, ring, limbs, train, planned, train / planned,
                read, switches, products, bytes / 1e9, memory / 1e9
        }'
}
table_head()
{
    printf '#%5s %4s %6s %5s %9s %9s %6s %8s %9s %9s %7s %6s\n' rows d ring \
        limbs train/s plan/s ratio read/s switches products GB RAM/GB
}
{
    table_head
    for n in $rows; do measure "$n" 400; done
} | tee "$out/rows.dat"
{
    table_head
    for d in $features; do measure 10000 "$d"; done
} | tee "$out/features.dat"
rm -f "$out/object" "$out/fit.json" "$out/plan.json"

gnuplot <<GNUPLOT
set terminal pngcairo size 1100,520 font "Sans,12"
set output "$out/scaling.png"
set multiplot layout 1,2 title "Server time, $iterations iterations, 10 classes"
set logscale xy
set grid lc rgb "#dddddd"
set key left top
set ylabel "seconds"
set xlabel "rows (400 features)"
plot "$out/rows.dat" using 1:5 with linespoints lw 2 pt 7 lc rgb "#1f5fa8" \
       title "training", \
     "" using 1:6 with linespoints lw 1.5 dt 2 pt 6 lc rgb "#555555" \
       title "planned"
set xlabel "features (10,000 rows)"
plot "$out/features.dat" using 2:5 with linespoints lw 2 pt 7 \
       lc rgb "#1f5fa8" title "training", \
     "" using 2:6 with linespoints lw 1.5 dt 2 pt 6 lc rgb "#555555" \
       title "planned"
unset multiplot
GNUPLOT
echo "$out/rows.dat, $out/features.dat, $out/scaling.png"
