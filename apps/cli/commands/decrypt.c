#include "cli.h"

typedef struct decrypt_args {
    const char *key, *transform, *model;
    size_t iteration;
} decrypt_args;

static bf_status open_model(bf_model *out, const decrypt_args *a,
                            const bf_job *job, const char *path)
{
    bf_owner *owner;
    unsigned iterations = bf_job_shape_of(job).iterations;
    if (a->iteration > iterations)
        return bf_fail(BF_ERR_ARGUMENT, "--iteration: the job has %u",
                       iterations);
    BF_TRY(bf_owner_open(&owner, job, a->key, &cli_env));
    bf_status s = bf_owner_decrypt(out, owner, path, a->transform,
                                   (unsigned)a->iteration, &cli_env);
    bf_owner_destroy(owner);
    return s;
}

static bf_status report(const char *path, const bf_model *m)
{
    if (cli_common_options.json) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "model", path);
        cJSON_AddNumberToObject(o, "classes", (double)m->weights.rows);
        cJSON_AddNumberToObject(o, "features", (double)bf_model_inputs(m));
        cJSON_AddStringToObject(o, "feature_map", bf_feature_map_name(m->map));
        if (m->expansion)
            cJSON_AddNumberToObject(o, "random_features",
                                    (double)m->weights.cols - 1);
        return cli_json(o);
    }
    cli_row("model", "%s: %zu classes, %zu features, map %s", path,
            m->weights.rows, bf_model_inputs(m), bf_feature_map_name(m->map));
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
    bf_job *job;
    bf_model model = {0};
    cli_hold_secrets();
    BF_TRY(cli_parse(self, options, argc, argv, 2, 2, operands));
    BF_TRY(cli_need(a.key, "key"));
    BF_TRY(cli_need(a.transform, "transform"));
    BF_TRY(cli_need(a.model, "output"));
    BF_TRY(cli_check_model(
        a.model, CLI_FILES(operands[0], operands[1], a.key, a.transform)));
    BF_TRY(bf_job_read(&job, operands[0]));
    bf_status s = open_model(&model, &a, job, operands[1]);
    if (s == BF_OK) s = bf_model_save(&model, a.model);
    if (s == BF_OK) s = report(a.model, &model);
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
