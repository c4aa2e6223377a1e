#include <string.h>

#include "cli.h"

static bf_status report_json(const bf_metrics *m, const bf_model *model,
                             size_t rows)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddNumberToObject(o, "samples", (double)rows);
    cJSON_AddNumberToObject(o, "classes", m->classes);
    cJSON_AddStringToObject(o, "feature_map", bf_feature_map_name(model->map));
    cJSON_AddNumberToObject(o, "accuracy", m->accuracy);
    cJSON *loss = cJSON_AddObjectToObject(o, "loss");
    cJSON_AddNumberToObject(loss, "sle", m->sle);
    cJSON_AddNumberToObject(loss, "cross_entropy", m->cross_entropy);
    cli_json_confusion(o, m, model->class_names);
    return cli_json(o);
}

/* As much of it as the column has room for, which is counted in characters. */
static void print_name(const char *given)
{
    enum { WIDTH = 13 };
    char name[4 * WIDTH + 12];
    size_t bytes = 0;
    int width = 0;
    snprintf(name, sizeof name, "%s", given);
    bf_printable(name);
    for (; name[bytes] && width < WIDTH; width++)
        bytes += bf_utf8_length(name + bytes);
    printf("%.*s%*s", (int)bytes, name, WIDTH - width, "");
}

static void print_confusion(const bf_metrics *m, char *const *names)
{
    printf("\n  %-16s", "truth \\ predicted");
    for (unsigned p = 0; p < m->classes; p++) printf(" %6u", p);
    putchar('\n');
    for (unsigned t = 0; t < m->classes; t++) {
        printf("  %3u ", t);
        print_name(names ? names[t] : "");
        for (unsigned p = 0; p < m->classes; p++)
            printf(" %6llu",
                   (unsigned long long)m->confusion[t * m->classes + p]);
        putchar('\n');
    }
}

static bf_status report(const bf_metrics *m, const bf_model *model, size_t rows)
{
    if (cli_common_options.json) return report_json(m, model, rows);
    cli_row("rows", "%s", bf_text_count((double)rows).s);
    cli_row("accuracy", "%s", bf_text_percent(m->accuracy).s);
    cli_row("squared error", "%.4f a row (SLE)", m->sle);
    cli_row("cross-entropy", "%.4f nats", m->cross_entropy);
    print_confusion(m, model->class_names);
    return BF_OK;
}

/* A model that is right no more often than the most frequent class occurs was
 * probably given rows of another kind than its training rows. (With a single
 * class this says nothing.) */
static void note_guess(const char *path, const bf_metrics *m)
{
    uint64_t right = 0, rows = 0, most = 0;
    unsigned commonest = 0;
    for (unsigned t = 0; t < m->classes; t++) {
        uint64_t of_class = 0;
        for (unsigned p = 0; p < m->classes; p++)
            of_class += m->confusion[t * m->classes + p];
        if (of_class > most) {
            most = of_class;
            commonest = t;
        }
        rows += of_class;
        right += m->confusion[t * m->classes + t];
    }
    if (most == rows || right > most) return;
    cli_note("%s: %s: right no more often than a guess of class %u for every "
             "row; are features, feature map and class numbers those of its "
             "training?",
             cli_program(), path, commonest);
}

static bf_status run(const cli_command *self, int argc, char **argv)
{
    const char *labels = NULL, *operands[CLI_OPERANDS_MAX];
    bf_rows rows = {0};
    const cli_option options[] = {
        {"labels", 'l', CLI_TEXT, &labels, "FILE",
         "labels, if TEST has none"},
        {"rows", 0, CLI_ROWS, &rows, "A:B", "rows of TEST, from 1"},
        {0},
    };
    bf_model model;
    bf_dataset test = {0};
    bf_metrics m = {0};
    BF_TRY(cli_parse(self, options, argc, argv, 2, 2, operands));
    BF_TRY(bf_model_load(&model, operands[0]));
    bf_status status;
    BF_GOTO(cli_load_test(&test, operands[1], labels, rows,
                          bf_model_inputs(&model), model.class_names,
                          model.weights.rows),
            done);
    status = bf_model_evaluate(&m, &model, &test, true);
    if (status != BF_OK) {
        status = bf_fail_in(status, "%s", operands[1]);
        goto done;
    }
    note_guess(operands[0], &m);
    BF_GOTO(report(&m, &model, test.x.rows), done);
done:
    bf_metrics_clear(&m);
    bf_dataset_clear(&test);
    bf_model_clear(&model);
    return status;
}

const cli_command cli_evaluate = {
    .name = "evaluate",
    .summary = "test a model on labelled rows",
    .synopsis = "MODEL TEST [--labels FILE]",
    .examples = "  blindfit evaluate model.npy test.csv\n"
                "  blindfit evaluate model.npy x.npy --labels y.npy --json\n",
    .run = run,
};
