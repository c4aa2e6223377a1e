/* party id, step and finish: the commands of one of several owners. */
#include <limits.h>
#include <string.h>

#include "blindfit/party.h"
#include "findings.h"

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

/* ---- step ---------------------------------------------------------------- */

typedef struct step_args {
    bf_party_options o;
    const char *labels, *sample;
    bf_dataset data;
    bf_matrix sample_rows;
    bf_view x, sample_view;
    cli_when recheck;
    cli_certificates certificates;
} step_args;

static const bf_recheck rechecks[] = {[CLI_AUTO] = BF_RECHECK_ONE,
                                      [CLI_YES] = BF_RECHECK_ALWAYS,
                                      [CLI_NO] = BF_RECHECK_NEVER};

static void certified(void *user, const bf_certificate *c)
{
    cli_certificates *to = user;
    to->at[to->count++] = *c;
}

static bf_status load_features(step_args *a, const bf_session *session,
                               const bf_session_owner *me, const char *path)
{
    bf_job_shape shape = bf_job_shape_of(bf_session_job(session));
    bf_status s = bf_features_load(&a->data.x, path, me->features,
                                   (unsigned)shape.classes, &cli_env);
    if (s != BF_ERR_MISMATCH) return s;
    return bf_fail(s, "%s: does not hold the %zu features that the session "
                   "wants from %s", path, me->features, me->party.name);
}

/* Of owners who have features or labels alone, files may hold others as well,
 * which are of no use. */
static bf_status load_rows(step_args *a, const bf_session *session,
                           const char *path)
{
    bf_rows all = {0, 0};
    unsigned number;
    if (bf_session_options_of(session).split == BF_SPLIT_ROWS)
        return cli_load_training(&a->data, path, a->labels, all);
    BF_TRY(bf_session_find_owner(&number, session, a->o.identity));
    const bf_session_owner *me = bf_session_owner_at(session, number);
    if (!me->labels) return load_features(a, session, me, path);
    return bf_dataset_load(&a->data, path, a->labels, all, &cli_env);
}

static bf_status load_sample(step_args *a, const bf_session *session)
{
    bf_job_shape shape = bf_job_shape_of(bf_session_job(session));
    if (!a->sample) return BF_OK;
    BF_TRY(bf_features_load(&a->sample_rows, a->sample, shape.features,
                            (unsigned)shape.classes, &cli_env));
    a->sample_view = bf_view_of(&a->sample_rows);
    a->o.sample = &a->sample_view;
    a->o.sample_file = a->sample;
    return BF_OK;
}

static bf_status load_data(step_args *a, const char *path)
{
    bf_session *session;
    if (!path && !a->labels && !a->sample) return BF_OK;
    BF_TRY(bf_session_read(&session, a->o.session));
    bf_status s = load_sample(a, session);
    if (s == BF_OK && path) s = load_rows(a, session, path);
    bf_session_destroy(session);
    BF_TRY(s);
    if (!path && !a->labels) return BF_OK;
    if (path) {
        a->x = bf_view_of(&a->data.x);
        a->o.x = &a->x;
    } else {
        BF_TRY(bf_labels_read(&a->data.labels, &a->o.label_count, a->labels));
    }
    a->o.labels = a->data.labels;
    a->o.x_file = path;
    a->o.labels_file = a->labels;
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
        cli_certificates_json(o, &a->certificates);
        return cli_json(o);
    }
    if (r->opened) cli_row("model", "%s", a->o.model);
    cli_certificates_print(&a->certificates, true);
    cli_row("session", "done");
    return BF_OK;
}

