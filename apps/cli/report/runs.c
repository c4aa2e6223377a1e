#include "report/runs.h"

#include <math.h>
#include <string.h>

#define FILE_MAX ((size_t)1 << 20)
#define NUMBER_MAX 1e24 /* more than any figure, and far from overflow */

bf_status report_read(report_runs *r, const char *path)
{
    uint8_t *text;
    size_t bytes;
    BF_TRY(bf_read_file(path, FILE_MAX, &text, &bytes));
    cJSON *o = cJSON_ParseWithLength((char *)text, bytes);
    bf_free(text);
    if (!o) return bf_fail(BF_ERR_FORMAT, "%s: no JSON, or cut short", path);
    if (!cJSON_IsString(cJSON_GetObjectItemCaseSensitive(o, "recipe")) ||
        !report_find(o, "accuracy.encrypted")) {
        cJSON_Delete(o);
        return bf_fail(BF_ERR_FORMAT, "%s: no report of fit --json", path);
    }
    r->path[r->count] = path;
    r->run[r->count++] = o;
    return BF_OK;
}

void report_clear(report_runs *r)
{
    for (size_t i = 0; i < r->count; i++) cJSON_Delete(r->run[i]);
    r->count = 0;
}

const cJSON *report_find(const cJSON *run, const char *key)
{
    char group[32];
    const char *dot = strchr(key, '.');
    if (dot) {
        snprintf(group, sizeof group, "%.*s", (int)(dot - key), key);
        run = cJSON_GetObjectItemCaseSensitive(run, group);
        key = dot + 1;
    }
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(run, key);
    return cJSON_IsNumber(v) && fabs(v->valuedouble) < NUMBER_MAX ? v : NULL;
}

double report_number(const cJSON *run, const char *key)
{
    const cJSON *v = report_find(run, key);
    return v ? v->valuedouble : 0;
}

const cJSON *report_list(const cJSON *run, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(run, key);
    return cJSON_IsArray(v) ? v : NULL;
}

cli_text report_string(const cJSON *run, const char *key)
{
    cli_text t;
    const char *s =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(run, key));
    snprintf(t.s, sizeof t.s, "%s", s ? s : "");
    bf_printable(t.s);
    return t;
}

const char *report_judged_on(const cJSON *run)
{
    static const char *const sets[] = {"test", "training"};
    cli_text on = report_string(run, "judged_on");
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        if (strcmp(on.s, sets[i]) == 0) return sets[i];
    return "-";
}

static double accuracy(const cJSON *o, const char *key)
{
    const cJSON *v = report_find(o, key);
    return v ? fmin(fmax(v->valuedouble, 0), 1) : NAN;
}

/* Leaves out a point without an encrypted accuracy. */
static void add_point(report_curve *out, double iteration, double encrypted,
                      double twin)
{
    if (out->count < BF_MAX_ITERATIONS && !isnan(encrypted))
        out->at[out->count++] = (report_point){iteration, encrypted, twin};
}

void report_curve_of(report_curve *out, const cJSON *run)
{
    const cJSON *item, *list = report_list(run, "accuracy_by_iteration");
    out->count = 0;
    cJSON_ArrayForEach(item, list) add_point(
        out, report_number(item, "iteration"), accuracy(item, "encrypted"),
        accuracy(item, "plaintext_same_recipe"));
    if (out->count) return;
    add_point(out, report_number(run, "iterations"),
              accuracy(run, "accuracy.encrypted"),
              accuracy(run, "accuracy.plaintext_same_recipe"));
}
