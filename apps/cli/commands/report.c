#include <string.h>

#include "cli.h"

#define RUNS_MAX CLI_OPERANDS_MAX
#define FILE_MAX ((size_t)1 << 20)
#define COLUMN 18

/* Reports of fit --json, side by side. */
typedef struct runs {
    const char *path[RUNS_MAX];
    cJSON *run[RUNS_MAX];
    size_t count;
} runs;

/* ---- reading ------------------------------------------------------------- */

static bf_status read_run(runs *r, const char *path)
{
    uint8_t *text;
    size_t bytes;
    BF_TRY(bf_read_file(path, FILE_MAX, &text, &bytes));
    cJSON *o = cJSON_ParseWithLength((char *)text, bytes);
    bf_free(text);
    if (!cJSON_IsString(cJSON_GetObjectItemCaseSensitive(o, "recipe"))) {
        cJSON_Delete(o);
        return bf_fail(BF_ERR_FORMAT, "%s: no report of fit --json", path);
    }
    r->path[r->count] = path;
    r->run[r->count++] = o;
    return BF_OK;
}

/* Finds "group.key" or "key"; NULL if it is missing or no number. */
static const cJSON *find(const cJSON *o, const char *key)
{
    char group[32];
    const char *dot = strchr(key, '.');
    if (dot) {
        snprintf(group, sizeof group, "%.*s", (int)(dot - key), key);
        o = cJSON_GetObjectItemCaseSensitive(o, group);
        key = dot + 1;
    }
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);
    return cJSON_IsNumber(v) ? v : NULL;
}

static double value(const cJSON *o, const char *key)
{
    const cJSON *v = find(o, key);
    return v ? v->valuedouble : 0;
}

/* ---- table --------------------------------------------------------------- */

/* Nothing where no run has the figure. */
static void line(const runs *r, const char *name, const char *key,
                 cli_text (*format)(double))
{
    size_t known = 0;
    for (size_t i = 0; i < r->count; i++) known += find(r->run[i], key) != NULL;
    if (!known) return;
    printf("  %-36s", name);
    for (size_t i = 0; i < r->count; i++)
        printf("%*s", COLUMN,
               find(r->run[i], key) ? format(value(r->run[i], key)).s : "-");
    putchar('\n');
}

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

static cli_text recipe(const runs *r, size_t i)
{
    cli_text t;
    snprintf(t.s, sizeof t.s, "%s",
             cJSON_GetObjectItemCaseSensitive(r->run[i], "recipe")
                 ->valuestring);
    bf_printable(t.s);
    return t;
}

static const char *judged_on(const runs *r, size_t i)
{
    const char *on = cJSON_GetStringValue(
        cJSON_GetObjectItemCaseSensitive(r->run[i], "judged_on"));
    if (on && strcmp(on, "test") == 0) return on;
    return on && strcmp(on, "training") == 0 ? on : "-";
}

static void print_judges(const runs *r)
{
    bool same = true;
    double rows = value(r->run[0], "judged_rows");
    const char *on = judged_on(r, 0);
    for (size_t i = 1; i < r->count; i++)
        same &= strcmp(judged_on(r, i), on) == 0 &&
                value(r->run[i], "judged_rows") == rows;
    if (same && *on != '-') {
        printf("Accuracy on %s images %s\n", cli_count(rows).s,
               strcmp(on, "test") == 0 ? "that were not trained on"
                                       : "that were trained on");
        return;
    }
    printf("Accuracy\n  %-36s", "on images of the set for");
    for (size_t i = 0; i < r->count; i++)
        printf("%*s", COLUMN, judged_on(r, i));
    putchar('\n');
    line(r, "  as many as", "judged_rows", cli_count);
}

