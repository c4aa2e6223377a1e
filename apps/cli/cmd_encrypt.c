#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/lock.h"
#include "cli.h"
#include "features/class_names.h"
#include "owner_job.h"
#include "train/circuit.h"
#include "train/owner/deal.h"
#include "train/owner/transform.h"

typedef struct encrypt_args {
    const char *key, *labels, *upload, *transform, *fitted;
    bf_rows rows;
    const char *only;
    bf_upload_part part; /* what `only` says */
} encrypt_args;

/* Beside the secret unless told otherwise. */
static bf_status transform_path(char out[PATH_MAX], const encrypt_args *a)
{
    const char *slash = strrchr(a->key, '/');
    int n = a->transform ? snprintf(out, PATH_MAX, "%s", a->transform)
                         : snprintf(out, PATH_MAX, "%.*stransform.bf",
                                    slash ? (int)(slash - a->key) + 1 : 0,
                                    a->key);
    if (n >= 0 && n < PATH_MAX) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT, "%s: the name is too long", a->key);
}

/* Pipes are no place that something lies in. */
static bf_status check_free(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode)) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT,
                   "%s: is there already; no model of the upload that it "
                   "belongs to could be read without it, so name another with "
                   "--transform, or remove it yourself",
                   path);
}

/* All files or none: an upload without its transform could not be read. The
 * names lie beside the transform, as what goes to the server does not carry
 * them. Of several at once under a key, one finds the place free. */
static bf_status save(bf_outfile *upload, const bf_transform *t,
                      const char *path, const bf_dataset *data, const char *key)
{
    bf_outfile *f[] = {upload, NULL};
    int lock;
    bf_lock_take(&lock, key, true);
    bf_status s = check_free(path);
    if (s == BF_OK) s = bf_transform_prepare(&f[1], t, path);
    if (s == BF_OK)
        s = cli_commit_with_names(f, 2, path, data, false);
    else
        bf_outfile_abort(upload);
    bf_lock_drop(lock, NULL);
    return s;
}

static bf_status seal(const encrypt_args *a, const bf_job *job,
                      const uint8_t *id, const bf_dataset *data,
                      const char *train)
{
    cli_prepared p = {0};
    bf_outfile *upload;
    char path[PATH_MAX];
    BF_TRY(transform_path(path, a));
    bf_status s = cli_prepare(&p, job, data, a->fitted);
    if (s == BF_OK)
        s = bf_deal_prepare(&upload, &p.transform->of, job, id, a->key, &p.rows,
                            data->labels, &p.schedule, a->part, a->upload,
                            &cli_env);
    if (s == BF_ERR_RANGE) s = bf_fail_in(s, "%s", train);
    if (s == BF_OK)
        s = a->part == BF_UPLOAD_LABELS
                ? bf_outfile_commit(upload)
                : save(upload, p.transform, path, data, a->key);
    cli_prepared_clear(&p);
    return s;
}

static size_t count_inputs(const encrypt_args *a, const bf_job *job)
{
    size_t all = bf_job_inputs(job);
    size_t rows = bf_job_circuit(job)->inputs(job, BF_INPUT_ROWS);
    if (a->part == BF_UPLOAD_ALL) return all;
    return a->part == BF_UPLOAD_ROWS ? rows : all - rows;
}

static bf_status report(const encrypt_args *a, const bf_job *job)
{
    struct stat st;
    char path[PATH_MAX];
    BF_TRY(transform_path(path, a));
    if (stat(a->upload, &st) != 0) st.st_size = 0;
    if (cli_common_options.json) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "upload", a->upload);
        cJSON_AddNumberToObject(o, "bytes", (double)st.st_size);
        cJSON_AddNumberToObject(o, "ciphertexts_uploaded",
                                (double)count_inputs(a, job));
        if (a->part != BF_UPLOAD_LABELS)
            cJSON_AddStringToObject(o, "transform", path);
        return cli_json(o);
    }
    cli_row("upload", "%s: %zu ciphertexts, %s, for the server", a->upload,
            count_inputs(a, job), cli_size((double)st.st_size).s);
    if (a->part != BF_UPLOAD_LABELS)
        cli_row("transform", "%s: stays here, wanted by decrypt", path);
    return BF_OK;
}

