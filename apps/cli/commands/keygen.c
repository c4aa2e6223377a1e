#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"

static bf_status path_in(char out[PATH_MAX], const char *dir, const char *name)
{
    int n = snprintf(out, PATH_MAX, "%s/%s", dir, name);
    if (n >= 0 && n < PATH_MAX) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT, "%s: the name is too long", dir);
}

#define JOBS_MAX CLI_TEXTS_MAX

/* Jobs whose keys the server has. */
typedef struct key_jobs {
    bf_job *job[JOBS_MAX];
    size_t count;
} key_jobs;

static bf_status read_jobs(key_jobs *out, const cli_texts *paths)
{
    for (size_t i = 0; i < paths->count; i++) {
        BF_TRY(bf_job_read(&out->job[i], paths->at[i]));
        out->count++;
    }
    return BF_OK;
}

typedef struct keygen_args {
    const char *secret; /* existing key; NULL: make a key */
    cli_texts beyond;
} keygen_args;

static bf_status make_keys(const keygen_args *a, const bf_job *job,
                           const char *secret, const char *keys)
{
    bf_owner *owner;
    key_jobs have = {.count = 0};
    if (!a->secret) {
        BF_TRY(bf_owner_create(&owner, job, &cli_env));
        bf_status s = bf_owner_save(owner, secret, keys, &cli_env);
        bf_owner_destroy(owner);
        return s;
    }
    bf_status s = read_jobs(&have, &a->beyond);
    if (s == BF_OK) s = bf_owner_open(&owner, job, a->secret, &cli_env);
    if (s == BF_OK) {
        s = bf_owner_save_more(owner, keys, (const bf_job *const *)have.job,
                               have.count, &cli_env);
        bf_owner_destroy(owner);
    }
    for (size_t i = 0; i < have.count; i++) bf_job_destroy(have.job[i]);
    return s;
}

/* secret NULL: the key existed. */
static bf_status report(const char *secret, const char *keys)
{
    struct stat st;
    if (stat(keys, &st) != 0) return bf_fail_errno(2, "%s", keys);
    if (cli_common_options.json) {
        cJSON *o = cJSON_CreateObject();
        if (secret) cJSON_AddStringToObject(o, "secret_key", secret);
        cJSON_AddStringToObject(o, "evaluation_keys", keys);
        cJSON_AddNumberToObject(o, "bytes", (double)st.st_size);
        return cli_json(o);
    }
    if (secret) cli_row("secret key", "%s: never leaves this machine", secret);
    cli_row("evaluation keys", "%s: %s, for the server", keys,
            bf_text_size((double)st.st_size).s);
    return BF_OK;
}

static bf_status run(const cli_command *self, int argc, char **argv)
{
    const char *dir = ".", *operands[CLI_OPERANDS_MAX];
    keygen_args a = {0};
    const cli_option options[] = {
        {"output", 'o', CLI_TEXT, &dir, "DIR",
         "folder for secret.key and eval.keys (default: .)"},
        {"key", 0, CLI_TEXT, &a.secret, "FILE",
         "use this secret key, and make only eval.keys"},
        {"beyond", 0, CLI_TEXTS, &a.beyond, "JOB0",
         "with --key: leave out keys that the server has for JOB0, a job over "
         "the same rows; may be repeated"},
        {0},
    };
    bf_job *job;
    char secret[PATH_MAX], keys[PATH_MAX];
    cli_hold_secrets();
    BF_TRY(cli_parse(self, options, argc, argv, 1, 1, operands));
    if (a.beyond.count) BF_TRY(cli_need(a.secret, "key"));
    BF_TRY(bf_job_read(&job, operands[0]));
    bool made = mkdir(dir, 0700) == 0;
    bf_status s = bf_make_dir(dir, 0700);
    if (s == BF_OK) s = path_in(secret, dir, "secret.key");
    if (s == BF_OK) s = path_in(keys, dir, "eval.keys");
    if (s == BF_OK) s = make_keys(&a, job, secret, keys);
    bf_job_destroy(job);
    /* An empty folder goes, unless another keygen is at work in it. */
    if (made && s != BF_OK && s != BF_ERR_ARGUMENT) rmdir(dir);
    return s == BF_OK ? report(a.secret ? NULL : secret, keys) : s;
}

const cli_command cli_keygen = {
    .name = "keygen",
    .summary = "make the secret key, and the server's evaluation keys",
    .synopsis = "JOB [--key FILE [--beyond JOB0]] [-o DIR]",
    .examples =
        "  # keys/secret.key stays here, keys/eval.keys goes to the server\n"
        "  blindfit keygen job.json -o keys\n"
        "  # only the keys that a further job over the same rows still needs\n"
        "  blindfit keygen job-2.json --key keys/secret.key \\\n"
        "      --beyond job.json -o keys-2\n",
    .run = run,
};
