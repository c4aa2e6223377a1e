/* party new and show: what the owners of a session agree on. */
#include <math.h>
#include <string.h>

#include "blindfit/party.h"
#include "job_report.h"
#include "members.h"

/* ---- new ----------------------------------------------------------------- */

typedef struct new_args {
    cli_texts owners;
    cli_counts rows, columns;
    const char *labels, *receivers, *whitener, *output;
    size_t sample;
    double epsilon, delta;
    bool audit;
} new_args;

static bf_status check_count(const cli_counts *numbers, unsigned owners,
                             const char *option)
{
    if (numbers->count == owners) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT,
                   "--%s: wanted are %u numbers with commas between", option,
                   owners);
}

/* Who is named in an option's list. */
static bf_status read_names(bool named[BF_OWNERS_MAX],
                            const bf_session_owner *owners, unsigned count,
                            const char *text, const char *option)
{
    while (*text) {
        size_t n = strcspn(text, ",");
        unsigned i = 0;
        while (i < count && (strlen(owners[i].party.name) != n ||
                             memcmp(owners[i].party.name, text, n) != 0))
            i++;
        if (i == count)
            return bf_fail(BF_ERR_ARGUMENT, "--%s: '%.*s' is no owner", option,
                           (int)n, text);
        named[i] = true;
        text += n + (text[n] == ',');
    }
    return BF_OK;
}

/* Unless they are named, all receive the model; where labels are elsewhere, who
 * has the features. Of columns, labels are the first owner's. */
static bf_status read_roles(bf_session_owner *owners, unsigned count,
                            const new_args *a)
{
    bool labels[BF_OWNERS_MAX] = {false}, receives[BF_OWNERS_MAX] = {false};
    bool whitens[BF_OWNERS_MAX] = {false};
    labels[0] = a->columns.count && !a->labels;
    if (a->labels)
        BF_TRY(read_names(labels, owners, count, a->labels, "labels"));
    if (a->receivers)
        BF_TRY(read_names(receives, owners, count, a->receivers, "receivers"));
    if (a->whitener)
        BF_TRY(read_names(whitens, owners, count, a->whitener, "whiten-by"));
    for (unsigned i = 0; i < count; i++) {
        owners[i].labels = labels[i];
        owners[i].whitens = whitens[i];
        owners[i].receives =
            a->receivers ? receives[i] : a->columns.count || !labels[i];
    }
    return BF_OK;
}

/* Without --rows, those of the job's plan, or of labels elsewhere between two
 * owners all. */
static bf_status read_rows(size_t rows[BF_OWNERS_MAX], unsigned count,
                           const new_args *a, const bf_job *job)
{
    const bf_job_shape shape = bf_job_shape_of(job);
    if (a->rows.count) BF_TRY(check_count(&a->rows, count, "rows"));
    for (unsigned i = 0; i < count; i++)
        rows[i] = a->rows.count           ? a->rows.at[i]
                  : a->labels && count == 2 ? shape.rows
                                          : shape.owner_rows[i];
    return rows[0] || a->rows.count ? BF_OK : cli_need(NULL, "rows");
}

static bf_status read_counts(bf_session_owner *owners, unsigned count,
                             const new_args *a, const bf_job *job)
{
    size_t rows[BF_OWNERS_MAX] = {0};
    if (a->columns.count && a->rows.count)
        return bf_fail(BF_ERR_ARGUMENT, "--columns are of all rows: no --rows");
    if (a->columns.count)
        BF_TRY(check_count(&a->columns, count, "columns"));
    else
        BF_TRY(read_rows(rows, count, a, job));
    for (unsigned i = 0; i < count; i++) {
        owners[i].count = rows[i];
        owners[i].features = a->columns.at[i];
    }
    return BF_OK;
}

static bf_status make_session(bf_session **out, const new_args *a,
                              const char *job_path)
{
    bf_session_owner owners[BF_OWNERS_MAX] = {{.count = 0}};
    if (!isnan(a->epsilon) && !(a->epsilon > 0))
        return bf_fail(BF_ERR_ARGUMENT, "--label-epsilon: %g is not above 0",
                       a->epsilon);
    if (!isnan(a->delta) && !(a->delta > 0))
        return bf_fail(BF_ERR_ARGUMENT, "--label-delta: %g is not above 0",
                       a->delta);
    double delta = isnan(a->epsilon) ? 0 : BF_LABEL_DELTA_DEFAULT;
    const bf_session_options options = {
        a->columns.count ? BF_SPLIT_COLUMNS
        : a->labels      ? BF_SPLIT_LABELS
                         : BF_SPLIT_ROWS,
        isnan(a->epsilon) ? 0 : a->epsilon,
        isnan(a->delta) ? delta : a->delta,
        a->audit,
        a->sample};
    unsigned count = (unsigned)a->owners.count;
    bf_job *job;
    if (count > BF_OWNERS_MAX)
        return bf_fail(BF_ERR_ARGUMENT, "--owner: at most %d", BF_OWNERS_MAX);
    for (unsigned i = 0; i < count; i++)
        BF_TRY(bf_party_read(&owners[i].party, a->owners.at[i]));
    BF_TRY(read_roles(owners, count, a));
    BF_TRY(bf_job_read(&job, job_path));
    bf_status s = read_counts(owners, count, a, job);
    if (s == BF_OK) s = bf_session_create(out, job, owners, count, &options);
    bf_job_destroy(job);
    return s;
}