/* What the key opens would be lost with it. */
static bf_status check_outputs(const encrypt_args *a, const char *job,
                               const char *train)
{
    char path[PATH_MAX];
    BF_TRY(transform_path(path, a));
    BF_TRY(bf_refuse_pipe(a->upload));
    BF_TRY(cli_check_output(a->upload,
                            CLI_FILES(a->key, job, train, a->labels, a->fitted,
                                      path)));
    if (a->part == BF_UPLOAD_LABELS) return BF_OK;
    BF_TRY(cli_check_output(path, CLI_FILES(a->key, job, train, a->labels)));
    BF_TRY(check_free(path));
    return cli_check_class_names(path, CLI_FILES(a->key, job, train, a->labels,
                                                 a->upload, a->fitted));
}

/* decrypt names the classes by what lies beside the transform: labels of other
 * rows follow that. */
static bf_status match_fitted(bf_dataset *data, const encrypt_args *a,
                              const char *train)
{
    char **names;
    size_t count;
    BF_TRY(bf_class_names_beside(&names, &count, a->fitted));
    if (!names) return BF_OK;
    bf_status s =
        bf_dataset_match(data, (const char *const *)names, (unsigned)count);
    bf_class_names_free(names, count);
    return s == BF_OK ? s : bf_fail_in(s, "%s", a->labels ? a->labels : train);
}

static bf_status choose_part(encrypt_args *a)
{
    if (!a->only)
        a->part = BF_UPLOAD_ALL;
    else if (strcmp(a->only, "rows") == 0)
        a->part = BF_UPLOAD_ROWS;
    else if (strcmp(a->only, "labels") == 0)
        a->part = BF_UPLOAD_LABELS;
    else
        return bf_fail(BF_ERR_ARGUMENT, "--only: \"%s\" is neither rows nor "
                       "labels", a->only);
    return BF_OK;
}

static bf_status run(const cli_command *self, int argc, char **argv)
{
    encrypt_args a = {0};
    const char *operands[CLI_OPERANDS_MAX];
    const cli_option options[] = {
        {"key", 0, CLI_TEXT, &a.key, "FILE", "secret key of the job"},
        {"labels", 'l', CLI_TEXT, &a.labels, "FILE",
         "labels, where TRAIN has none"},
        {"rows", 0, CLI_ROWS, &a.rows, "A:B",
         "rows to train on, from 1 (default all)"},
        {"output", 'o', CLI_TEXT, &a.upload, "FILE", "upload to write"},
        {"transform", 0, CLI_TEXT, &a.transform, "FILE",
         "transform to write (default: beside the key)"},
        {"only", 0, CLI_TEXT, &a.only, "PART",
         "rows or labels, for uploads apart (default both in one)"},
        {"fitted", 0, CLI_TEXT, &a.fitted, "FILE",
         "use this transform instead of fitting one"},
        {0},
    };
    bf_job job;
    bf_dataset data = {0};
    uint8_t id[BF_HASH_BYTES];
    cli_hold_secrets();
    BF_TRY(cli_parse(self, options, argc, argv, 2, 2, operands));
    BF_TRY(cli_need(a.key, "key"));
    BF_TRY(cli_need(a.upload, "output"));
    BF_TRY(choose_part(&a));
    if (a.part == BF_UPLOAD_LABELS) BF_TRY(cli_need(a.fitted, "fitted"));
    BF_TRY(bf_job_read(&job, operands[0], id));
    BF_TRY(check_outputs(&a, operands[0], operands[1]));
    BF_TRY(cli_load_training(&data, operands[1], a.labels, a.rows));
    bf_status s = a.fitted ? match_fitted(&data, &a, operands[1]) : BF_OK;
    if (s == BF_OK) s = cli_check_shapes(&job, &data, operands[1]);
    if (s == BF_OK) s = seal(&a, &job, id, &data, operands[1]);
    bf_dataset_clear(&data);
    return s == BF_OK ? report(&a, &job) : s;
}

const cli_command cli_encrypt = {
    .name = "encrypt",
    .summary = "whiten and encrypt training rows for the server",
    .synopsis = "JOB TRAIN --key FILE -o UPLOAD",
    .examples =
        "  # the label is the first column\n"
        "  blindfit encrypt job.json train.csv --key keys/secret.key \\\n"
        "      -o upload.bf\n"
        "  # features and labels apart\n"
        "  blindfit encrypt job.json x.npy --labels y.npy \\\n"
        "      --key keys/secret.key -o upload.bf\n"
        "  # rows once, and labels of a job over the same rows\n"
        "  blindfit encrypt job.json x.npy --labels y.npy --only rows \\\n"
        "      --key keys/secret.key -o rows.bf\n"
        "  blindfit encrypt job.json x.npy --labels y.npy --only labels \\\n"
        "      --key keys/secret.key --fitted keys/transform.bf -o labels.bf\n",
    .run = run,
};
