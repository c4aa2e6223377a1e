/* remote push and pull */
#include "remote/session.h"
#include "remote/transfer.h"

/* ---- push ---------------------------------------------------------------- */

static bf_status report_push(const remote_folder *f, uint64_t bytes)
{
    if (cli_common_options.json) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "url", f->url);
        cJSON_AddStringToObject(o, "job", f->name);
        cJSON_AddNumberToObject(o, "bytes_sent", (double)bytes);
        return cli_json(o);
    }
    cli_row("job", "'%s' at %s", f->name, f->url);
    cli_row("sent", "%s", bf_text_size((double)bytes).s);
    return BF_OK;
}

static bf_status push(remote_session *s, const char *path, const char *name)
{
    remote_folder f;
    uint64_t bytes = 0;
    BF_TRY(remote_folder_open(&f, path));
    bf_status r = remote_folder_name(&f, s->login.url, name);
    if (r == BF_OK) r = remote_push(s->http, &f, &bytes);
    if (r == BF_OK) r = report_push(&f, bytes);
    remote_folder_close(&f);
    return r;
}

static bf_status run_push(const cli_command *self, int argc, char **argv)
{
    const char *operands[CLI_OPERANDS_MAX], *name = NULL;
    const cli_option options[] = {
        {"name", 0, CLI_TEXT, &name, "JOB",
         "name of the job at the server (default: the folder's)"},
        {"", 0, CLI_TABLE, (void *)remote_transfer_options, NULL, NULL},
        {0},
    };
    remote_session s;
    cli_hold_secrets();
    BF_TRY(cli_parse(self, options, argc, argv, 1, 1, operands));
    BF_TRY(remote_session_open(&s));
    bf_status r = push(&s, operands[0], name);
    remote_session_close(&s);
    return r;
}

const cli_command cli_remote_push = {
    .name = "remote push",
    .summary = "send a job's files to the server, and submit it",
    .synopsis = "FOLDER [--name JOB]",
    .examples =
        "  # job.json, eval.keys (also in keys/) and upload.bf of a folder;\n"
        "  # the same command continues after a cut\n"
        "  blindfit remote push digits\n",
    .run = run_push,
};

/* ---- pull ---------------------------------------------------------------- */

static bf_status report_pull(const remote_folder *f, bool keep)
{
    char model[PATH_MAX];
    BF_TRY(remote_path(model, f->path, REMOTE_MODEL));
    if (cli_common_options.json) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "model", model);
        cJSON_AddStringToObject(o, "job", f->name);
        return cli_json(o);
    }
    cli_row("encrypted model", "%s: for decrypt", model);
    if (keep) cli_row("job", "'%s' is still at %s", f->name, f->url);
    return BF_OK;
}

static bf_status pull(remote_session *s, const char *path, bool wait, bool keep)
{
    remote_folder f;
    BF_TRY(remote_folder_open(&f, path));
    bf_status r = remote_opened_refuse(path);
    if (r == BF_OK) r = remote_folder_sent(&f, s->login.url);
    if (r == BF_OK && wait && !f.pulled) r = remote_job_wait(s->http, f.name);
    if (r == BF_OK) r = remote_pull(s->http, &f, keep);
    if (r == BF_OK) r = report_pull(&f, keep);
    remote_folder_close(&f);
    return r;
}

static bf_status run_pull(const cli_command *self, int argc, char **argv)
{
    const char *operands[CLI_OPERANDS_MAX];
    bool wait = false, keep = false;
    const cli_option options[] = {
        {"wait", 0, CLI_FLAG, &wait, NULL, "until the job is done"},
        {"keep", 0, CLI_FLAG, &keep, NULL,
         "leave the job at the server, for further jobs over its rows"},
        {"", 0, CLI_TABLE, (void *)remote_transfer_options, NULL, NULL},
        {0},
    };
    remote_session s;
    cli_hold_secrets();
    BF_TRY(cli_parse(self, options, argc, argv, 1, 1, operands));
    BF_TRY(remote_session_open(&s));
    bf_status r = pull(&s, operands[0], wait, keep);
    remote_session_close(&s);
    return r;
}

const cli_command cli_remote_pull = {
    .name = "remote pull",
    .summary = "fetch the encrypted model, and remove the job there",
    .synopsis = "FOLDER [--wait] [--keep]",
    .examples =
        "  blindfit remote pull digits --wait\n"
        "  blindfit decrypt digits/job.json digits/model.enc \\\n"
        "      --key digits/secret.key --transform digits/transform.bf \\\n"
        "      -o model.npy\n",
    .run = run_pull,
};
