/* Which owner has which part of a job's data (blindfit/session.h), and which
 * jobs owners can run. */
#include <math.h>

#include "train/session.h"

const char *bf_split_name(bf_split split)
{
    static const char *const names[] = {"rows", "labels", "columns"};
    return split <= BF_SPLIT_COLUMNS ? names[split] : "unknown";
}

static bf_status check_job(const bf_job *job, bf_split split)
{
    const bf_recipe *r = &job->recipe;
    bool pooled = split == BF_SPLIT_ROWS;
    const char *what =
        r->map == BF_MAP_AUTO && pooled
            ? "whose feature map is chosen by its data (plan with --map)"
        : r->batch              ? "with batches of rows"
        : r->expand.count       ? "with random features"
        : job->refresh.on       ? "whose weights are refreshed"
        : job->labels.count > 1 ? "with several label columns"
        : job->owner_rows[0] && !pooled ? "planned for rows that are split"
                                : NULL;
    if (!what) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT, "several owners cannot run a job %s", what);
}

/* Numbers the rows of the owners of labels in order; with `all`, those of all
 * owners. */
static bf_status count_rows(bf_session *s, bool all)
{
    size_t rows = 0;
    for (unsigned i = 0; i < s->owners; i++) {
        bf_session_owner *o = &s->owner[i];
        if (!all && !o->labels) continue;
        o->first = rows;
        rows += o->count;
    }
    if (rows == s->job->layout.n) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT, "owners have %s%zu rows, the job %zu",
                   all ? "" : "labels of ", rows, s->job->layout.n);
}

/* Owners' places in ciphertexts follow from these rows. */
static bf_status check_planned(const bf_session *s)
{
    const size_t *planned = s->job->owner_rows;
    for (unsigned i = 0; planned[0] && i < s->owners; i++)
        if (s->owner[i].count != planned[i])
            return bf_fail(BF_ERR_ARGUMENT,
                           "%s has %zu rows, the job is planned for %zu",
                           s->owner[i].party.name, s->owner[i].count,
                           planned[i]);
    return BF_OK;
}

static bf_status divide_rows(bf_session *s)
{
    for (unsigned i = 0; i < s->owners; i++) {
        s->owner[i].labels = true;
        s->owner[i].features = s->job->features;
    }
    BF_TRY(count_rows(s, true));
    return check_planned(s);
}

/* ---- labels elsewhere ---------------------------------------------------- */

/* The receiver can finish the training in the clear only from a model of one
 * iteration from zero (owner/finish.h). */
static bf_status check_one_product(const bf_job *job)
{
    const bf_schedule *s = &job->schedule;
    if (s->iterations == 1 && s->zero_start && !s->momentum) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT,
                   "labels elsewhere: a job of one iteration from zero (plan "
                   "--recipe whitened --iterations 1), not of %u iterations of "
                   "the recipe `%s`",
                   s->iterations, bf_recipe_kind_name(job->recipe.kind));
}

static bf_status check_holder(const bf_session *s, const bf_session_owner *o)
{
    if (o->count != s->job->layout.n)
        return bf_fail(BF_ERR_ARGUMENT,
                       "labels elsewhere: %s has the features of %zu rows, the "
                       "job is for %zu",
                       o->party.name, o->count, s->job->layout.n);
    for (unsigned i = 0; i < s->owners; i++)
        if (s->owner[i].receives != (&s->owner[i] == o))
            return bf_fail(
                BF_ERR_ARGUMENT,
                "labels elsewhere: the model is opened to %s, who has "
                "the features, alone",
                o->party.name);
    return BF_OK;
}

static bf_status divide_labels(bf_session *s)
{
    bf_session_owner *holder = NULL;
    for (unsigned i = 0; i < s->owners; i++) {
        bf_session_owner *o = &s->owner[i];
        o->features = o->labels ? 0 : s->job->features;
        if (!o->features) continue;
        if (holder)
            return bf_fail(BF_ERR_ARGUMENT,
                           "labels elsewhere: %s and %s have no labels; one "
                           "owner has the features",
                           holder->party.name, o->party.name);
        holder = o;
        o->first = 0;
    }
    if (!holder)
        return bf_fail(BF_ERR_ARGUMENT,
                       "labels elsewhere: nobody has the features alone");
    BF_TRY(check_holder(s, holder));
    BF_TRY(count_rows(s, false));
    return check_one_product(s->job);
}

/* ---- columns ------------------------------------------------------------- */

