#include <string.h>

#include "fit/fit.h"

typedef struct fit_args {
    cli_data_files data;
    const char *model;
    cli_texts columns; /* of labels, of which there is one */
    bool no_regression;
} fit_args;

/* Finds errors before the work. */
static bf_status check(const fit_args *a)
{
    if (a->columns.count > 1)
        return bf_fail(BF_ERR_ARGUMENT,
                       "--labels: fit trains one column of labels; several are "
                       "trained in one pass by plan --classes C,C, encrypt "
                       "--labels FILE --labels FILE, train, and decrypt -o "
                       "FILE -o FILE");
    if (a->data.test_labels && !a->data.test)
        return bf_fail(BF_ERR_ARGUMENT, "--test-labels needs --test");
    if (!a->model) return BF_OK;
    return cli_check_model(a->model,
                           CLI_FILES(a->data.train, a->data.labels,
                                     a->data.test, a->data.test_labels));
}

static bf_status fit_all(fit *f, const fit_args *a)
{
    BF_TRY(check(a));
    BF_TRY(cli_load_data(&f->train, &f->test, &a->data));
    bf_status s = fit_run(f);
    if (s == BF_ERR_RANGE) return bf_fail_in(s, "%s", a->data.train);
    BF_TRY(s);
    if (a->model) BF_TRY(bf_model_save(&f->model, a->model));
    s = fit_compare(f);
    if (s == BF_ERR_RANGE) /* of the test rows */
        return bf_fail_in(s, "%s", a->data.test ? a->data.test : a->data.train);
    return s == BF_OK ? fit_report(f) : s;
}

void fit_clear(fit *f)
{
    bf_dataset_clear(&f->train);
    bf_dataset_clear(&f->test);
    bf_prepared_clear(&f->prepared);
    bf_owner_destroy(f->owner);
    bf_job_destroy(f->job);
    bf_model_clear(&f->model);
    bf_metrics_clear(&f->encrypted);
    bf_metrics_clear(&f->twin);
    bf_metrics_clear(&f->regression);
    bf_metrics_clear(&f->reduced);
}

static bf_status run(const cli_command *self, int argc, char **argv)
{
    fit f = {0};
    fit_args a = {0};
    const char *operands[CLI_OPERANDS_MAX];
    const cli_option options[] = {
        {"labels", 'l', CLI_TEXTS, &a.columns, "FILE",
         "labels, if TRAIN has none"},
        {"rows", 0, CLI_ROWS, &a.data.rows, "A:B", "rows to train on, from 1"},
        {"test", 't', CLI_TEXT, &a.data.test, "FILE",
         "rows to test the model on"},
        {"test-labels", 0, CLI_TEXT, &a.data.test_labels, "FILE",
         "labels of TEST, if TEST has none"},
        {"test-rows", 0, CLI_ROWS, &a.data.test_rows, "A:B",
         "rows of TEST, or without TEST of TRAIN, from 1"},
        {"output", 'o', CLI_TEXT, &a.model, "FILE",
         "model to write: .npy, .csv or .safetensors"},
        {"every-iteration", 0, CLI_FLAG, &f.every_iteration, NULL,
         "show the accuracy after each iteration"},
        {"no-regression", 0, CLI_FLAG, &a.no_regression, NULL,
         "skip the comparison with logistic regression"},
        {"work", 0, CLI_TEXT, &f.work, "DIR",
         "folder for temporary files (default: $TMPDIR)"},
        {"", 0, CLI_TABLE, (void *)cli_recipe_options, NULL, NULL},
        {0},
    };
    cli_hold_secrets();
    BF_TRY(cli_parse(self, options, argc, argv, 1, 1, operands));
    a.data.train = operands[0];
    a.data.labels = a.columns.at[0];
    f.compare = !a.no_regression;
    bf_status s = fit_all(&f, &a);
    fit_clear(&f);
    return s;
}

const cli_command cli_fit = {
    .name = "fit",
    .summary = "run owner and server here, as two processes",
    .synopsis = "TRAIN [--test TEST] [-o MODEL]",
    .examples =
        "  # a .csv with the label first: train on 128 rows, test on the rest\n"
        "  blindfit fit data.csv --rows 1:128 --test-rows 129:512\n"
        "  # features and labels in separate files, three iterations, JSON\n"
        "  blindfit fit x.npy --labels y.npy --test tx.npy \\\n"
        "      --test-labels ty.npy --iterations 3 --json\n"
        "  # the published recipe\n"
        "  blindfit fit data.csv --recipe paper -o model.npy\n",
    .run = run,
};
