/* remote login, status and cancel; the group. */
#include <string.h>
#include <sys/stat.h>

#include "remote/job.h"
#include "remote/members.h"
#include "remote/session.h"

/* ---- login --------------------------------------------------------------- */

static void print_quota(const cJSON *list)
{
    double quota = remote_number(list, "quota_bytes");
    double used = remote_number(list, "used_bytes");
    if (quota >= 0 && used >= 0)
        cli_row("quota", "%s of %s used", bf_text_size(used).s,
                bf_text_size(quota).s);
}

/* A login is kept once the server has accepted it. */
static bf_status try_login(cJSON **list, const remote_login *l)
{
    remote_http *h;
    BF_TRY(remote_http_open(&h, l, &(remote_options){0}));
    bf_status s = remote_jobs(list, h);
    remote_http_close(h);
    return s == BF_OK ? remote_login_write(l) : s;
}

static bf_status report_login(const remote_login *l, const cJSON *list)
{
    const char *owner = remote_text(list, "owner");
    if (cli_common_options.json) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "url", l->url);
        cJSON_AddStringToObject(o, "owner", owner);
        return cli_json(o);
    }
    cli_row("server", "%s", l->url);
    cli_row("owner", "%s", owner);
    print_quota(list);
    return BF_OK;
}

#define CA_MAX ((size_t)1 << 19)

static bf_status read_ca(char **out, const char *path)
{
    uint8_t *text;
    size_t bytes;
    BF_TRY(bf_read_file(path, CA_MAX, &text, &bytes));
    bool pem = strstr((const char *)text, "-----BEGIN CERTIFICATE-----");
    *out = pem ? strdup((const char *)text) : NULL;
    bf_free(text);
    if (*out) return BF_OK;
    return bf_fail(BF_ERR_FORMAT, "%s: holds no certificate (PEM)", path);
}

static bf_status run_login(const cli_command *self, int argc, char **argv)
{
    const char *operands[CLI_OPERANDS_MAX], *token = NULL, *ca = NULL;
    const cli_option options[] = {
        {"token", 0, CLI_TEXT, &token, "FILE",
         "file with the token (default: standard input)"},
        {"ca", 0, CLI_TEXT, &ca, "FILE",
         "trust the authorities of this file (PEM), and no others (default: "
         "those of the system)"},
        {0},
    };
    remote_login l = {0};
    cJSON *list = NULL;
    cli_hold_secrets();
    BF_TRY(cli_parse(self, options, argc, argv, 1, 1, operands));
    bf_status s = remote_url_read(&l.url, operands[0]);
    if (s == BF_OK && ca) s = read_ca(&l.ca, ca);
    if (s == BF_OK) s = remote_token_read(&l.token, token);
    if (s == BF_OK) s = try_login(&list, &l);
    if (s == BF_OK) s = report_login(&l, list);
    cJSON_Delete(list);
    remote_login_clear(&l);
    return s;
}

static const cli_command cli_remote_login = {
    .name = "remote login",
    .summary = "name the server, and the token that it gave",
    .synopsis = "URL [--token FILE]",
    .examples = "  blindfit remote login https://server.example --token token\n"
                "  # from another program\n"
                "  pass blindfit | blindfit remote login "
                "https://server.example\n",
    .run = run_login,
};

/* ---- names --------------------------------------------------------------- */

/* An operand is a folder whose job was pushed, or the name of a job. */
typedef struct target {
    remote_folder folder; /* path NULL: a name alone */
    const char *name;
} target;

static bf_status find_target(target *out, const char *operand, const char *url)
{
    struct stat st;
    *out = (target){.folder.lock = -1, .name = operand};
    if (stat(operand, &st) == 0 && S_ISDIR(st.st_mode)) {
        BF_TRY(remote_folder_open(&out->folder, operand));
        bf_status s = remote_folder_sent(&out->folder, url);
        out->name = out->folder.name;
        if (s != BF_OK) remote_folder_close(&out->folder);
        return s;
    }
    if (spool_job_valid(operand)) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT, "%s: neither a folder nor a name of a job",
                   operand);
}

/* ---- status -------------------------------------------------------------- */

static void print_job(const cJSON *status)
{
    char line[512];
    remote_status_line(line, sizeof line, status);
    cli_row(remote_text(status, "job"), "%s", line);
}

static bf_status show_all(remote_session *s)
{
    cJSON *list;
    const cJSON *job;
    BF_TRY(remote_jobs(&list, s->http));
    if (cli_common_options.json) return cli_json(list);
    cli_row("server", "%s, as %s", s->login.url, remote_text(list, "owner"));
    print_quota(list);
    cJSON_ArrayForEach(job, cJSON_GetObjectItemCaseSensitive(list, "jobs"))
        print_job(job);
    cJSON_Delete(list);
    return BF_OK;
}

static void print_details(const cJSON *status)
{
    const cJSON *quote = cJSON_GetObjectItemCaseSensitive(status, "quote");
    double seconds = remote_number(quote, "seconds");
    double memory = remote_number(quote, "memory_bytes");
    print_job(status);
    if (seconds >= 0) cli_row("time of training", "about %s",
                              bf_text_time(seconds).s);
    if (memory > 0) cli_row("memory", "%s", bf_text_size(memory).s);
}

static bf_status show_one(remote_session *s, const char *operand)
{
    target t;
    cJSON *status;
    BF_TRY(find_target(&t, operand, s->login.url));
    bf_status r = remote_job_status(&status, s->http, t.name);
    if (r == BF_OK && !status) r = remote_job_verdict(NULL, t.name);
    remote_folder_close(&t.folder);
    BF_TRY(r);
    if (cli_common_options.json) return cli_json(status);
    print_details(status);
    cJSON_Delete(status);
    return BF_OK;
}

