#include "report/table.h"

#include <stdio.h>
#include <string.h>

static bf_text bits(double v)
{
    bf_text t;
    snprintf(t.s, sizeof t.s, "%.0f bits", v);
    return t;
}

static bf_text scientific(double v)
{
    bf_text t;
    snprintf(t.s, sizeof t.s, "%.1e", v);
    return t;
}

/* Without a key: a heading; without a name: what accuracies are of. */
static const struct row {
    const char *name, *key;
    bf_text (*format)(double);
} rows[] = {
    {"The job", NULL, NULL},
    {"encrypted rows", "samples", bf_text_count},
    {"features of a row", "features", bf_text_count},
    {"  random features instead", "random_features", bf_text_count},
    {"iterations", "iterations", bf_text_count},
    {"security", "security_bits", bits},
    {"Sent to the server", NULL, NULL},
    {"ciphertexts", "ciphertexts_uploaded", bf_text_count},
    {"  bytes", "bytes.upload", bf_text_size},
    {"evaluation keys", "bytes.keys", bf_text_size},
    {"Time", NULL, NULL},
    {"owner: scaling rows, in plaintext", "seconds.whiten", bf_text_time},
    {"owner: making keys", "seconds.keygen", bf_text_time},
    {"owner: encryption", "seconds.encrypt", bf_text_time},
    {"server: training, all encrypted", "seconds.train", bf_text_time},
    {"owner: decryption", "seconds.decrypt", bf_text_time},
    {"in all, with files", "seconds.total", bf_text_time},
    {"server's memory", "peak_rss_bytes.server", bf_text_size},
    {NULL, NULL, NULL},
    {"trained encrypted", "accuracy.encrypted", bf_text_percent},
    {"same recipe in plaintext", "accuracy.plaintext_same_recipe",
     bf_text_percent},
    {"ordinary logistic regression", "accuracy.plaintext_lr", bf_text_percent},
    {"  on the columns that were encrypted",
     "accuracy.plaintext_lr_encrypted_columns", bf_text_percent},
    {"largest difference of a weight", "max_weight_error", scientific},
};

/* A heading waits for the first line below it. */
typedef struct table {
    const bf_report *r;
    const bf_report_sink *sink;
    const char *heading;
} table;

static void put(table *t, const char *name, const bf_text *cells)
{
    if (t->heading) t->sink->heading(t->sink->to, t->heading, t->r->count);
    t->heading = NULL;
    t->sink->line(t->sink->to, name, cells, t->r->count);
}

static void line(table *t, const struct row *row)
{
    bf_text cells[BF_REPORT_RUNS_MAX];
    size_t known = 0;
    for (size_t i = 0; i < t->r->count; i++) {
        const cJSON *v = bf_run_find(t->r->run[i], row->key);
        cells[i] = v ? row->format(v->valuedouble) : (bf_text){"-"};
        known += v != NULL;
    }
    if (known) put(t, row->name, cells);
}

/* The rows by which accuracies were found: in the heading if all runs had the
 * same, and else in lines, as far as they are known. */
static void judges(table *t, char heading[128])
{
    const bf_report *r = t->r;
    bool same = true, known = false;
    double many = bf_run_number(r->run[0], "judged_rows");
    const char *on = bf_run_judged_on(r->run[0]);
    bf_text cells[BF_REPORT_RUNS_MAX];
    for (size_t i = 0; i < r->count; i++) {
        const char *judged_on = bf_run_judged_on(r->run[i]);
        known |= *judged_on != '-';
        same &= strcmp(judged_on, on) == 0 &&
                bf_run_number(r->run[i], "judged_rows") == many;
        snprintf(cells[i].s, sizeof cells[i].s, "%s%s", judged_on,
                 *judged_on == '-' ? "" : " rows");
    }
    t->heading = "Accuracy";
    if (same && *on != '-' && many > 0) {
        snprintf(heading, 128, "Accuracy on %s rows that were %s",
                 bf_text_count(many).s,
                 strcmp(on, "test") == 0 ? "not trained on" : "trained on");
        t->heading = heading;
    } else {
        if (known) put(t, "judged on", cells);
        line(t, &(struct row){"number of these rows", "judged_rows",
                              bf_text_count});
    }
}

void bf_report_table(const bf_report *r, const bf_report_sink *sink)
{
    char heading[128];
    table t = {r, sink, NULL};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!rows[i].name)
            judges(&t, heading);
        else if (!rows[i].key)
            t.heading = rows[i].name;
        else
            line(&t, &rows[i]);
    }
}
