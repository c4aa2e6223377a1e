#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"

typedef struct encrypt_args {
    const char *key, *upload, *transform, *fitted;
    cli_texts labels; /* one for each column */
    bf_rows rows;
    const char *only;
    cli_when rehearse;
    bf_upload_part part; /* the value of `only` */
    size_t given_parts;
    unsigned parts; /* files; 0: one */
} encrypt_args;

static const bf_rehearsal rehearsals[] = {[CLI_AUTO] = BF_REHEARSE_CHEAP,
                                          [CLI_YES] = BF_REHEARSE_ALWAYS,
                                          [CLI_NO] = BF_REHEARSE_NEVER};

/* True if the run writes a transform. Labels alone belong to the transform of
 * their rows, or to a copy of it. */
static bool has_transform(const encrypt_args *a)
{
    return a->part != BF_UPLOAD_LABELS || a->transform;
}

/* The default is beside the secret key. */
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

/* Of the upload, or of its part i. */
static bf_status upload_path(char out[PATH_MAX], const encrypt_args *a,
                             unsigned i)
{
    if (a->parts) return bf_upload_part_path(out, PATH_MAX, a->upload, i);
    int n = snprintf(out, PATH_MAX, "%s", a->upload);
    if (n >= 0 && n < PATH_MAX) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT, "%s: the name is too long", a->upload);
}

static unsigned files_of(const encrypt_args *a)
{
    return a->parts ? a->parts : 1;
}

/* Nothing can lie in a pipe. */
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
                      const bf_prepared *p, const cli_training *t)
{
    char path[PATH_MAX];
    BF_TRY(transform_path(path, a));
    const bf_encrypt_options o = {.part = a->part,
                                  .rehearse = rehearsals[a->rehearse],
                                  .upload = a->upload,
                                  .parts = a->parts,
                                  .transform = has_transform(a) ? path : NULL,
                                  .class_names = cli_training_names(t)};
    return bf_owner_encrypt(owner, p, t->labels, &o, &cli_env);
}

static bf_status encrypt(const encrypt_args *a, const bf_job *job,
                         const cli_training *t, const char *train)
{
    bf_owner *owner = NULL;
    bf_prepared p = {0};
    bf_view x = bf_view_of(&t->column[0].x);
    bf_status s = bf_prepare(&p, job, &x, a->fitted, &cli_env);
    if (s == BF_OK) cli_warn_dropped(p.transform);
    if (s == BF_OK) s = bf_owner_open(&owner, job, a->key, &cli_env);
    if (s == BF_OK) s = seal(a, owner, &p, t);
    if (s == BF_ERR_RANGE) s = bf_fail_in(s, "%s", train);
    bf_owner_destroy(owner);
    bf_prepared_clear(&p);
    return s;
}

static bf_status upload_bytes(double *bytes, const encrypt_args *a)
{
    struct stat st;
    char path[PATH_MAX];
    *bytes = 0;
    for (unsigned i = 0; i < files_of(a); i++) {
        BF_TRY(upload_path(path, a, i));
        if (stat(path, &st) == 0) *bytes += (double)st.st_size;
    }
    return BF_OK;
}

static void show_upload(const encrypt_args *a, size_t count, double bytes)
{
    const char *ending = count == 1 ? "" : "s";
    if (a->parts > 1)
        cli_row("upload",
                "%s.0 to .%u: %zu ciphertext%s, %s, a file for each "
                "rank of the server",
                a->upload, a->parts - 1, count, ending, bf_text_size(bytes).s);
    else
        cli_row("upload", "%s%s: %zu ciphertext%s, %s, for the server",
                a->upload, a->parts ? ".0" : "", count, ending,
                bf_text_size(bytes).s);
}

static bf_status report(const encrypt_args *a, const bf_job *job)
{
    char path[PATH_MAX];
    double bytes;
    BF_TRY(transform_path(path, a));
    BF_TRY(upload_bytes(&bytes, a));
    if (cli_common_options.json) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "upload", a->upload);
        if (a->parts) cJSON_AddNumberToObject(o, "parts", a->parts);
        cJSON_AddNumberToObject(o, "bytes", bytes);
        cJSON_AddNumberToObject(o, "ciphertexts_uploaded",
                                (double)bf_upload_ciphertexts(job, a->part));
        if (has_transform(a)) cJSON_AddStringToObject(o, "transform", path);
        return cli_json(o);
    }
    show_upload(a, bf_upload_ciphertexts(job, a->part), bytes);
    if (has_transform(a))
        cli_row("transform", "%s: stays here, needed by decrypt", path);
    return BF_OK;
}

