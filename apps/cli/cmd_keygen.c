#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/lock.h"
#include "cli.h"
#include "train/owner/deal.h"

static bf_status path_in(char out[PATH_MAX], const char *dir, const char *name)
{
    int n = snprintf(out, PATH_MAX, "%s/%s", dir, name);
    if (n >= 0 && n < PATH_MAX) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT, "%s: the name is too long", dir);
}

static bf_status check_free(const char *path, const char *why)
{
    if (access(path, F_OK) != 0) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT,
                   "%s: is there already; %s, so remove it yourself or choose "
                   "another folder",
                   path, why);
}

/* One at a time in a folder: two would each find it free. Until the program
 * ends. */
static bf_status lock(const char *dir)
{
    int held;
    if (bf_lock_take(&held, dir, false)) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT, "%s: another keygen is at work in it", dir);
}

static bf_status make_keys(const bf_job *job, const uint8_t *id,
                           const char *dir, const char *secret,
                           const char *keys)
{
    BF_TRY(lock(dir));
    BF_TRY(check_free(secret, "what it opens would be lost"));
    BF_TRY(check_free(keys, "uploads under its key would be of no use"));
    return bf_deal_keygen(job, id, secret, keys, &cli_env);
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
    bf_job job;
    uint8_t id[BF_HASH_BYTES];
    char secret[PATH_MAX], keys[PATH_MAX];
    cli_hold_secrets();
    BF_TRY(cli_parse(self, options, argc, argv, 1, 1, operands));
    umask(077);
    BF_TRY(bf_job_read(&job, operands[0], id));
    BF_TRY(bf_make_dir(dir, 0700));
    BF_TRY(path_in(secret, dir, "secret.key"));
    BF_TRY(path_in(keys, dir, "eval.keys"));
    BF_TRY(make_keys(&job, id, dir, secret, keys));
    return report(secret, keys);
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
