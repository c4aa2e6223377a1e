#include "findings.h"
#include "remote/opened.h"

typedef struct decrypt_args {
    const char *key, *transform, *rows;
    cli_texts models; /* one for each column of labels */
    size_t iteration;
    bool every_iteration;
} decrypt_args;

/* Of --check, before they are scored. */
static bf_status check_rows(const bf_matrix *x, const decrypt_args *a)
{
    bf_transform *t;
    BF_TRY(bf_refuse_pipe(a->transform)); /* read before */
    BF_TRY(bf_transform_load(&t, a->transform));
    bf_status s = bf_transform_check(t, x);
    bf_transform_destroy(t);
    return s == BF_OK ? s : bf_fail_in(s, "%s", a->rows);
}

/* Checks the decrypted model, as no rehearsal may have checked the data. */
static bf_status review_model(cli_findings *out, const decrypt_args *a,
                              const bf_job *job, const bf_owner *owner,
                              const bf_model *m, const char *path)
{
    bf_matrix x = {0};
    if (a->rows)
        BF_TRY(bf_features_load(&x, a->rows, bf_model_inputs(m),
                                (unsigned)m->weights.rows, &cli_env));
    bf_view view = bf_view_of(&x);
    bf_status s = a->rows ? check_rows(&x, a) : BF_OK;
    if (s == BF_OK)
        s = cli_findings_make(out, owner, job, path, a->transform,
                              a->rows ? &view : NULL, (unsigned)a->iteration);
    bf_matrix_clear(&x);
    return s;
}

static bf_status open_model(bf_model *out, cli_findings *found,
                            const decrypt_args *a, const bf_job *job,
                            const char *path)
{
    bf_owner *owner;
    unsigned iterations = bf_job_shape_of(job).iterations;
    if (a->iteration > iterations)
        return bf_fail(BF_ERR_ARGUMENT, "--iteration: the job has %u",
                       iterations);
    BF_TRY(bf_owner_open(&owner, job, a->key, &cli_env));
    bf_status s = remote_opened_mark(path);
    if (s == BF_OK)
        s = bf_owner_decrypt(out, owner, path, a->transform,
                             (unsigned)a->iteration, &cli_env);
    if (s == BF_OK) {
        s = review_model(found, a, job, owner, out, path);
        if (s != BF_OK) bf_model_clear(out);
    }
    bf_owner_destroy(owner);
    return s;
}

static bf_status check_outputs(const decrypt_args *a, const char *job,
                               const char *model)
{
    for (size_t i = 0; i < a->models.count; i++) {
        BF_TRY(
            cli_check_model(a->models.at[i], CLI_FILES(job, model, a->key,
                                                       a->transform, a->rows)));
        BF_TRY(cli_check_model(a->models.at[i], a->models.at, i));
    }
    return BF_OK;
}

static bf_status check_count(const decrypt_args *a,
                             const bf_label_columns *labels)
{
    if (a->models.count == labels->count) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT,
                   "the job has %u column%s of labels: --output for each, not "
                   "%zu",
                   labels->count, labels->count > 1 ? "s" : "",
                   a->models.count);
}

static bf_status check_certified(const decrypt_args *a, const bf_job *job)
{
    bf_job_figures f;
    if (!a->every_iteration) return BF_OK;
    BF_TRY(bf_job_figures_of(&f, job, &cli_env));
    if (f.certified) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT, "--every-iteration: the job has no "
                                    "certificates (plan --certificate)");
}

static bf_status save_models(const bf_model *all,
                             const bf_label_columns *labels,
                             const decrypt_args *a)
{
    for (unsigned i = 0; i < labels->count; i++) {
        bf_model m;
        BF_TRY(bf_model_column(&m, all, labels, i));
        bf_status s = bf_model_save(&m, a->models.at[i]);
        bf_model_clear(&m);
        BF_TRY(s);
    }
    return BF_OK;
}

