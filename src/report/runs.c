#include "report/runs.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define NUMBER_MAX 1e24 /* more than any figure, and far from overflow */

bool bf_run_judged(const cJSON *run)
{
    return bf_run_find(run, "accuracy.encrypted") ||
           bf_run_find(run, "accuracy.plaintext_same_recipe");
}

const char *bf_run_name(const bf_report *r, size_t i)
{
    const char *slash = strrchr(r->name[i], '/');
    return slash ? slash + 1 : r->name[i];
}

const cJSON *bf_run_find(const cJSON *run, const char *key)
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

double bf_run_number(const cJSON *run, const char *key)
{
    const cJSON *v = bf_run_find(run, key);
    return v ? v->valuedouble : 0;
}

bool bf_run_true(const cJSON *run, const char *key)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(run, key));
}

const cJSON *bf_run_list(const cJSON *run, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(run, key);
    return cJSON_IsArray(v) ? v : NULL;
}

bf_text bf_run_string(const cJSON *run, const char *key)
{
    bf_text t;
    const char *s =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(run, key));
    snprintf(t.s, sizeof t.s, "%s", s ? s : "");
    bf_printable(t.s);
    return t;
}

const char *bf_run_judged_on(const cJSON *run)
{
    static const char *const sets[] = {"test", "training"};
    bf_text on = bf_run_string(run, "judged_on");
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        if (strcmp(on.s, sets[i]) == 0) return sets[i];
    return "-";
}

int bf_run_class(char out[BF_CLASS_BYTES], const cJSON *names, size_t i,
                 int most)
{
    const char *name = cJSON_GetStringValue(cJSON_GetArrayItem(names, (int)i));
    if (!name) return snprintf(out, BF_CLASS_BYTES, "%zu", i);
    const char *end = name;
    int length = 0;
    while (*end && length < most && end - name < BF_CLASS_BYTES - 14) {
        size_t n = bf_utf8_length(end);
        end += n ? n : 1;
        length++;
    }
    snprintf(out, BF_CLASS_BYTES, "%.*s%s", (int)(end - name), name,
             *end ? "\u2026" : "");
    return *end ? length + 1 : length;
}

static double accuracy(const cJSON *o, const char *key)
{
    const cJSON *v = bf_run_find(o, key);
    return v ? fmin(fmax(v->valuedouble, 0), 1) : NAN;
}

/* Leaves out a point without an accuracy. */
static void add_point(bf_run_curve *out, double iteration, double encrypted,
                      double twin)
{
    if (out->count < BF_MAX_ITERATIONS && !(isnan(encrypted) && isnan(twin)))
        out->at[out->count++] = (bf_run_point){iteration, encrypted, twin};
}

void bf_run_curve_of(bf_run_curve *out, const cJSON *run)
{
    const cJSON *item, *list = bf_run_list(run, "accuracy_by_iteration");
    out->count = 0;
    cJSON_ArrayForEach(item, list) add_point(
        out, bf_run_number(item, "iteration"), accuracy(item, "encrypted"),
        accuracy(item, "plaintext_same_recipe"));
    if (out->count) return;
    add_point(out, bf_run_number(run, "iterations"),
              accuracy(run, "accuracy.encrypted"),
              accuracy(run, "accuracy.plaintext_same_recipe"));
}
