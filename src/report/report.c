#include "blindfit/report.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "blindfit/files.h"
#include "report/page.h"
#include "report/runs.h"
#include "report/text.h"
#include "report/weights.h"

bf_status bf_report_create(bf_report **out)
{
    *out = bf_alloc_zero(sizeof **out);
    return *out ? BF_OK : BF_ERR_MEMORY;
}

void bf_report_destroy(bf_report *r)
{
    if (!r) return;
    for (size_t i = 0; i < r->count; i++) {
        cJSON_Delete(r->run[i]);
        bf_free(r->name[i]);
        bf_weights_destroy(r->weights[i]);
    }
    bf_free(r);
}

/* Other commands' JSON has neither beside a recipe. */
static bool is_run(const cJSON *o)
{
    return *bf_run_string(o, "recipe").s &&
           (bf_run_judged(o) || bf_run_find(o, "evaluation_keys"));
}

bf_status bf_report_add(bf_report *r, const char *name, const char *json,
                        size_t bytes)
{
    if (r->count == BF_REPORT_RUNS_MAX)
        return bf_fail(BF_ERR_ARGUMENT, "%s: a report has at most %d runs",
                       name, BF_REPORT_RUNS_MAX);
    cJSON *o = bf_json_parse(json, bytes);
    if (!o)
        return bf_fail(BF_ERR_FORMAT,
                       "%s: no JSON, cut short, or more than one report",
                       name);
    if (!is_run(o)) {
        cJSON_Delete(o);
        return bf_fail(BF_ERR_FORMAT, "%s: no report of fit, and no plan",
                       name);
    }
    char *copy = bf_alloc(strlen(name) + 1);
    if (!copy) {
        cJSON_Delete(o);
        return BF_ERR_MEMORY;
    }
    strcpy(copy, name);
    r->name[r->count] = copy;
    r->run[r->count++] = o;
    return BF_OK;
}

static bf_status check_count(const bf_report *r, size_t run, const char *key,
                             size_t count)
{
    const cJSON *v = bf_run_find(r->run[run], key);
    if (!v || v->valuedouble == (double)count) return BF_OK;
    return bf_fail(BF_ERR_MISMATCH, "%s has %.0f %s, but the model has %zu",
                   r->name[run], v->valuedouble, key, count);
}

bf_status bf_report_weights(bf_report *r, size_t run, const bf_model *m,
                            const bf_pixels *pixels)
{
    bf_weights *w;
    if (run >= r->count)
        return bf_fail(BF_ERR_ARGUMENT, "weights of run %zu: there are %zu",
                       run + 1, r->count);
    BF_TRY(check_count(r, run, "classes", m->weights.rows));
    BF_TRY(check_count(r, run, "features", bf_model_inputs(m)));
    BF_TRY(bf_weights_create(&w, m, pixels));
    bf_weights_destroy(r->weights[run]);
    r->weights[run] = w;
    return BF_OK;
}

static bf_status check(const bf_report *r, bf_report_form form)
{
    if (!r->count) return bf_fail(BF_ERR_ARGUMENT, "a report without a run");
    if (form != BF_REPORT_CURVE) return BF_OK;
    for (size_t i = 0; i < r->count; i++)
        if (!bf_run_list(r->run[i], "accuracy_by_iteration"))
            return bf_fail(BF_ERR_FORMAT, "%s: made without --every-iteration",
                           r->name[i]);
    return BF_OK;
}

static bf_status write(FILE *to, const bf_report *r, bf_report_form form)
{
    switch (form) {
    case BF_REPORT_PAGE:
        return bf_report_page(to, r);
    case BF_REPORT_FRAGMENT:
        return bf_report_fragment(to, r);
    case BF_REPORT_TABLE:
        bf_report_print_table(to, r);
        return BF_OK;
    case BF_REPORT_CURVE:
        bf_report_print_curve(to, r);
        return BF_OK;
    }
    return bf_fail(BF_ERR_ARGUMENT, "no form of report: %d", (int)form);
}

bf_status bf_report_render(char **text, const bf_report *r, bf_report_form form)
{
    size_t bytes;
    BF_TRY(check(r, form));
    FILE *to = open_memstream(text, &bytes);
    if (!to) return bf_fail(BF_ERR_MEMORY, "no memory for a report");
    /* Coordinates have a decimal point in every locale; this one is part of the
     * C library, so that newlocale cannot fail. */
    locale_t before = uselocale(newlocale(LC_ALL_MASK, "C", (locale_t)0));
    bf_status s = write(to, r, form);
    uselocale(before);
    bool failed = ferror(to);
    if ((fclose(to) != 0 || failed) && s == BF_OK)
        s = bf_fail(BF_ERR_MEMORY, "no memory for a report");
    if (s == BF_OK) return BF_OK;
    free(*text);
    *text = NULL;
    return s;
}

bf_status bf_report_save(const bf_report *r, bf_report_form form,
                         const char *path)
{
    bf_outfile *f;
    char *text;
    BF_TRY(bf_report_render(&text, r, form));
    bf_status s = bf_outfile_open(&f, path, 0644);
    if (s == BF_OK) {
        s = bf_outfile_write(f, text, strlen(text));
        if (s == BF_OK)
            s = bf_outfile_commit(f);
        else
            bf_outfile_abort(f);
    }
    bf_free(text);
    return s;
}