/* Outputs must not replace inputs, in particular the key: ciphertexts could no
 * longer be decrypted. */
static bf_status check_upload(const encrypt_args *a, const char *job,
                              const char *train, const char *transform)
{
    char path[PATH_MAX];
    for (unsigned i = 0; i < files_of(a); i++) {
        BF_TRY(upload_path(path, a, i));
        BF_TRY(bf_refuse_pipe(path));
        BF_TRY(bf_outfile_check(
            path, CLI_FILES(a->key, job, train, a->fitted, transform)));
        BF_TRY(bf_outfile_check(path, a->labels.at, a->labels.count));
        BF_TRY(cli_check_beside(path, a->labels.at, a->labels.count));
        BF_TRY(cli_check_beside(path, CLI_FILES(a->fitted)));
    }
    return BF_OK;
}

static bf_status check_outputs(const encrypt_args *a, const char *job,
                               const char *train)
{
    char path[PATH_MAX];
    BF_TRY(transform_path(path, a));
    BF_TRY(check_upload(a, job, train, path));
    if (!has_transform(a)) return BF_OK;
    BF_TRY(bf_outfile_check(path, CLI_FILES(a->key, job, train)));
    BF_TRY(bf_outfile_check(path, a->labels.at, a->labels.count));
    BF_TRY(check_free(path));
    return cli_check_class_names(
        path,
        CLI_FILES(a->key, job, train, a->labels.at[0], a->upload, a->fitted));
}

/* The class names beside the fitted transform, in which all columns of labels
 * have `classes`. */
typedef struct fitted_names {
    char **at;
    size_t count, classes;
} fitted_names;

static bf_status read_names(fitted_names *out, const encrypt_args *a,
                            const bf_job *job)
{
    const bf_label_columns labels = bf_job_shape_of(job).labels;
    *out = (fitted_names){0};
    for (unsigned i = 0; i < labels.count; i++)
        out->classes += labels.classes[i];
    if (!a->fitted || (a->part == BF_UPLOAD_LABELS && a->transform))
        return BF_OK; /* not needed */
    return bf_class_names_beside(&out->at, &out->count, a->fitted);
}

/* True if decrypt takes class names from the file beside the fitted transform:
 * labels alone have no other. */
static bool names_are_fitted(const encrypt_args *a)
{
    return a->part == BF_UPLOAD_LABELS && !a->transform;
}

#define WAY_OUT                                                                \
    "; --transform OTHER writes a copy of %s with the names of these labels"

/* Labels must match the names, if these are as many as the job has classes. */
static bf_status match_fitted(cli_training *t, const fitted_names *n,
                              const encrypt_args *a, const char *file)
{
    if (!n->at || t->columns > 1 || n->count != n->classes) return BF_OK;
    bf_status s = bf_dataset_match(&t->column[0], (const char *const *)n->at,
                                   (unsigned)n->count);
    if (s == BF_OK) return s;
    if (!names_are_fitted(a) || !t->column[0].class_names)
        return bf_fail_in(s, "%s", file);
    return bf_fail(s, "%s: %s" WAY_OUT, file, bf_last_error(), a->fitted);
}

static bool same_names(const fitted_names *n, const char *const *names)
{
    for (size_t i = 0; i < n->count; i++)
        if (strcmp(n->at[i], names[i]) != 0) return false;
    return true;
}

static const char *list_names(char *buf, size_t size, const fitted_names *n)
{
    size_t used = 0;
    for (size_t i = 0; i < n->count && used < size; i++)
        used += (size_t)snprintf(buf + used, size - used, "%s%s", i ? ", " : "",
                                 n->at[i]);
    if (used >= size) strcpy(buf + size - 4, "...");
    return buf;
}

/* Says which class names the model will have, if not those of the labels. */
static bf_status tell_names(const cli_training *t, const fitted_names *n,
                            const encrypt_args *a, const char *file)
{
    char list[128];
    const char *const *own = cli_training_names(t);
    bool fit = n->at && n->count == n->classes;
    if (!names_are_fitted(a) || (own && fit && same_names(n, own)))
        return BF_OK;
    if (own && (fit || (n->at && t->columns == 1)))
        return bf_fail(BF_ERR_MISMATCH,
                       "%s: class names other than those in %s.json" WAY_OUT,
                       file, a->fitted, a->fitted);
    if (own)
        cli_note("%s: %s: the class names are not kept" WAY_OUT, cli_program(),
                 file, a->fitted);
    else if (fit)
        cli_note("%s: %s: no class names, so the model gets those in %s.json: "
                 "%s; --transform OTHER writes a copy of %s without names",
                 cli_program(), file, a->fitted,
                 list_names(list, sizeof list, n), a->fitted);
    else if (n->at)
        cli_note("%s: %s.json: names of %zu classes, the job has %zu: the "
                 "model gets none",
                 cli_program(), a->fitted, n->count, n->classes);
    return BF_OK;
}

