/* party id, new, show and step: the commands of one of several owners. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "blindfit/party.h"
#include "cli.h"

static void print_fingerprint(const bf_session *s)
{
    char text[BF_FINGERPRINT_BYTES];
    bf_session_fingerprint(text, s);
    cli_row("fingerprint", "%s", text);
}

/* ---- id ------------------------------------------------------------------ */

/* The file's name without folder and extension, and the path of its public
 * half. */
static bf_status names_of(char name[BF_OWNER_NAME_BYTES],
                          char publics[PATH_MAX], const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    int n = (int)(dot && dot != base ? dot - base : (long)strlen(base));
    int whole = snprintf(publics, PATH_MAX, "%.*s%.*s.pub", (int)(base - path),
                         path, n, base);
    if (whole < 0 || whole >= PATH_MAX)
        return bf_fail(BF_ERR_ARGUMENT, "%s: the name is too long", path);
    if (strcmp(publics, path) == 0)
        return bf_fail(BF_ERR_ARGUMENT, "%s: is what the public half would be "
                       "called", path);
    snprintf(name, BF_OWNER_NAME_BYTES, "%.*s", n, base);
    return BF_OK;
}

static bf_status run_id(const cli_command *self, int argc, char **argv)
{
    const char *operands[CLI_OPERANDS_MAX], *path = NULL, *wanted = NULL;
    char name[BF_OWNER_NAME_BYTES], publics[PATH_MAX];
    const cli_option options[] = {
        {"output", 'o', CLI_TEXT, &path, "FILE",
         "secret identity to write; NAME.pub beside it is for the others"},
        {"name", 0, CLI_TEXT, &wanted, "NAME",
         "name that others see (default: from the file's name)"},
        {0},
    };
    cli_hold_secrets();
    BF_TRY(cli_parse(self, options, argc, argv, 0, 0, operands));
    BF_TRY(cli_need(path, "output"));
    BF_TRY(names_of(name, publics, path));
    BF_TRY(bf_identity_create(path, publics, wanted ? wanted : name));
    if (cli_common_options.json) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "identity", path);
        cJSON_AddStringToObject(o, "public", publics);
        return cli_json(o);
    }
    cli_row("identity", "%s: stays here", path);
    cli_row("public keys", "%s, to whoever makes the session", publics);
    return BF_OK;
}

static const cli_command cli_party_id = {
    .name = "party id",
    .summary = "make an identity for sessions",
    .synopsis = "-o FILE.id",
    .examples = "  blindfit party id -o me.id\n",
    .run = run_id,
};

/* ---- new ----------------------------------------------------------------- */

typedef struct new_args {
    cli_texts owners;
    const char *rows, *receivers, *output;
} new_args;

static bf_status read_rows(bf_session_owner *owners, unsigned count,
                           const char *text)
{
    for (unsigned i = 0; i < count; i++) {
        char *end;
        unsigned long long n = strtoull(text, &end, 10);
        if (*text < '0' || *text > '9' || end == text ||
            *end != (i + 1 < count ? ',' : 0))
            return bf_fail(BF_ERR_ARGUMENT,
                           "--rows: wanted are %u numbers with commas between",
                           count);
        owners[i].count = (size_t)n;
        text = end + 1;
    }
    return BF_OK;
}

static bf_status read_receivers(bf_session_owner *owners, unsigned count,
                                const char *text)
{
    for (unsigned i = 0; i < count; i++) owners[i].receives = !text;
    while (text && *text) {
        size_t n = strcspn(text, ",");
        unsigned i = 0;
        while (i < count && (strlen(owners[i].party.name) != n ||
                             memcmp(owners[i].party.name, text, n) != 0))
            i++;
        if (i == count)
            return bf_fail(BF_ERR_ARGUMENT, "--receivers: '%.*s' is no owner",
                           (int)n, text);
        owners[i].receives = true;
        text += n + (text[n] == ',');
    }
    return BF_OK;
}

