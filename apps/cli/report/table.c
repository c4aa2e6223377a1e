#include "report/table.h"

#include <string.h>

static cli_text bits(double v)
{
    cli_text t;
    snprintf(t.s, sizeof t.s, "%.0f bits", v);
    return t;
}

static cli_text scientific(double v)
{
    cli_text t;
    snprintf(t.s, sizeof t.s, "%.1e", v);
    return t;
}

/* Without a key: a heading; without a name: what accuracies are of. */
static const struct row {
    const char *name, *key;
    cli_text (*format)(double);
} rows[] = {
    {"What was trained", NULL, NULL},
    {"encrypted images", "samples", cli_count},
    {"features of an image", "features", cli_count},
    {"iterations", "iterations", cli_count},
    {"security", "security_bits", bits},
    {"Sent to the server", NULL, NULL},
    {"ciphertexts", "ciphertexts_uploaded", cli_count},
    {"  bytes", "bytes.upload", cli_size},
    {"evaluation keys", "bytes.keys", cli_size},
    {"Time", NULL, NULL},
    {"owner: scaling rows, in plaintext", "seconds.whiten", cli_time},
    {"owner: making keys", "seconds.keygen", cli_time},
    {"owner: encryption", "seconds.encrypt", cli_time},
    {"server: training, all encrypted", "seconds.train", cli_time},
    {"owner: decryption", "seconds.decrypt", cli_time},
    {"in all, with files", "seconds.total", cli_time},
    {"server's memory", "peak_rss_bytes.server", cli_size},
    {NULL, NULL, NULL},
    {"trained encrypted", "accuracy.encrypted", cli_percent},
    {"same recipe in plaintext", "accuracy.plaintext_same_recipe", cli_percent},
    {"ordinary logistic regression", "accuracy.plaintext_lr", cli_percent},
    {"  on the columns that were encrypted",
     "accuracy.plaintext_lr_encrypted_columns", cli_percent},
    {"largest difference of a weight", "max_weight_error", scientific},
};

static void line(const report_runs *r, const report_sink *sink,
                 const struct row *row)
{
    cli_text cells[REPORT_RUNS_MAX];
    size_t known = 0;
    for (size_t i = 0; i < r->count; i++) {
        const cJSON *v = report_find(r->run[i], row->key);
        cells[i] = v ? row->format(v->valuedouble) : (cli_text){"-"};
        known += v != NULL;
    }
    if (known) sink->line(sink->to, row->name, cells, r->count);
}

static void judges(const report_runs *r, const report_sink *sink)
{
    bool same = true;
    double images = report_number(r->run[0], "judged_rows");
    const char *on = report_judged_on(r->run[0]);
    cli_text cells[REPORT_RUNS_MAX];
    for (size_t i = 0; i < r->count; i++) {
        const char *judged_on = report_judged_on(r->run[i]);
        same &= strcmp(judged_on, on) == 0 &&
                report_number(r->run[i], "judged_rows") == images;
        snprintf(cells[i].s, sizeof cells[i].s, "%s", judged_on);
    }
    if (same && *on != '-') {
        char text[128];
        snprintf(text, sizeof text, "Accuracy on %s images that were %s",
                 cli_count(images).s,
                 strcmp(on, "test") == 0 ? "not trained on" : "trained on");
        sink->heading(sink->to, text, r->count);
        return;
    }
    sink->heading(sink->to, "Accuracy", r->count);
    sink->line(sink->to, "on images of the set for", cells, r->count);
    line(r, sink, &(struct row){"  as many as", "judged_rows", cli_count});
}

void report_table(const report_runs *r, const report_sink *sink)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!rows[i].name)
            judges(r, sink);
        else if (!rows[i].key)
            sink->heading(sink->to, rows[i].name, r->count);
        else
            line(r, sink, &rows[i]);
    }
}
