#include "blindfit/report.h"

#include "cli.h"

#define FILE_MAX ((size_t)1 << 20)
_Static_assert(BF_REPORT_RUNS_MAX <= CLI_OPERANDS_MAX, "files are operands");

typedef struct report_args {
    const char *curve, *page, *pixels;
    bf_pixels shape; /* as pixels says */
    cli_texts models;
    bool html;
} report_args;

/* Numbers with an x between: as many as there are, or 0 if text is something
 * else. */
static int read_sides(unsigned side[3], const char *text)
{
    for (int count = 1; count <= 3; count++) {
        int end = 0;
        if (*text < '0' || *text > '9' ||
            sscanf(text, "%5u%n", &side[count - 1], &end) != 1)
            return 0;
        text += end;
        if (!*text) return count;
        if (*text++ != 'x') return 0;
    }
    return 0;
}

/* HxW, HxWxC or, with channels first, CxHxW. */
static bf_status read_pixels(bf_pixels *out, const char *text)
{
    unsigned side[3];
    int count = read_sides(side, text);
    if (count < 2)
        return bf_fail(BF_ERR_ARGUMENT,
                       "--pixels %s: HEIGHTxWIDTH, HEIGHTxWIDTHx3 or "
                       "3xHEIGHTxWIDTH is wanted",
                       text);
    if (count == 2)
        *out = (bf_pixels){side[0], side[1], 1, false};
    else if (side[0] == 3 && side[2] != 3)
        *out = (bf_pixels){side[1], side[2], side[0], true};
    else
        *out = (bf_pixels){side[0], side[1], side[2], false};
    return BF_OK;
}

/* Finds errors before the work. */
static bf_status check(report_args *a, const char *const *operands)
{
    if (a->html) BF_TRY(cli_need(a->page, "output"));
    if (a->page && !a->html)
        return bf_fail(BF_ERR_ARGUMENT, "--output needs --html");
    if (!a->pixels != !a->models.count)
        return bf_fail(BF_ERR_ARGUMENT,
                       "%s is missing: pictures of weights "
                       "take --model and --pixels",
                       a->pixels ? "--model" : "--pixels");
    if (a->pixels && !a->html)
        return bf_fail(BF_ERR_ARGUMENT, "--pixels needs --html");
    if (a->pixels) BF_TRY(read_pixels(&a->shape, a->pixels));
    size_t runs = 0;
    while (runs < BF_REPORT_RUNS_MAX && operands[runs]) runs++;
    if (a->models.count && a->models.count != runs)
        return bf_fail(BF_ERR_ARGUMENT,
                       "--model: %zu for %zu reports; each takes its own",
                       a->models.count, runs);
    if (a->page) {
        BF_TRY(bf_outfile_check(a->page, a->models.at, a->models.count));
        BF_TRY(cli_check_beside(a->page, a->models.at, a->models.count));
    }
    if (a->curve) {
        BF_TRY(cli_check_beside(a->curve, a->models.at, a->models.count));
        BF_TRY(bf_outfile_check(a->curve, operands, BF_REPORT_RUNS_MAX));
        BF_TRY(bf_outfile_check(a->curve, a->models.at, a->models.count));
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

static bf_status add_weights(bf_report *r, size_t run, const char *path,
                             const bf_pixels *pixels)
{
    bf_model m;
    BF_TRY(bf_model_load(&m, path));
    bf_status s = bf_report_weights(r, run, &m, pixels);
    bf_model_clear(&m);
    return s == BF_OK ? s : bf_fail_in(s, "%s", path);
}

static bf_status report(bf_report *r, cJSON *list, const report_args *a,
                        const char *const *operands)
{
    for (size_t i = 0; i < BF_REPORT_RUNS_MAX && operands[i]; i++)
        BF_TRY(add(r, list, operands[i]));
    for (size_t i = 0; i < a->models.count; i++)
        BF_TRY(add_weights(r, i, a->models.at[i], &a->shape));
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
        {"model", 'm', CLI_TEXTS, &a.models, "MODEL",
         "show this model's weights as pictures (with --pixels); of several "
         "reports one for each, in their order"},
        {"pixels", 0, CLI_TEXT, &a.pixels, "HxW",
         "features are the pixels of images of this height and width; HxWx3 "
         "and 3xHxW are of colours"},
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
    .summary = "compare up to four reports of fit, plan or party show --json",
    .synopsis = "FIT.json [FIT.json [FIT.json [FIT.json]]]",
    .examples =
        "  blindfit fit data.csv --recipe paper --json > paper.json\n"
        "  blindfit fit data.csv --json > ours.json\n"
        "  blindfit report paper.json ours.json\n"
        "  # the same with pictures, for a browser\n"
        "  blindfit report --html paper.json ours.json -o report.html\n"
        "  # of features that are pixels also the weights of each class\n"
        "  blindfit report --html fit.json -o report.html --model model.npy "
        "\\\n"
        "      --pixels 28x28\n"
        "  # who will see what, before any data are there\n"
        "  blindfit plan -n 1500 -d 64 -c 10 --json > plan.json\n"
        "  blindfit report --html plan.json -o plan.html\n",
    .run = run,
};