static void add_models(cJSON *o, const decrypt_args *a,
                       const bf_label_columns *labels)
{
    cJSON *list = cJSON_AddArrayToObject(o, "models");
    for (unsigned i = 0; i < labels->count; i++) {
        cJSON *item = cJSON_CreateObject();
        cJSON_AddStringToObject(item, "model", a->models.at[i]);
        cJSON_AddNumberToObject(item, "classes", labels->classes[i]);
        cJSON_AddItemToArray(list, item);
    }
}

static bf_status report(const decrypt_args *a, const bf_label_columns *labels,
                        const bf_model *m, const cli_findings *found)
{
    if (cli_common_options.json) {
        cJSON *o = cJSON_CreateObject();
        add_models(o, a, labels);
        cJSON_AddNumberToObject(o, "features", (double)bf_model_inputs(m));
        cJSON_AddStringToObject(o, "feature_map", bf_feature_map_name(m->map));
        if (m->expansion)
            cJSON_AddNumberToObject(o, "random_features",
                                    (double)m->weights.cols - 1);
        cli_findings_json(o, found);
        return cli_json(o);
    }
    for (unsigned i = 0; i < labels->count; i++)
        cli_row(i ? "" : "model", "%s: %u classes, %zu features, map %s",
                a->models.at[i], labels->classes[i], bf_model_inputs(m),
                bf_feature_map_name(m->map));
    if (m->expansion)
        cli_row("random features", "%zu, defined in docs/formats.md",
                m->weights.cols - 1);
    cli_findings_print(found, a->every_iteration);
    return BF_OK;
}

static bf_status run(const cli_command *self, int argc, char **argv)
{
    decrypt_args a = {0};
    const char *operands[CLI_OPERANDS_MAX];
    const cli_option options[] = {
        {"key", 0, CLI_TEXT, &a.key, "FILE", "secret key of the job"},
        {"transform", 0, CLI_TEXT, &a.transform, "FILE",
         "transform that encrypt wrote"},
        {"output", 'o', CLI_TEXTS, &a.models, "FILE",
         "model to write: .npy, .csv or .safetensors; repeat for each column "
         "of labels"},
        {"iteration", 0, CLI_COUNT, &a.iteration, "T",
         "decrypt the weights after iteration T (default: the last)"},
        {"every-iteration", 0, CLI_FLAG, &a.every_iteration, NULL,
         "show the certificates of all iterations, not of the last alone"},
        {"check", 0, CLI_TEXT, &a.rows, "FILE",
         "also check the scores of these rows"},
        {0},
    };
    cli_findings found = {0};
    bf_job *job;
    bf_model model = {0};
    cli_hold_secrets();
    BF_TRY(cli_parse(self, options, argc, argv, 2, 2, operands));
    BF_TRY(cli_need(a.key, "key"));
    BF_TRY(cli_need(a.transform, "transform"));
    BF_TRY(cli_need(a.models.at[0], "output"));
    BF_TRY(check_outputs(&a, operands[0], operands[1]));
    BF_TRY(bf_job_read(&job, operands[0]));
    const bf_label_columns labels = bf_job_shape_of(job).labels;
    bf_status s = check_count(&a, &labels);
    if (s == BF_OK) s = check_certified(&a, job);
    if (s == BF_OK) s = open_model(&model, &found, &a, job, operands[1]);
    if (s == BF_OK) s = save_models(&model, &labels, &a);
    if (s == BF_OK) s = report(&a, &labels, &model, &found);
    bf_model_clear(&model);
    bf_job_destroy(job);
    return s;
}

const cli_command cli_decrypt = {
    .name = "decrypt",
    .summary = "decrypt a model and undo the whitening",
    .synopsis = "JOB MODEL.enc --key FILE --transform FILE -o MODEL",
    .examples =
        "  blindfit decrypt job.json model.enc --key keys/secret.key \\\n"
        "      --transform keys/transform.bf -o model.npy\n"
        "  # loadable as the state of a torch.nn.Linear\n"
        "  blindfit decrypt job.json model.enc --key keys/secret.key \\\n"
        "      --transform keys/transform.bf -o model.safetensors\n",
    .run = run,
};