static bf_status load(cli_training *t, const encrypt_args *a, const bf_job *job,
                      const char *train)
{
    const char *file = a->labels.count ? a->labels.at[0] : train;
    fitted_names n;
    BF_TRY(read_names(&n, a, job));
    bf_status s = cli_training_load(t, job, train, &a->labels, a->rows);
    if (s == BF_OK) s = match_fitted(t, &n, a, file);
    if (s == BF_OK) s = cli_training_join(t, job, train, &a->labels);
    if (s == BF_OK) s = tell_names(t, &n, a, file);
    bf_class_names_free(n.at, n.count);
    return s;
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
        {"labels", 'l', CLI_TEXTS, &a.labels, "FILE",
         "labels, if TRAIN has none; repeat for each column of labels"},
        {"rows", 0, CLI_ROWS, &a.rows, "A:B",
         "rows to train on, from 1 (default: all)"},
        {"output", 'o', CLI_TEXT, &a.upload, "FILE", "upload to write"},
        {"transform", 0, CLI_TEXT, &a.transform, "FILE",
         "transform to write (default: beside the key)"},
        {"only", 0, CLI_TEXT, &a.only, "PART",
         "encrypt only rows or only labels (default: both)"},
        {"parts", 0, CLI_COUNT, &a.given_parts, "R",
         "write a file for each of R ranks, UPLOAD.0, UPLOAD.1.. (default: one "
         "file for all)"},
        {"rehearse", 0, CLI_WHEN, &a.rehearse, "WHEN",
         "train in plaintext first, to check the bounds: yes, no, or auto, "
         "if cheap (default)"},
        {"fitted", 0, CLI_TEXT, &a.fitted, "FILE",
         "use this transform instead of fitting one"},
        {0},
    };
    bf_job *job;
    cli_training t = {0};
    cli_hold_secrets();
    BF_TRY(cli_parse(self, options, argc, argv, 2, 2, operands));
    BF_TRY(cli_need(a.key, "key"));
    BF_TRY(cli_need(a.upload, "output"));
    BF_TRY(choose_part(&a));
    BF_TRY(cli_parts(&a.parts, a.given_parts));
    if (a.part == BF_UPLOAD_LABELS) BF_TRY(cli_need(a.fitted, "fitted"));
    BF_TRY(bf_job_read(&job, operands[0]));
    bf_status s = check_outputs(&a, operands[0], operands[1]);
    if (s == BF_OK) s = load(&t, &a, job, operands[1]);
    if (s == BF_OK) s = encrypt(&a, job, &t, operands[1]);
    cli_training_clear(&t);
    if (s == BF_OK) s = report(&a, job);
    bf_job_destroy(job);
    return s;
}

const cli_command cli_encrypt = {
    .name = "encrypt",
    .summary = "whiten and encrypt training rows for the server",
    .synopsis = "JOB TRAIN --key FILE -o UPLOAD",
    .examples =
        "  # labels in the first column\n"
        "  blindfit encrypt job.json train.csv --key keys/secret.key \\\n"
        "      -o upload.bf\n"
        "  # features and labels in separate files\n"
        "  blindfit encrypt job.json x.npy --labels y.npy \\\n"
        "      --key keys/secret.key -o upload.bf\n"
        "  # rows and labels in separate uploads\n"
        "  blindfit encrypt job.json x.npy --labels y.npy --only rows \\\n"
        "      --key keys/secret.key -o rows.bf\n"
        "  blindfit encrypt job.json x.npy --labels y.npy --only labels \\\n"
        "      --key keys/secret.key --fitted keys/transform.bf -o labels.bf\n"
        "  # a file for each of four machines: upload.bf.0 to upload.bf.3\n"
        "  blindfit encrypt job.json x.npy --labels y.npy --parts 4 \\\n"
        "      --key keys/secret.key -o upload.bf\n",
    .run = run,
};