static bf_status make_session(bf_session **out, const new_args *a,
                              const char *job_path)
{
    bf_session_owner owners[BF_OWNERS_MAX] = {{{{0}, {0}, {0}}, 0, 0, false}};
    unsigned count = (unsigned)a->owners.count;
    bf_job *job;
    if (count > BF_OWNERS_MAX)
        return bf_fail(BF_ERR_ARGUMENT, "--owner: at most %d", BF_OWNERS_MAX);
    for (unsigned i = 0; i < count; i++)
        BF_TRY(bf_party_read(&owners[i].party, a->owners.at[i]));
    BF_TRY(read_rows(owners, count, a->rows));
    BF_TRY(read_receivers(owners, count, a->receivers));
    BF_TRY(bf_job_read(&job, job_path));
    bf_status s = bf_session_create(out, job, owners, count);
    bf_job_destroy(job);
    return s;
}

static bf_status report_session(const bf_session *s, const char *path)
{
    if (cli_common_options.json) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "session", path);
        cli_json_hex(o, "id", bf_session_id(s), 32);
        return cli_json(o);
    }
    cli_row("session", "%s, to all owners and the server", path);
    print_fingerprint(s);
    for (unsigned i = 0; i < bf_session_owners(s); i++) {
        const bf_session_owner *o = bf_session_owner_at(s, i);
        cli_row(i ? "" : "owners", "%s: %s rows%s", o->party.name,
                cli_count((double)o->count).s,
                o->receives ? ", receives the model" : "");
    }
    return BF_OK;
}

static bf_status run_new(const cli_command *self, int argc, char **argv)
{
    const char *operands[CLI_OPERANDS_MAX];
    new_args a = {.rows = NULL};
    const cli_option options[] = {
        {"owner", 0, CLI_TEXTS, &a.owners, "FILE",
         "an owner's public keys; repeat for each owner, in order"},
        {"rows", 0, CLI_TEXT, &a.rows, "N,N..",
         "how many rows of the job each has, in the same order"},
        {"receivers", 0, CLI_TEXT, &a.receivers, "NAME,..",
         "owners who receive the model (default: all)"},
        {"output", 'o', CLI_TEXT, &a.output, "FILE", "session to write"},
        {0},
    };
    bf_session *session;
    BF_TRY(cli_parse(self, options, argc, argv, 1, 1, operands));
    BF_TRY(cli_need(a.owners.at[0], "owner"));
    BF_TRY(cli_need(a.rows, "rows"));
    BF_TRY(cli_need(a.output, "output"));
    BF_TRY(cli_check_output(a.output, CLI_FILES(operands[0])));
    BF_TRY(cli_check_output(a.output, a.owners.at, a.owners.count));
    BF_TRY(make_session(&session, &a, operands[0]));
    bf_status s = bf_session_check(session);
    if (s == BF_OK) s = bf_session_write(session, a.output);
    if (s == BF_OK) s = report_session(session, a.output);
    bf_session_destroy(session);
    return s;
}

static const cli_command cli_party_new = {
    .name = "party new",
    .summary = "make a session of several owners for a job",
    .synopsis = "JOB --owner FILE.. --rows N,N.. -o SESSION",
    .examples = "  blindfit plan --owners 2 --samples 60000 --features 400 "
                "--map none \\\n"
                "      -o job.json\n"
                "  blindfit party new job.json --owner a.pub --owner b.pub \\\n"
                "      --rows 30000,30000 -o session.bf\n",
    .run = run_new,
};

/* ---- show ---------------------------------------------------------------- */

static bf_status run_show(const cli_command *self, int argc, char **argv)
{
    const char *operands[CLI_OPERANDS_MAX];
    const cli_option none[] = {{0}};
    bf_session *session;
    BF_TRY(cli_parse(self, none, argc, argv, 1, 1, operands));
    BF_TRY(bf_session_read(&session, operands[0]));
    bf_status s = report_session(session, operands[0]);
    bf_session_destroy(session);
    return s;
}

static const cli_command cli_party_show = {
    .name = "party show",
    .summary = "show the owners and the fingerprint of a session",
    .synopsis = "SESSION",
    .examples = "  blindfit party show session.bf\n",
    .run = run_show,
};

/* ---- step ---------------------------------------------------------------- */

typedef struct step_args {
    bf_party_options o;
    const char *labels;
    bf_dataset data;
    bf_view x;
} step_args;