static void print_table(const runs *r)
{
    printf("%-38s", "");
    for (size_t i = 0; i < r->count; i++) printf("%*s", COLUMN, recipe(r, i).s);
    printf("\nWhat was trained\n");
    line(r, "encrypted images", "samples", cli_count);
    line(r, "features of an image", "features", cli_count);
    line(r, "iterations", "iterations", cli_count);
    line(r, "security", "security_bits", bits);
    printf("Sent to the server\n");
    line(r, "ciphertexts", "ciphertexts_uploaded", cli_count);
    line(r, "  bytes", "bytes.upload", cli_size);
    line(r, "evaluation keys", "bytes.keys", cli_size);
    printf("Time\n");
    line(r, "owner: scaling rows, in plaintext", "seconds.whiten", cli_time);
    line(r, "owner: making keys", "seconds.keygen", cli_time);
    line(r, "owner: encryption", "seconds.encrypt", cli_time);
    line(r, "server: training, all encrypted", "seconds.train", cli_time);
    line(r, "owner: decryption", "seconds.decrypt", cli_time);
    line(r, "in all, with files", "seconds.total", cli_time);
    line(r, "server's memory", "peak_rss_bytes.server", cli_size);
    print_judges(r);
    line(r, "trained encrypted", "accuracy.encrypted", cli_percent);
    line(r, "same recipe in plaintext", "accuracy.plaintext_same_recipe",
         cli_percent);
    line(r, "ordinary logistic regression", "accuracy.plaintext_lr",
         cli_percent);
    line(r, "  on the columns that were encrypted",
         "accuracy.plaintext_lr_encrypted_columns", cli_percent);
    line(r, "largest difference of a weight", "max_weight_error", scientific);
}

/* ---- curve --------------------------------------------------------------- */

static void write_curve(FILE *to, const runs *r)
{
    fputs("# iteration, encrypted %, same recipe in plaintext %, logistic "
          "regression %\n",
          to);
    for (size_t i = 0; i < r->count; i++) {
        const cJSON *o = r->run[i], *item;
        const cJSON *list =
            cJSON_GetObjectItemCaseSensitive(o, "accuracy_by_iteration");
        /* A block of its own for gnuplot's `index`. */
        fprintf(to, "%s\"%s\"\n", i ? "\n\n" : "", recipe(r, i).s);
        cJSON_ArrayForEach(item, list) fprintf(
            to, "%.0f %.4f %.4f %.4f\n", value(item, "iteration"),
            100 * value(item, "encrypted"),
            100 * value(item, "plaintext_same_recipe"),
            100 * value(o, "accuracy.plaintext_lr"));
    }
}

static bf_status save_curve(const runs *r, const char *path)
{
    bf_outfile *f;
    for (size_t i = 0; i < r->count; i++)
        if (!cJSON_HasObjectItem(r->run[i], "accuracy_by_iteration"))
            return bf_fail(BF_ERR_FORMAT,
                           "%s: made without --every-iteration", r->path[i]);
    BF_TRY(bf_outfile_open(&f, path, 0644));
    write_curve(bf_outfile_stream(f), r);
    return bf_outfile_commit(f);
}

static bf_status report(const runs *r, const char *curve)
{
    if (curve) BF_TRY(save_curve(r, curve));
    if (!cli_common_options.json) {
        print_table(r);
        return BF_OK;
    }
    cJSON *o = cJSON_CreateObject();
    cJSON *list = cJSON_AddArrayToObject(o, "runs");
    for (size_t i = 0; i < r->count; i++)
        cJSON_AddItemToArray(list, cJSON_Duplicate(r->run[i], true));
    return cli_json(o);
}

static bf_status run(const cli_command *self, int argc, char **argv)
{
    runs r = {0};
    const char *curve = NULL, *operands[CLI_OPERANDS_MAX];
    const cli_option options[] = {
        {"curve", 0, CLI_TEXT, &curve, "FILE",
         "write accuracy by iteration, for gnuplot"},
        {0},
    };
    bf_status s = BF_OK;
    BF_TRY(cli_parse(self, options, argc, argv, 1, RUNS_MAX, operands));
    if (curve) BF_TRY(bf_outfile_check(curve, operands, RUNS_MAX));
    for (size_t i = 0; i < RUNS_MAX && operands[i] && s == BF_OK; i++)
        s = read_run(&r, operands[i]);
    if (s == BF_OK) s = report(&r, curve);
    for (size_t i = 0; i < r.count; i++) cJSON_Delete(r.run[i]);
    return s;
}

const cli_command cli_report = {
    .name = "report",
    .summary = "compare up to four reports of fit --json",
    .synopsis = "FIT.json [FIT.json [FIT.json [FIT.json]]]",
    .examples =
        "  blindfit fit data.csv --recipe paper --json > paper.json\n"
        "  blindfit fit data.csv --json > ours.json\n"
        "  blindfit report paper.json ours.json\n",
    .run = run,
};