static void print_fingerprint(const bf_session *s)
{
    char text[BF_FINGERPRINT_BYTES];
    bf_session_fingerprint(text, s);
    cli_row("fingerprint", "%s", text);
}

static void json_whitening(cJSON *o, const bf_session *s)
{
    const bf_session_owner *by = bf_session_whitener(s);
    size_t sample = bf_session_options_of(s).sample_rows;
    if (by) cJSON_AddStringToObject(o, "whitened_by", by->party.name);
    if (sample) cJSON_AddNumberToObject(o, "sample_rows", (double)sample);
}

static void print_whitening(const bf_session *s)
{
    const bf_session_owner *by = bf_session_whitener(s);
    size_t sample = bf_session_options_of(s).sample_rows;
    if (!by) return;
    if (sample)
        cli_row("whitening", "by %s, from a public sample of %s rows",
                by->party.name, bf_text_count((double)sample).s);
    else
        cli_row("whitening", "by %s, whose covariance the others learn",
                by->party.name);
}

/* What `report` shows: the job, its costs, and the owners. */
static bf_status json_job(cJSON *o, const bf_session *s, const char *box)
{
    const bf_job *job = bf_session_job(s);
    bf_job_figures f;
    BF_TRY(bf_job_figures_of(&f, job, &cli_env));
    cli_json_job(o, bf_job_recipe(job), &f);
    cli_json_costs(o, job, &f);
    BF_TRY(cli_json_levels(o, job, &f));
    return cli_json_members(o, s, box);
}

static bf_status json_session(const bf_session *s, const char *path,
                              const char *box, const bf_label_privacy *p)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "session", path);
    cli_json_hex(o, "id", bf_session_id(s), 32);
    cJSON_AddStringToObject(o, "split",
                            bf_split_name(bf_session_options_of(s).split));
    if (bf_session_options_of(s).audit) cJSON_AddTrueToObject(o, "audit");
    json_whitening(o, s);
    if (p->epsilon > 0) {
        cJSON_AddNumberToObject(o, "label_epsilon", p->epsilon);
        cJSON_AddNumberToObject(o, "label_delta", p->delta);
        cJSON_AddNumberToObject(o, "label_noise", p->sd);
        cJSON_AddNumberToObject(o, "label_noise_delta", p->normal_delta);
    }
    bf_status status = json_job(o, s, box);
    if (status == BF_OK) return cli_json(o);
    cJSON_Delete(o);
    return status;
}

/* ", labels", ", 200 features" */
static bf_text has_of(const bf_session *s, const bf_session_owner *o)
{
    bf_text text = {{0}}, features = bf_text_count((double)o->features);
    if (bf_session_options_of(s).split == BF_SPLIT_ROWS) return text;
    snprintf(text.s, sizeof text.s, "%s%.24s%s%s", o->features ? ", " : "",
             o->features ? features.s : "", o->features ? " features" : "",
             o->labels ? ", labels" : "");
    return text;
}

static bf_status report_session(const bf_session *s, const char *path,
                                const char *box)
{
    bf_label_privacy p;
    BF_TRY(bf_session_label_privacy(&p, s));
    if (cli_common_options.json) return json_session(s, path, box, &p);
    cli_row("session", "%s, to all owners and the server", path);
    print_fingerprint(s);
    for (unsigned i = 0; i < bf_session_owners(s); i++) {
        const bf_session_owner *o = bf_session_owner_at(s, i);
        cli_row(i ? "" : "owners", "%s: %s rows%s%s", o->party.name,
                bf_text_count((double)o->count).s, has_of(s, o).s,
                o->receives ? ", receives the model" : "");
    }
    print_whitening(s);
    if (bf_session_options_of(s).audit)
        cli_row("audit", "of the last step, in rounds 5 to 7");
    if (p.epsilon > 0) {
        cli_row("label privacy", "epsilon %g, delta %g for each label",
                p.epsilon, p.delta);
        cli_row("label noise", "sigma %.4g on sums of rows, of which a label "
                "moves %.4g: delta %.2g", p.sd, p.sensitivity, p.normal_delta);
    }
    return BF_OK;
}

