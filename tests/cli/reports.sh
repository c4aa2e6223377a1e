# Sourced by the tests of report.

# Numbers that occur nowhere else, and names that are markup.
full_run()
{
    cat <<'JSON'
{"recipe": "whitened", "iterations": 2, "samples": 1234, "features": 56,
 "classes": 3, "ciphertexts_uploaded": 17, "security_bits": 139,
 "bytes": {"upload": 7654321, "keys": 23456789, "model": 345678},
 "judged_on": "test", "judged_rows": 430,
 "accuracy": {"encrypted": 0.876, "plaintext_same_recipe": 0.877,
  "plaintext_lr": 0.884},
 "accuracy_by_iteration": [
  {"iteration": 1, "encrypted": 0.631, "plaintext_same_recipe": 0.642},
  {"iteration": 2, "encrypted": 0.876, "plaintext_same_recipe": 0.877}],
 "starts": {"whiten": 0, "keygen": 2, "encrypt": 8, "server": 10, "decrypt": 24},
 "seconds": {"whiten": 2, "keygen": 6, "encrypt": 2, "train": 10.4,
  "decrypt": 1.7, "total": 26, "server_read": 2, "server_write": 0.6,
  "server_wall": 14},
 "peak_rss_bytes": {"owner": 111e6, "server": 222e6},
 "memory_bytes_planned": 333e6, "ring_degree": 16384, "log2_q": 240,
 "log2_qp": 365, "log2_qp_limit": 430, "typical_weight": 0.5,
 "levels": [
  {"iteration": 1, "limbs": 4, "log2_q": 172, "weight_noise": 0.0012},
  {"iteration": 2, "limbs": 2, "log2_q": 86, "weight_noise": 0.03125}],
 "confusion": [[101, 13, 2], [3, 140, 7], [11, 5, 148]],
 "class_names": ["<script>alert(1)</script>", "a\"b'&amp;", "caf\u00e9\u202e\u0001"]}
JSON
}

# A hundred classes, 1024 iterations.
many_classes()
{
    awk 'BEGIN {
        printf "{\"recipe\": \"paper\", \"iterations\": 1024, \"accuracy\": "
        printf "{\"encrypted\": 0.5}, \"accuracy_by_iteration\": ["
        for (t = 1; t <= 1024; t++)
            printf "%s{\"iteration\": %d, \"encrypted\": %.3f}", (t == 1 ? "" : ","),
                t, t / 2048
        printf "], \"confusion\": ["
        for (t = 0; t < 100; t++) {
            printf "%s[", (t ? "," : "")
            for (p = 0; p < 100; p++) printf "%s%d", (p ? "," : ""), (t * p * 7) % 97
            printf "]"
        }
        print "]}"
    }'
}

# pixel_model FILE.csv: three classes of 56 features.
pixel_model()
{
    awk 'BEGIN {
        for (c = 0; c < 3; c++) {
            for (j = 0; j <= 56; j++) printf "%s%d", (j ? "," : ""), j == 9 + c
            print ""
        }
    }' >"$1"
    echo '{"feature_map": "none"}' >"$1.json"
}
