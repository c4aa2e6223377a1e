#include "blindfit/report.h"

#include "cli.h"

#define FILE_MAX ((size_t)1 << 20)
_Static_assert(BF_REPORT_RUNS_MAX <= CLI_OPERANDS_MAX, "files are operands");

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
        BF_TRY(bf_outfile_check(a->curve, operands, BF_REPORT_RUNS_MAX));
        BF_TRY(bf_outfile_check(a->curve, CLI_FILES(a->page)));
    }
    if (a->page)
        BF_TRY(bf_outfile_check(a->page, operands, BF_REPORT_RUNS_MAX));
    return BF_OK;
}

static bf_status print(const bf_report *r)
{
    char *text;
    BF_TRY(bf_report_render(&text, r, BF_REPORT_TABLE));
    fputs(text, stdout);
    bf_free(text);
    return BF_OK;
}

/* Adds a file's report, and with --json the object in it to `list`. */
static bf_status add(bf_report *r, cJSON *list, const char *path)
{
    uint8_t *text;
    size_t bytes;
    BF_TRY(bf_read_file(path, FILE_MAX, &text, &bytes));
    bf_status s = bf_report_add(r, path, (char *)text, bytes);
    if (s == BF_OK &&
        !cJSON_AddItemToArray(list, cJSON_ParseWithLength((char *)text, bytes)))
        s = bf_fail(BF_ERR_MEMORY, "%s: no memory", path);
    bf_free(text);
    return s;
}

static bf_status report(bf_report *r, cJSON *list, const report_args *a,
                        const char *const *operands)
{
    for (size_t i = 0; i < BF_REPORT_RUNS_MAX && operands[i]; i++)
        BF_TRY(add(r, list, operands[i]));
    if (a->curve) BF_TRY(bf_report_save(r, BF_REPORT_CURVE, a->curve));
    if (a->page) BF_TRY(bf_report_save(r, BF_REPORT_PAGE, a->page));
    return cli_common_options.json ? BF_OK : print(r);
}

static bf_status run(const cli_command *self, int argc, char **argv)
{
    bf_report *r;
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
    BF_TRY(
        cli_parse(self, options, argc, argv, 1, BF_REPORT_RUNS_MAX, operands));
    BF_TRY(check(&a, operands));
    BF_TRY(bf_report_create(&r));
    cJSON *o = cJSON_CreateObject();
    bf_status s = report(r, cJSON_AddArrayToObject(o, "runs"), &a, operands);
    bf_report_destroy(r);
    if (s == BF_OK && cli_common_options.json) return cli_json(o);
    cJSON_Delete(o);
    return s;
}

const cli_command cli_report = {
    .name = "report",
    .summary = "compare up to four reports of fit --json or plan --json",
    .synopsis = "FIT.json [FIT.json [FIT.json [FIT.json]]]",
    .examples =
        "  blindfit fit data.csv --recipe paper --json > paper.json\n"
        "  blindfit fit data.csv --json > ours.json\n"
        "  blindfit report paper.json ours.json\n"
        "  # the same with pictures, for a browser\n"
        "  blindfit report --html paper.json ours.json -o report.html\n"
        "  # who will see what, before any data are there\n"
        "  blindfit plan -n 1500 -d 64 -c 10 --json > plan.json\n"
        "  blindfit report --html plan.json -o plan.html\n",
    .run = run,
};