static bf_status load_data(step_args *a, const char *path)
{
    if (!path) return BF_OK;
    BF_TRY(cli_load_training(&a->data, path, a->labels, (bf_rows){0, 0}));
    a->x = bf_view_of(&a->data.x);
    a->o.x = &a->x;
    a->o.labels = a->data.labels;
    return BF_OK;
}

static bf_status report_step(const step_args *a, const bf_party_report *r)
{
    if (cli_common_options.json) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddNumberToObject(o, "owner", r->owner);
        cJSON_AddNumberToObject(o, "sent", r->sent);
        cJSON_AddBoolToObject(o, "done", r->done);
        if (r->opened) cJSON_AddStringToObject(o, "model", a->o.model);
        return cli_json(o);
    }
    if (r->opened) cli_row("model", "%s", a->o.model);
    cli_row("session", "done");
    return BF_OK;
}

static bf_status run_step(const cli_command *self, int argc, char **argv)
{
    const char *operands[CLI_OPERANDS_MAX];
    step_args a = {.labels = NULL};
    bf_party_report r;
    const cli_option options[] = {
        {"id", 0, CLI_TEXT, &a.o.identity, "FILE", "this owner's identity"},
        {"box", 0, CLI_TEXT, &a.o.box, "DIR",
         "this owner's folder of the session"},
        {"labels", 0, CLI_TEXT, &a.labels, "FILE",
         "labels of the rows, unless they are in the same file"},
        {"output", 'o', CLI_TEXT, &a.o.model, "FILE",
         "model to write: .npy, .csv or .safetensors"},
        {"recheck", 0, CLI_FLAG, &a.o.recheck, NULL,
         "before the opening: train once more, from all owners' files in the "
         "inbox, and end the session if the server did something else"},
        {0},
    };
    cli_hold_secrets();
    BF_TRY(cli_parse(self, options, argc, argv, 1, 2, operands));
    BF_TRY(cli_need(a.o.identity, "id"));
    BF_TRY(cli_need(a.o.box, "box"));
    a.o.session = operands[0];
    if (a.o.model)
        BF_TRY(cli_check_model(a.o.model,
                               CLI_FILES(operands[0], operands[1],
                                         a.o.identity, a.labels)));
    bf_status s = load_data(&a, operands[1]);
    if (s == BF_OK) s = bf_party_step(&r, &a.o, &cli_env);
    if (s == BF_OK) s = report_step(&a, &r);
    bf_dataset_clear(&a.data);
    return s;
}

static const cli_command cli_party_step = {
    .name = "party step",
    .summary = "do the next step of a session, or say what is missing",
    .synopsis = "SESSION --id FILE --box DIR [TRAIN]",
    .examples =
        "  # until it ends with 0; after 75, carry files and run it again\n"
        "  blindfit party step session.bf --id me.id --box box x.npy \\\n"
        "      --labels y.npy -o model.npy\n"
        "  # to the others and the server; theirs come into box/inbox\n"
        "  rsync box/outbox/ server:session/inbox/\n",
    .run = run_step,
};

/* ---- all of them --------------------------------------------------------- */

static const cli_command *const commands[] = {&cli_party_id, &cli_party_new,
                                              &cli_party_show, &cli_party_step};

static bf_status run(const cli_command *self, int argc, char **argv)
{
    const char *operands[CLI_OPERANDS_MAX];
    const cli_option none[] = {{0}};
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof *commands; i++)
        if (strcmp(argv[1], commands[i]->name + strlen("party ")) == 0)
            return commands[i]->run(commands[i], argc - 1, argv + 1);
    BF_TRY(cli_parse(self, none, argc, argv, 0, 0, operands));
    return bf_fail(BF_ERR_ARGUMENT, "party needs id, new, show or step (see %s "
                   "party --help)", cli_program());
}

const cli_command cli_party = {
    .name = "party",
    .summary = "train one model with other owners of rows",
    .synopsis = "id | new | show | step ...",
    .examples =
        "  blindfit party id -o me.id\n"
        "  blindfit party new job.json --owner a.pub --owner b.pub \\\n"
        "      --rows 30000,30000 -o session.bf\n"
        "  blindfit party step session.bf --id me.id --box box x.npy \\\n"
        "      --labels y.npy -o model.npy\n"
        "  # each with --help of its own; docs/owners.md has the whole story\n",
    .run = run,
};
