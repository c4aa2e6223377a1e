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

static bf_status make_keys(const bf_job *job, const char *secret,
                           const char *keys)
{
    bf_owner *owner;
    BF_TRY(bf_owner_create(&owner, job, &cli_env));
    bf_status s = bf_owner_save(owner, secret, keys, &cli_env);
    bf_owner_destroy(owner);
    return s;
}

static bf_status report(const char *secret, const char *keys)
{
    struct stat st;
    if (stat(keys, &st) != 0) return bf_fail_errno(2, "%s", keys);
    if (cli_common_options.json) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "secret_key", secret);
        cJSON_AddStringToObject(o, "evaluation_keys", keys);
        cJSON_AddNumberToObject(o, "bytes", (double)st.st_size);
        return cli_json(o);
    }
    cli_row("secret key", "%s: never leaves this machine", secret);
    cli_row("evaluation keys", "%s: %s, for the server", keys,
            cli_size((double)st.st_size).s);
    return BF_OK;
}

static bf_status run(const cli_command *self, int argc, char **argv)
{
    const char *dir = ".", *operands[CLI_OPERANDS_MAX];
    const cli_option options[] = {
        {"output", 'o', CLI_TEXT, &dir, "DIR",
         "folder for secret.key and eval.keys (default .)"},
        {0},
    };
    bf_job *job;
    char secret[PATH_MAX], keys[PATH_MAX];
    cli_hold_secrets();
    BF_TRY(cli_parse(self, options, argc, argv, 1, 1, operands));
    umask(077);
    BF_TRY(bf_job_read(&job, operands[0]));
    bf_status s = bf_make_dir(dir, 0700);
    if (s == BF_OK) s = path_in(secret, dir, "secret.key");
    if (s == BF_OK) s = path_in(keys, dir, "eval.keys");
    if (s == BF_OK) s = make_keys(job, secret, keys);
    bf_job_destroy(job);
    return s == BF_OK ? report(secret, keys) : s;
}

const cli_command cli_keygen = {
    .name = "keygen",
    .summary = "make the secret key, and the server's evaluation keys",
    .synopsis = "JOB [-o DIR]",
    .examples =
        "  # keys/secret.key stays here, keys/eval.keys goes to the server\n"
        "  blindfit keygen job.json -o keys\n",
    .run = run,
};
