/* Further jobs over rows that are encrypted already: other labels, iterations,
 * steps, batches. Ring, layout of rows and their scale are given; the scales of
 * the rest follow from the primes. */
#include <math.h>
#include <string.h>

#include "base/status.h"
#include "train/certificate.h"
#include "train/circuit.h"
#include "train/handle.h"
#include "train/plan.h"
#include "train/refresh.h"
#include "train/usual.h"

/* Fields that determine the transformed rows. */
static bf_status check_rows(const bf_recipe *r, const bf_recipe *rows)
{
    const char *what = r->kind != rows->kind               ? "kind"
                       : r->map != rows->map               ? "feature map"
                       : r->lambda != rows->lambda         ? "lambda"
                       : r->clip != rows->clip             ? "clip"
                       : r->components != rows->components ? "components"
                       : r->expand.count != rows->expand.count ||
                               r->expand.seed != rows->expand.seed
                           ? "random features"
                           : NULL;
    if (!what) return BF_OK;
    return bf_fail(BF_ERR_MISMATCH,
                   "the recipe's %s is not that of the rows, which are "
                   "encrypted already",
                   what);
}

/* Each block begins with a ciphertext of its own. */
static bf_status check_batches(const bf_job *job, const bf_job *over)
{
    const bf_layout *l = &over->layout;
    uint8_t id[BF_HASH_BYTES], rows[BF_HASH_BYTES];
    bf_job_data_id(job, id);
    bf_job_data_id(over, rows);
    if (memcmp(id, rows, sizeof id) == 0) return BF_OK;
    if (l->blocks > 1 && l->batch % l->t)
        return bf_fail(BF_ERR_MISMATCH,
                       "the rows are encrypted for steps of %zu rows, so steps "
                       "take as many",
                       l->batch);
    return bf_fail(BF_ERR_MISMATCH,
                   "the rows are encrypted %zu to a ciphertext, so steps take "
                   "all or a multiple of that, not %zu",
                   l->t, job->layout.batch);
}

static bf_status check_limbs(const bf_job *job)
{
    unsigned wanted = bf_job_used_limbs(job), limbs = job->ring[0].n_q;
    if (job->refresh.on || wanted <= limbs) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT,
                   "%u iterations take %u primes, the rows are encrypted to %u "
                   "(those of a job with refreshes serve any number)",
                   job->schedule.iterations, wanted, limbs);
}

/* Changes bounds and scales of weights together, so that their products stay
 * those for which the refresh was made. */
static void take_refresh(bf_job *job, const bf_job *over)
{
    bf_refresh *r = &job->refresh;
    if (!r->on) return;
    r->log_scale += log2(bf_refresh_bound(over) / bf_refresh_bound(job));
    r->log_slots = 0;
    if (bf_refresh_log_slots(job) != bf_refresh_log_slots(over))
        r->log_slots = bf_refresh_log_slots(over);
}

/* Bits that masks may lose, of those of plans. The walk's noise includes the
 * rounding of masks only if weights are refreshed. */
#define MASK_BITS 2

static bf_status check_scales(const bf_job *job, const bf_job *over)
{
    const double scales[] = {job->log_mask, job->log_labels, job->log_v0};
    const double least[] = {over->log_mask - MASK_BITS, BF_LABELS_LOG_MIN, 0};
    const double most[] = {BF_MASK_LOG_MAX, BF_SCALE_LOG_MAX, BF_SCALE_LOG_MAX};
    static const char *const names[] = {"masks", "labels", "initial weights"};
    unsigned planned = over->schedule.iterations;
    for (int i = 0; i < 3; i++)
        if (!(scales[i] >= least[i] && scales[i] <= most[i]))
            return bf_fail(
                BF_ERR_ARGUMENT,
                "the rows were encrypted for %u iteration%s; in %u the scale "
                "of %s is 2^%.1f, outside 2^%.1f to 2^%g%s",
                planned, planned > 1 ? "s" : "", job->schedule.iterations,
                names[i], scales[i], least[i], most[i],
                over->refresh.on || job->schedule.iterations == planned
                    ? ""
                    : " (plan as many iterations as for the rows; those of a "
                      "job with refreshes serve any number)");
    return BF_OK;
}