static bf_status run_new(const cli_command *self, int argc, char **argv)
{
    const char *operands[CLI_OPERANDS_MAX];
    new_args a = {.epsilon = NAN, .delta = NAN};
    const cli_option options[] = {
        {"owner", 0, CLI_TEXTS, &a.owners, "FILE",
         "an owner's public keys; repeat for each owner, in order"},
        {"rows", 0, CLI_COUNTS, &a.rows, "N,N..",
         "how many rows of the job each has, in the same order (default: as "
         "the job is planned; with --labels between two, all)"},
        {"columns", 0, CLI_COUNTS, &a.columns, "N,N..",
         "instead: how many features of all rows each has, in the same order"},
        {"labels", 0, CLI_TEXT, &a.labels, "NAME,..",
         "owners who have labels alone, of so many rows each; the other one "
         "has the features of all rows, and receives the model. With "
         "--columns: the "
         "owner who has the labels (default: the first)"},
        {"label-epsilon", 0, CLI_NUMBER, &a.epsilon, "E",
         "make each label private, by noise that its owner adds"},
        {"label-delta", 0, CLI_NUMBER, &a.delta, "D",
         "the other number of that privacy (default 1e-6)"},
        {"receivers", 0, CLI_TEXT, &a.receivers, "NAME,..",
         "owners who receive the model (default: all)"},
        {"whiten-by", 0, CLI_TEXT, &a.whitener, "NAME",
         "owner who fits the transform of all rows alone, to its own rows: no "
         "sums over rows are exchanged, and the others learn its covariance"},
        {"sample-rows", 0, CLI_COUNT, &a.sample, "N",
         "instead of its own rows, to a public sample of N rows (party step "
         "--sample)"},
        {"audit", 0, CLI_FLAG, &a.audit, NULL,
         "hold the last step against the owners' rows before the session ends; "
         "all owners see the weights before it"},
        {"output", 'o', CLI_TEXT, &a.output, "FILE", "session to write"},
        {0},
    };
    bf_session *session;
    BF_TRY(cli_parse(self, options, argc, argv, 1, 1, operands));
    BF_TRY(cli_need(a.owners.at[0], "owner"));
    BF_TRY(cli_need(a.output, "output"));
    BF_TRY(bf_outfile_check(a.output, CLI_FILES(operands[0])));
    BF_TRY(bf_outfile_check(a.output, a.owners.at, a.owners.count));
    BF_TRY(make_session(&session, &a, operands[0]));
    bf_status s = bf_session_check(session);
    if (s == BF_OK) s = bf_session_write(session, a.output);
    if (s == BF_OK) s = report_session(session, a.output, NULL);
    bf_session_destroy(session);
    return s;
}

const cli_command cli_party_new = {
    .name = "party new",
    .summary = "make a session of several owners for a job",
    .synopsis = "JOB --owner FILE.. [--rows N,N..] -o SESSION",
    .examples = "  blindfit plan --rows 40000,20000 --features 400 "
                "--map none \\\n"
                "      -o job.json\n"
                "  blindfit party new job.json --owner a.pub --owner b.pub \\\n"
                "      -o session.bf\n"
                "  # a has the labels, b the features of all rows\n"
                "  blindfit plan --owners 2 --samples 60000 --features 400 "
                "\\\n"
                "      --iterations 1 -o job.json\n"
                "  blindfit party new job.json --owner a.pub --owner b.pub \\\n"
                "      --labels a --label-epsilon 4 -o session.bf\n",
    .run = run_new,
};

/* ---- show ---------------------------------------------------------------- */

static bf_status run_show(const cli_command *self, int argc, char **argv)
{
    const char *operands[CLI_OPERANDS_MAX];
    const char *box = NULL;
    const cli_option options[] = {
        {"box", 0, CLI_TEXT, &box, "DIR",
         "with --json: count the bytes of messages in this folder of an owner "
         "or of the server"},
        {0},
    };
    bf_session *session;
    BF_TRY(cli_parse(self, options, argc, argv, 1, 1, operands));
    if (box && !cli_common_options.json)
        return bf_fail(BF_ERR_ARGUMENT, "--box needs --json");
    BF_TRY(bf_session_read(&session, operands[0]));
    bf_status s = report_session(session, operands[0], box);
    bf_session_destroy(session);
    return s;
}

const cli_command cli_party_show = {
    .name = "party show",
    .summary = "show the owners and the fingerprint of a session",
    .synopsis = "SESSION",
    .examples = "  blindfit party show session.bf\n"
                "  # a page of who saw what, for a browser\n"
                "  blindfit party show session.bf --box box --json \\\n"
                "      > session.json\n"
                "  blindfit report --html session.json -o session.html\n",
    .run = run_show,
};
