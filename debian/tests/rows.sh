# Sourced: 256 rows of two classes, in rows.csv.
awk 'BEGIN {
    for (i = 0; i < 256; i++) {
        printf "%d", i % 2
        for (j = 0; j < 6; j++)
            printf ",%.3f", (i % 2 == j % 2) + (i * 7 + j * 5 + i * j) % 11 / 11
        print ""
    }
}' >rows.csv

# opens JOB MODEL: the model, decrypted with keys/, knows the rows.
opens()
{
    blindfit decrypt --quiet "$1" "$2" --key keys/secret.key \
        --transform keys/transform.bf -o model.npy
    blindfit evaluate model.npy rows.csv --json >result
    accuracy=$(sed -n 's/.*"accuracy":[[:space:]]*\([0-9.]*\).*/\1/p' result)
    awk "BEGIN { exit !(${accuracy:-0} >= 0.9) }"
}