bf_status bf_session_block(bf_column_block *out, const bf_session *s,
                           unsigned k)
{
    bf_column_block blocks[BF_OWNERS_MAX];
    size_t features[BF_OWNERS_MAX] = {0};
    for (unsigned i = 0; i < s->owners; i++) features[i] = s->owner[i].features;
    BF_TRY(bf_column_blocks(blocks, &s->job->recipe, s->job->layout.n, features,
                            s->owners));
    *out = blocks[k];
    return BF_OK;
}

static bf_status divide_columns(bf_session *s)
{
    bf_column_block block;
    size_t features = 0;
    unsigned labels = 0;
    BF_TRY(bf_session_block(&block, s, 0));
    for (unsigned i = 0; i < s->owners; i++) {
        s->owner[i].first = 0;
        features += s->owner[i].features;
        labels += s->owner[i].labels;
    }
    if (features != s->job->features)
        return bf_fail(BF_ERR_ARGUMENT, "owners have %zu columns, the job %zu",
                       features, s->job->features);
    if (labels == 1) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT,
                   "columns of several owners: %u have labels; one has them",
                   labels);
}

/* ---- all ----------------------------------------------------------------- */

/* owner/label_privacy.h has the range of epsilon and delta. */
static bf_status check_noise(const bf_session_options *o)
{
    bool none = o->epsilon == 0 && o->delta == 0;
    if (none) return BF_OK;
    if (o->split != BF_SPLIT_LABELS)
        return bf_fail(
            BF_ERR_ARGUMENT,
            "label noise is for labels that one owner has and another "
            "does not");
    if (o->epsilon > 0 && isfinite(o->epsilon) && o->delta > 0 && o->delta < 1)
        return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT, "label noise of epsilon %g and delta %g",
                   o->epsilon, o->delta);
}

/* All owners see the weights before the last step, which are nearly the model.
 * With momentum the step starts from two sets of weights; if rows are not
 * split, no owner can compute its part of the step. */
static bf_status check_audit(const bf_session *s)
{
    if (!s->options.audit) return BF_OK;
    if (s->options.split != BF_SPLIT_ROWS || s->job->schedule.momentum)
        return bf_fail(BF_ERR_ARGUMENT,
                       "an audit of the last step is for rows of several "
                       "owners, and the recipe `whitened`");
    for (unsigned i = 0; i < s->owners; i++)
        if (!s->owner[i].receives)
            return bf_fail(BF_ERR_ARGUMENT,
                           "an audit of the last step shows all owners nearly "
                           "the model: %s has to receive it",
                           s->owner[i].party.name);
    return BF_OK;
}

/* The other splits have no transform of all owners' rows, and `paper` sends no
 * moments. */
static bf_status check_whitener(const bf_session *s)
{
    const bf_session_owner *by = bf_session_whitener(s);
    if (s->options.sample_rows > BF_JOB_SAMPLES_MAX)
        return bf_fail(BF_ERR_ARGUMENT,
                       "a sample of %zu rows; at most %zu are possible",
                       s->options.sample_rows, BF_JOB_SAMPLES_MAX);
    if (s->options.sample_rows && !by)
        return bf_fail(BF_ERR_ARGUMENT,
                       "a sample, and no owner who whitens by it");
    if (!by) return BF_OK;
    if (s->options.split != BF_SPLIT_ROWS ||
        s->job->recipe.kind != BF_RECIPE_WHITENED)
        return bf_fail(BF_ERR_ARGUMENT,
                       "one owner whitens alone for rows of several owners, "
                       "and the recipe `whitened`");
    for (const bf_session_owner *o = by + 1; o < s->owner + s->owners; o++)
        if (o->whitens)
            return bf_fail(BF_ERR_ARGUMENT, "%s and %s whiten; one owner does",
                           by->party.name, o->party.name);
    return BF_OK;
}

const bf_session_owner *bf_session_whitener(const bf_session *s)
{
    for (unsigned i = 0; i < s->owners; i++)
        if (s->owner[i].whitens) return &s->owner[i];
    return NULL;
}

unsigned bf_session_transforms(const bf_session *s)
{
    const bf_session_owner *by = bf_session_whitener(s);
    return by ? (unsigned)(by - s->owner) : 0;
}

bf_status bf_session_divide(bf_session *s)
{
    BF_TRY(check_noise(&s->options));
    BF_TRY(check_audit(s));
    BF_TRY(check_whitener(s));
    BF_TRY(check_job(s->job, s->options.split));
    switch (s->options.split) {
    case BF_SPLIT_LABELS: return divide_labels(s);
    case BF_SPLIT_COLUMNS: return divide_columns(s);
    case BF_SPLIT_ROWS: return divide_rows(s);
    }
    return bf_fail(BF_ERR_ARGUMENT, "unknown split %d", (int)s->options.split);
}