static bf_status run_status(const cli_command *self, int argc, char **argv)
{
    const char *operands[CLI_OPERANDS_MAX];
    const cli_option options[] = {
        {"", 0, CLI_TABLE, (void *)remote_transfer_options, NULL, NULL},
        {0},
    };
    remote_session s;
    cli_hold_secrets();
    BF_TRY(cli_parse(self, options, argc, argv, 0, 1, operands));
    BF_TRY(remote_session_open(&s));
    bf_status r = operands[0] ? show_one(&s, operands[0]) : show_all(&s);
    remote_session_close(&s);
    return r;
}

static const cli_command cli_remote_status = {
    .name = "remote status",
    .summary = "show the jobs at the server, or one of them",
    .synopsis = "[FOLDER | JOB]",
    .examples = "  blindfit remote status\n"
                "  blindfit remote status digits --json\n",
    .run = run_status,
};

/* ---- cancel -------------------------------------------------------------- */

static bf_status cancel(remote_session *s, target *t)
{
    cJSON *status;
    BF_TRY(remote_job_status(&status, s->http, t->name));
    bf_status r = status ? BF_OK : remote_job_verdict(NULL, t->name);
    cJSON_Delete(status);
    BF_TRY(r);
    BF_TRY(remote_job_delete(s->http, t->name));
    if (!t->folder.path) return BF_OK;
    t->folder.submitted = false;
    return remote_folder_save(&t->folder);
}

/* The session of a file, at the server. */
static bf_status cancel_session(remote_session *s, const char *path)
{
    char url[REMOTE_SESSION_BYTES];
    bf_session *session;
    remote_answer a = {0};
    BF_TRY(bf_session_read(&session, path));
    remote_session_url(url, session);
    bf_session_destroy(session);
    const remote_request r = {.method = "DELETE", .path = url};
    bf_status status = remote_http_ask(s->http, &r, &a, 0);
    remote_answer_clear(&a);
    return status;
}

static bool is_session(const char *operand)
{
    struct stat st;
    return !spool_job_valid(operand) && stat(operand, &st) == 0 &&
           S_ISREG(st.st_mode);
}

static bf_status report_cancel(const char *what, const char *name,
                               const remote_session *s)
{
    if (cli_common_options.json) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "removed", name);
        return cli_json(o);
    }
    cli_row("removed", "%s '%s' and its files at %s", what, name,
            s->login.url);
    return BF_OK;
}

static bf_status cancel_job(remote_session *s, const char *operand)
{
    target t;
    BF_TRY(find_target(&t, operand, s->login.url));
    bf_status r = cancel(s, &t);
    if (r == BF_OK) r = report_cancel("job", t.name, s);
    remote_folder_close(&t.folder);
    return r;
}

static bf_status run_cancel(const cli_command *self, int argc, char **argv)
{
    const char *operands[CLI_OPERANDS_MAX];
    const cli_option options[] = {
        {"", 0, CLI_TABLE, (void *)remote_transfer_options, NULL, NULL},
        {0},
    };
    remote_session s;
    bf_status r;
    cli_hold_secrets();
    BF_TRY(cli_parse(self, options, argc, argv, 1, 1, operands));
    BF_TRY(remote_session_open(&s));
    if (is_session(operands[0])) {
        r = cancel_session(&s, operands[0]);
        if (r == BF_OK) r = report_cancel("session", operands[0], &s);
    } else {
        r = cancel_job(&s, operands[0]);
    }
    remote_session_close(&s);
    return r;
}

static const cli_command cli_remote_cancel = {
    .name = "remote cancel",
    .summary = "remove a job or a session, and its files, at the server",
    .synopsis = "FOLDER | JOB | SESSION.bf",
    .examples =
        "  blindfit remote cancel digits\n"
        "  # one that began with other --members; boxes stay as they are\n"
        "  blindfit remote cancel session.bf\n",
    .run = run_cancel,
};

/* ---- all of them --------------------------------------------------------- */

static const cli_command *const commands[] = {
    &cli_remote_login, &cli_remote_fit,    &cli_remote_push, &cli_remote_status,
    &cli_remote_pull,  &cli_remote_cancel, &cli_remote_sync, NULL};

static bf_status run(const cli_command *self, int argc, char **argv)
{
    const char *operands[CLI_OPERANDS_MAX];
    const cli_option none[] = {{0}};
    for (size_t i = 0; argc > 1 && commands[i]; i++)
        if (strcmp(argv[1], commands[i]->name + strlen("remote ")) == 0)
            return commands[i]->run(commands[i], argc - 1, argv + 1);
    BF_TRY(cli_parse(self, none, argc, argv, 0, 0, operands));
    return bf_fail(BF_ERR_ARGUMENT,
                   "remote needs login, fit, push, status, pull, cancel or "
                   "sync (see %s remote --help)", cli_program());
}

const cli_command cli_remote = {
    .name = "remote",
    .summary = "train at a server that one can rent",
    .synopsis = "login | fit | push | status | pull | cancel | sync ...",
    .examples =
        "  blindfit remote login https://server.example --token token\n"
        "  blindfit remote fit train.csv --job digits -o model.npy\n"
        "  # each with --help of its own; docs/server.md has the whole story\n",
    .run = run,
    .commands = commands,
};