/* Before anything is loaded. */
static bf_status check_step(step_args *a, const char *const *operands)
{
    BF_TRY(cli_need(a->o.identity, "id"));
    BF_TRY(cli_need(a->o.box, "box"));
    a->o.session = operands[0];
    if (!a->o.model) return BF_OK;
    return cli_check_model(a->o.model,
                           CLI_FILES(operands[0], operands[1], a->o.identity,
                                     a->labels, a->sample, a->o.row_names));
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
        {"sample", 0, CLI_TEXT, &a.sample, "FILE",
         "the public sample that the session whitens by: the owner who whitens "
         "fits the transform to it, others check the transform against it"},
        {"row-names", 0, CLI_TEXT, &a.o.row_names, "FILE",
         "what rows are called, one a line, where others have something of the "
         "same: they have to call them the same, in the same order"},
        {"labels", 0, CLI_TEXT, &a.labels, "FILE",
         "labels of the rows, unless they are in the same file"},
        {"output", 'o', CLI_TEXT, &a.o.model, "FILE",
         "model to write: .npy, .csv or .safetensors"},
        {"recheck", 0, CLI_WHEN, &a.recheck, "WHEN",
         "before the opening, train once more from all owners' files in the "
         "inbox, and end the session if the server did something else: yes, "
         "no, or auto, if this is the first owner who receives nothing, or the "
         "first of all if all receive (default)"},
        {0},
    };
    cli_hold_secrets();
    BF_TRY(cli_parse(self, options, argc, argv, 1, 2, operands));
    BF_TRY(check_step(&a, operands));
    bf_status s = load_data(&a, operands[1]);
    a.o.recheck = rechecks[a.recheck];
    a.o.certified = certified;
    a.o.user = &a.certificates;
    if (s == BF_OK) s = bf_party_step(&r, &a.o, &cli_env);
    cli_certificates_warn(&a.certificates);
    if (s == BF_OK) s = report_step(&a, &r);
    bf_matrix_clear(&a.sample_rows);
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
        "  rsync box/outbox/ server:session/inbox/\n"
        "  # both, where a server runs blindfit-gateway\n"
        "  blindfit remote sync session.bf --box box\n",
    .run = run_step,
};

/* ---- finish -------------------------------------------------------------- */

static bf_status report_finish(const step_args *a)
{
    if (cli_common_options.json) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "model", a->o.model);
        return cli_json(o);
    }
    cli_row("model", "%s", a->o.model);
    return BF_OK;
}

static bf_status run_finish(const cli_command *self, int argc, char **argv)
{
    const char *operands[CLI_OPERANDS_MAX];
    step_args a = {.labels = NULL};
    size_t steps = 0;
    const cli_option options[] = {
        {"id", 0, CLI_TEXT, &a.o.identity, "FILE", "this owner's identity"},
        {"box", 0, CLI_TEXT, &a.o.box, "DIR",
         "this owner's folder of the session"},
        {"steps", 0, CLI_COUNT, &steps, "N",
         "how many (default 40; with label noise as many as do not fit it)"},
        {"output", 'o', CLI_TEXT, &a.o.model, "FILE",
         "model to write: .npy, .csv or .safetensors"},
        {0},
    };
    cli_hold_secrets();
    BF_TRY(cli_parse(self, options, argc, argv, 2, 2, operands));
    BF_TRY(cli_need(a.o.model, "output"));
    BF_TRY(check_step(&a, operands));
    if (steps > UINT_MAX) steps = UINT_MAX;
    bf_status s = load_data(&a, operands[1]);
    if (s == BF_OK) s = bf_party_finish(&a.o, (unsigned)steps, &cli_env);
    if (s == BF_OK) s = report_finish(&a);
    bf_dataset_clear(&a.data);
    return s;
}

static const cli_command cli_party_finish = {
    .name = "party finish",
    .summary =
        "labels elsewhere: train on in the clear, from the received model",
    .synopsis = "SESSION ROWS --id FILE --box DIR -o MODEL",
    .examples =
        "  # the owner of the features, once the session is done\n"
        "  blindfit party finish session.bf x.npy --id me.id --box box \\\n"
        "      -o better.npy\n",
    .run = run_finish,
};

/* ---- all of them --------------------------------------------------------- */

static const cli_command *const commands[] = {
    &cli_party_id, &cli_party_new, &cli_party_show, &cli_party_step,
    &cli_party_finish, NULL};

static bf_status run(const cli_command *self, int argc, char **argv)
{
    const char *operands[CLI_OPERANDS_MAX];
    const cli_option none[] = {{0}};
    for (size_t i = 0; argc > 1 && commands[i]; i++)
        if (strcmp(argv[1], commands[i]->name + strlen("party ")) == 0)
            return commands[i]->run(commands[i], argc - 1, argv + 1);
    BF_TRY(cli_parse(self, none, argc, argv, 0, 0, operands));
    return bf_fail(BF_ERR_ARGUMENT, "party needs id, new, show, step or finish "
                   "(see %s party --help)", cli_program());
}

const cli_command cli_party = {
    .name = "party",
    .summary = "train one model with other owners of data",
    .synopsis = "id | new | show | step | finish ...",
    .examples =
        "  blindfit party id -o me.id\n"
        "  blindfit party new job.json --owner a.pub --owner b.pub \\\n"
        "      --rows 30000,30000 -o session.bf\n"
        "  blindfit party step session.bf --id me.id --box box x.npy \\\n"
        "      --labels y.npy -o model.npy\n"
        "  # each with --help of its own; docs/owners.md has the whole story\n",
    .run = run,
    .commands = commands,
};
