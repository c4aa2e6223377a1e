#include <string.h>

#include "report/page.h"
#include "report/table.h"

#define COLUMN 18

/* ---- table --------------------------------------------------------------- */

static void print_heading(FILE *to, const char *text, size_t columns)
{
    (void)columns;
    fprintf(to, "%s\n", text);
}

static void print_line(FILE *to, const char *name, const cli_text *cells,
                       size_t columns)
{
    fprintf(to, "  %-36s", name);
    for (size_t i = 0; i < columns; i++) fprintf(to, "%*s", COLUMN, cells[i].s);
    putc('\n', to);
}

static void print_table(const report_runs *r)
{
    printf("%-38s", "");
    for (size_t i = 0; i < r->count; i++)
        printf("%*s", COLUMN, report_string(r->run[i], "recipe").s);
    putchar('\n');
    report_table(r, &(report_sink){stdout, print_heading, print_line});
}

/* ---- curve --------------------------------------------------------------- */

static void write_curve(FILE *to, const report_runs *r)
{
    fputs("# iteration, encrypted %, same recipe in plaintext %, logistic "
          "regression %\n",
          to);
    for (size_t i = 0; i < r->count; i++) {
        report_curve c;
        report_curve_of(&c, r->run[i]);
        /* A block of its own for gnuplot's `index`. */
        fprintf(to, "%s\"%s\"\n", i ? "\n\n" : "",
                report_string(r->run[i], "recipe").s);
        for (size_t j = 0; j < c.count; j++)
            fprintf(to, "%.0f %.4f %.4f %.4f\n", c.at[j].iteration,
                    100 * c.at[j].encrypted, 100 * c.at[j].twin,
                    100 * report_number(r->run[i], "accuracy.plaintext_lr"));
    }
}

static bf_status save_curve(const report_runs *r, const char *path)
{
    bf_outfile *f;
    for (size_t i = 0; i < r->count; i++)
        if (!report_list(r->run[i], "accuracy_by_iteration"))
            return bf_fail(BF_ERR_FORMAT, "%s: made without --every-iteration",
                           r->path[i]);
    BF_TRY(bf_outfile_open(&f, path, 0644));
    write_curve(bf_outfile_stream(f), r);
    return bf_outfile_commit(f);
}

static bf_status save_page(const report_runs *r, const char *path)
{
    bf_outfile *f;
    BF_TRY(bf_outfile_open(&f, path, 0644));
    report_page(bf_outfile_stream(f), r);
    return bf_outfile_commit(f);
}

/* ---- command ------------------------------------------------------------- */

typedef struct report_args {
    const char *curve, *page;
    bool html;
} report_args;

/* Finds errors before the work. */
static bf_status check(const report_args *a, const char *const *operands)
{
    if (a->html) BF_TRY(cli_need(a->page, "output"));
    if (a->page && !a->html)
        return bf_fail(BF_ERR_ARGUMENT, "--output needs --html");
    if (a->curve) {
        BF_TRY(bf_outfile_check(a->curve, operands, REPORT_RUNS_MAX));
        BF_TRY(bf_outfile_check(a->curve, CLI_FILES(a->page)));
    }
    if (a->page) BF_TRY(bf_outfile_check(a->page, operands, REPORT_RUNS_MAX));
    return BF_OK;
}

static bf_status report(const report_runs *r, const report_args *a)
{
    if (a->curve) BF_TRY(save_curve(r, a->curve));
    if (a->page) BF_TRY(save_page(r, a->page));
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
    report_runs r = {0};
    report_args a = {0};
    const char *operands[CLI_OPERANDS_MAX];
    const cli_option options[] = {
        {"html", 0, CLI_FLAG, &a.html, NULL,
         "write a page with pictures, which needs no other file"},
        {"output", 'o', CLI_TEXT, &a.page, "FILE", "the page to write"},
        {"curve", 0, CLI_TEXT, &a.curve, "FILE",
         "write accuracy by iteration, for gnuplot"},
        {0},
    };
    bf_status s = BF_OK;
    BF_TRY(cli_parse(self, options, argc, argv, 1, REPORT_RUNS_MAX, operands));
    BF_TRY(check(&a, operands));
    for (size_t i = 0; i < REPORT_RUNS_MAX && operands[i] && s == BF_OK; i++)
        s = report_read(&r, operands[i]);
    if (s == BF_OK) s = report(&r, &a);
    report_clear(&r);
    return s;
}

const cli_command cli_report = {
    .name = "report",
    .summary = "compare up to four reports of fit --json",
    .synopsis = "FIT.json [FIT.json [FIT.json [FIT.json]]]",
    .examples =
        "  blindfit fit data.csv --recipe paper --json > paper.json\n"
        "  blindfit fit data.csv --json > ours.json\n"
        "  blindfit report paper.json ours.json\n"
        "  # the same with pictures, for a browser\n"
        "  blindfit report --html paper.json ours.json -o report.html\n",
    .run = run,
};
