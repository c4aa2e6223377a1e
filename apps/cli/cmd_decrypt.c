#include "cli.h"
#include "features/class_names.h"
#include "owner_job.h"
#include "train/owner/deal.h"
#include "train/owner/transform.h"
#include "wire/wire.h"

typedef struct decrypt_args {
    const char *key, *transform, *model;
    size_t iteration;
} decrypt_args;

/* Class names lie beside the transform, where encrypt knew them. No model is
 * lost for want of them. */
static bf_status make_model(bf_model *out, const decrypt_args *a,
                            const bf_transform *t, const bf_matrix *weights)
{
    char **names;
    size_t count;
    bf_status s = bf_class_names_beside(&names, &count, a->transform);
    if (s != BF_OK)
        cli_note("%s: %s; the model has none", cli_program(), bf_last_error());
    else if (names && count != weights->rows)
        cli_note("%s: %s.json: names of %zu classes, the model has %zu and "
                 "gets none",
                 cli_program(), a->transform, count, weights->rows);
    bool fit = names && count == weights->rows;
    s = cli_make_model(out, t, weights, fit ? names : NULL);
    bf_class_names_free(names, count);
    return s;
}

static bf_status open_model(bf_model *out, const decrypt_args *a,
                            const bf_job *job, const uint8_t *id,
                            const char *path)
{
    bf_transform *t;
    bf_upload_id of;
    bf_matrix weights = {0};
    bf_wire_info whole; /* verifies what decryption has no use for as well */
    BF_TRY(bf_refuse_pipe(path));
    BF_TRY(bf_wire_inspect(&whole, path, &cli_env));
    BF_TRY(bf_transform_load(&t, a->transform));
    bf_status s = bf_deal_decrypt(&weights, &of, job, id, a->key, path,
                                  (unsigned)a->iteration);
    if (s == BF_OK) s = bf_transform_check_of(t, a->transform, &of);
    if (s == BF_OK) s = make_model(out, a, t, &weights);
    bf_matrix_clear(&weights);
    bf_transform_destroy(t);
    return s;
}

static bf_status report(const char *path, const bf_model *m)
{
    if (cli_common_options.json) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "model", path);
        cJSON_AddNumberToObject(o, "classes", (double)m->weights.rows);
        cJSON_AddNumberToObject(o, "features", (double)bf_model_inputs(m));
        cJSON_AddStringToObject(o, "feature_map", cli_map_name(m->map));
        if (m->expansion)
            cJSON_AddNumberToObject(o, "random_features",
                                    (double)m->weights.cols - 1);
        return cli_json(o);
    }
    cli_row("model", "%s: %zu classes, %zu features, map %s", path,
            m->weights.rows, bf_model_inputs(m), cli_map_name(m->map));
    if (m->expansion)
        cli_row("random features", "%zu, which other programs make by "
                                   "docs/formats.md",
                m->weights.cols - 1);
    return BF_OK;
}

static bf_status run(const cli_command *self, int argc, char **argv)
{
    decrypt_args a = {0};
    const char *operands[CLI_OPERANDS_MAX];
    const cli_option options[] = {
        {"key", 0, CLI_TEXT, &a.key, "FILE", "secret key of the job"},
        {"transform", 0, CLI_TEXT, &a.transform, "FILE",
         "transform that encrypt wrote with the upload"},
        {"output", 'o', CLI_TEXT, &a.model, "FILE",
         "model to write: .npy, .csv or .safetensors"},
        {"iteration", 0, CLI_COUNT, &a.iteration, "T",
         "the weights after iteration T (default: the last)"},
        {0},
    };
    bf_job job;
    bf_model model;
    uint8_t id[BF_HASH_BYTES];
    cli_hold_secrets();
    BF_TRY(cli_parse(self, options, argc, argv, 2, 2, operands));
    BF_TRY(cli_need(a.key, "key"));
    BF_TRY(cli_need(a.transform, "transform"));
    BF_TRY(cli_need(a.model, "output"));
    BF_TRY(cli_check_model(
        a.model, CLI_FILES(operands[0], operands[1], a.key, a.transform)));
    BF_TRY(bf_job_read(&job, operands[0], id));
    if (a.iteration > job.recipe.iterations)
        return bf_fail(BF_ERR_ARGUMENT, "--iteration: the job has %u",
                       job.recipe.iterations);
    BF_TRY(open_model(&model, &a, &job, id, operands[1]));
    bf_status s = bf_model_save(&model, a.model);
    if (s == BF_OK) s = report(a.model, &model);
    bf_model_clear(&model);
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
