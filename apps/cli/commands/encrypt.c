#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"

typedef struct encrypt_args {
    const char *key, *labels, *upload, *transform, *fitted;
    bf_rows rows;
    const char *only, *rehearse;
    bf_upload_part part; /* what `only` says */
    bf_rehearsal when;   /* what `rehearse` says */
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

static bf_status seal(const encrypt_args *a, const bf_owner *owner,
                      const bf_prepared *p, const bf_dataset *data)
{
    char path[PATH_MAX];
    BF_TRY(transform_path(path, a));
    const bf_encrypt_options o = {
        .part = a->part,
        .rehearse = a->when,
        .upload = a->upload,
        .transform = a->part == BF_UPLOAD_LABELS ? NULL : path,
        .class_names = (const char *const *)data->class_names};
    return bf_owner_encrypt(owner, p, data->labels, &o, &cli_env);
}

static bf_status encrypt(const encrypt_args *a, const bf_job *job,
                         const bf_dataset *data, const char *train)
{
    bf_owner *owner = NULL;
    bf_prepared p = {0};
    bf_view x = bf_view_of(&data->x);
    bf_status s = bf_prepare(&p, job, &x, a->fitted, &cli_env);
    if (s == BF_OK) cli_warn_dropped(p.transform);
    if (s == BF_OK) s = bf_owner_open(&owner, job, a->key, &cli_env);
    if (s == BF_OK) s = seal(a, owner, &p, data);
    if (s == BF_ERR_RANGE) s = bf_fail_in(s, "%s", train);
    bf_owner_destroy(owner);
    bf_prepared_clear(&p);
    return s;
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
                                (double)bf_upload_ciphertexts(job, a->part));
        if (a->part != BF_UPLOAD_LABELS)
            cJSON_AddStringToObject(o, "transform", path);
        return cli_json(o);
    }
    cli_row("upload", "%s: %zu ciphertexts, %s, for the server", a->upload,
            bf_upload_ciphertexts(job, a->part),
            cli_size((double)st.st_size).s);
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

static bf_status choose_rehearsal(encrypt_args *a)
{
    static const char *const words[] = {"auto", "yes", "no"};
    for (int i = 0; i < 3; i++)
        if (!a->rehearse || strcmp(a->rehearse, words[i]) == 0) {
            a->when = (bf_rehearsal)i;
            return BF_OK;
        }
    return bf_fail(BF_ERR_ARGUMENT, "--rehearse: '%s' is none of yes, no, auto",
                   a->rehearse);
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
        {"rehearse", 0, CLI_TEXT, &a.rehearse, "WHEN",
         "train in the clear first, to see that the bounds hold: yes, no or "
         "auto, while it is cheap (default)"},
        {"fitted", 0, CLI_TEXT, &a.fitted, "FILE",
         "use this transform instead of fitting one"},
        {0},
    };
    bf_job *job;
    bf_dataset data = {0};
    cli_hold_secrets();
    BF_TRY(cli_parse(self, options, argc, argv, 2, 2, operands));
    BF_TRY(cli_need(a.key, "key"));
    BF_TRY(cli_need(a.upload, "output"));
    BF_TRY(choose_part(&a));
    BF_TRY(choose_rehearsal(&a));
    if (a.part == BF_UPLOAD_LABELS) BF_TRY(cli_need(a.fitted, "fitted"));
    BF_TRY(bf_job_read(&job, operands[0]));
    bf_status s = check_outputs(&a, operands[0], operands[1]);
    if (s == BF_OK)
        s = cli_load_training(&data, operands[1], a.labels, a.rows);
    if (s == BF_OK && a.fitted) s = match_fitted(&data, &a, operands[1]);
    if (s == BF_OK) s = cli_check_shapes(job, &data, operands[1]);
    if (s == BF_OK) s = encrypt(&a, job, &data, operands[1]);
    bf_dataset_clear(&data);
    if (s == BF_OK) s = report(&a, job);
    bf_job_destroy(job);
    return s;
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