/* Plans the job, except for the walk. */
static bf_status make(bf_job *job, const bf_recipe *recipe, size_t classes,
                      const bf_label_columns *labels, const bf_job *over)
{
    const bf_layout *l = &over->layout;
    bf_job made = *over;
    if (classes < 2 || classes > BF_CLASSES_MAX)
        return bf_fail(BF_ERR_ARGUMENT, "%zu classes; 2 to %d are possible",
                       classes, BF_CLASSES_MAX);
    made.handle = NULL;
    made.recipe = *recipe;
    made.labels = labels ? *labels : (bf_label_columns){0};
    made.log_places = 0;
    BF_TRY(bf_label_columns_fill(&made.labels, classes));
    BF_TRY(bf_schedule_make(&made.schedule, recipe, l->n));
    made.certificate = over->certificate && bf_certificate_possible(&made);
    BF_TRY(bf_recipe_bounds(&made.bounds, recipe, l->n, l->cols));
    BF_TRY(bf_plan_typical(&made.typical, recipe, l->n, l->cols));
    BF_TRY(bf_sigmoid_form_make(&made.form, &made.schedule.sigmoid));
    if (!bf_sigmoid_form_divide(&made.form, over->form.division,
                                over->form.primes) ||
        (over->refresh.on && made.form.primes != over->form.primes))
        return bf_fail(
            BF_ERR_ARGUMENT,
            "the recipe's polynomial can't be divided as that of the "
            "rows' job");
    const bf_layout_shape shape = {l->log_n, l->n, l->cols, classes};
    bf_status laid = bf_job_lay_out(&made.layout, &made, &shape, l->f, l->k);
    if (laid != BF_OK)
        return bf_fail_in(laid, "%zu classes over rows encrypted for %zu",
                          classes, l->classes);
    if (l->log_m > made.layout.log_m) made.log_places = l->log_m;
    BF_TRY(bf_layout_widen(&made.layout, made.log_places));
    BF_TRY(check_batches(&made, over));
    BF_TRY(check_limbs(&made));
    take_refresh(&made, over);
    bf_job_circuit(&made)->fit(&made);
    /* Fewer iterations leave labels more room than their scale can use: weights
     * then leave below the top of their modulus. */
    if (!made.refresh.on)
        made.log_labels = fmin(made.log_labels, BF_SCALE_LOG_MAX);
    BF_TRY(check_scales(&made, over));
    BF_TRY(bf_job_derive(&made, l->n, classes, l->f, l->k));
    *job = made;
    return BF_OK;
}

bf_status bf_job_search_over(bf_job *job, bf_plan *plan,
                             const bf_recipe *recipe, size_t classes,
                             const bf_label_columns *labels, const bf_job *over)
{
    bf_job made;
    bf_plan walked;
    BF_TRY(bf_recipe_check(recipe));
    BF_TRY(check_rows(recipe, &over->recipe));
    BF_TRY(make(&made, recipe, classes, labels, over));
    bf_status s = bf_job_walk(&walked, &made);
    if (s != BF_OK)
        return bf_fail_in(s, "the chain of the rows does not fit this job");
    double error = walked.weight_noise / bf_usual_weight(&made);
    double most = bf_plan_tolerance(recipe, over->layout.n, over->layout.cols,
                                    bf_job_owners(over));
    if (!(error <= most)) {
        bf_plan_clear(&walked);
        return bf_fail(
            BF_ERR_ARGUMENT,
            "over the chain of the rows, weights would be off by %.2g "
            "of a typical one, more than %.2g",
            error, most);
    }
    *job = made;
    *plan = walked;
    return BF_OK;
}
