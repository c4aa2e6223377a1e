#include <string.h>

#include "cli.h"

static size_t largest(const double *row, size_t count)
{
    size_t best = 0;
    for (size_t c = 1; c < count; c++)
        if (row[c] > row[best]) best = c;
    return best;
}

/* Writes a field in the form of RFC 4180, printable. */
static void write_name(FILE *to, const char *name)
{
    char text[1024];
    snprintf(text, sizeof text, "%s", name);
    bool quoted = strpbrk(bf_printable(text), ",\"") != NULL;
    if (quoted) fputc('"', to);
    for (const char *c = text; *c; c++) {
        if (*c == '"') fputc('"', to);
        fputc(*c, to);
    }
    if (quoted) fputc('"', to);
}

static void write_rows(FILE *to, const bf_matrix *scores, char *const *names)
{
    size_t classes = scores->cols;
    fputs("prediction", to);
    for (size_t c = 0; c < classes; c++) fprintf(to, ",score_%zu", c);
    fputs(names ? ",name\n" : "\n", to);
    for (size_t i = 0; i < scores->rows; i++) {
        const double *row = scores->data + i * classes;
        size_t best = largest(row, classes);
        fprintf(to, "%zu", best);
        for (size_t c = 0; c < classes; c++) fprintf(to, ",%.9g", row[c]);
        if (names) {
            fputc(',', to);
            write_name(to, names[best]);
        }
        fputc('\n', to);
    }
}

/* Reports the file of predictions, or without a file the classes. */
static bf_status report_json(const bf_matrix *scores, char *const *names,
                             const char *path)
{
    cJSON *o = cJSON_CreateObject();
    size_t classes = scores->cols;
    cJSON_AddNumberToObject(o, "samples", (double)scores->rows);
    cJSON_AddNumberToObject(o, "classes", (double)classes);
    if (path) {
        cJSON_AddStringToObject(o, "predictions", path);
        return cli_json(o);
    }
    if (names)
        cJSON_AddItemToObject(
            o, "class_names",
            cJSON_CreateStringArray((const char *const *)names, (int)classes));
    cJSON *rows = cJSON_AddArrayToObject(o, "predictions");
    for (size_t i = 0; i < scores->rows; i++) {
        const double *row = scores->data + i * classes;
        cJSON_AddItemToArray(
            rows, cJSON_CreateNumber((double)largest(row, classes)));
    }
    return cli_json(o);
}

static bf_status save(const bf_matrix *scores, char *const *names,
                      const char *path)
{
    bf_outfile *f;
    if (path) {
        BF_TRY(bf_outfile_open(&f, path, 0644));
        write_rows(bf_outfile_stream(f), scores, names);
        BF_TRY(bf_outfile_commit(f));
    } else if (!cli_common_options.json) {
        write_rows(stdout, scores, names);
    }
    return cli_common_options.json ? report_json(scores, names, path) : BF_OK;
}

/* Call before the work. Names of no known ending are fine, such as a pipe's. */
static bf_status check_output(const char *path, const char *model,
                              const char *rows)
{
    static const char *const others[] = {".npy", ".safetensors", ".json",
                                         ".tsv"};
    BF_TRY(bf_outfile_check(path, CLI_FILES(model, rows)));
    BF_TRY(cli_check_beside(path, CLI_FILES(model)));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (bf_path_has_extension(path, others[i]))
            return bf_fail(BF_ERR_ARGUMENT,
                           "%s: predictions are written as .csv", path);
    return BF_OK;
}

static bf_status run(const cli_command *self, int argc, char **argv)
{
    const char *path = NULL, *operands[CLI_OPERANDS_MAX];
    const cli_option options[] = {
        {"output", 'o', CLI_TEXT, &path, "FILE",
         "predictions, a .csv (default: standard output; --json: classes)"},
        {0},
    };
    bf_model model;
    bf_matrix x = {0}, scores = {0};
    BF_TRY(cli_parse(self, options, argc, argv, 2, 2, operands));
    if (path) BF_TRY(check_output(path, operands[0], operands[1]));
    BF_TRY(bf_model_load(&model, operands[0]));
    bf_status status;
    BF_GOTO(bf_features_load(&x, operands[1], bf_model_inputs(&model),
                             (unsigned)model.weights.rows, &cli_env),
            done);
    status = bf_model_scores(&scores, &model, &x);
    if (status != BF_OK) {
        status = bf_fail_in(status, "%s", operands[1]);
        goto done;
    }
    BF_GOTO(save(&scores, model.class_names, path), done);
done:
    bf_matrix_clear(&scores);
    bf_matrix_clear(&x);
    bf_model_clear(&model);
    return status;
}

const cli_command cli_predict = {
    .name = "predict",
    .summary = "predict classes and scores of rows",
    .synopsis = "MODEL FEATURES [-o FILE]",
    .examples =
        "  blindfit predict model.npy new.npy -o predictions.csv\n"
        "  # a label in the first column of a .csv is skipped\n"
        "  blindfit predict model.npy test.csv | cut -d, -f1\n",
    .run = run,
};
