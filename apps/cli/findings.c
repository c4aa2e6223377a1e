#include "findings.h"

/* ---- certificates -------------------------------------------------------- */

/* The mean squared residual of a model that knows nothing: p(0) = 1/2. */
#define IGNORANT 0.25

static bool proved(const bf_certificate *c)
{
    return c->score <= c->covered;
}

void cli_certificates_json(cJSON *o, const cli_certificates *certificates)
{
    if (!certificates->count) return;
    cJSON *list = cJSON_AddArrayToObject(o, "certificates");
    for (size_t i = 0; i < certificates->count; i++) {
        const bf_certificate *c = &certificates->at[i];
        cJSON *item = cJSON_CreateObject();
        cJSON_AddNumberToObject(item, "iteration", c->iteration);
        cJSON_AddNumberToObject(item, "mean_squared_residual", c->residual);
        cJSON_AddNumberToObject(item, "of_worst_class", c->worst);
        cJSON_AddNumberToObject(item, "error_of_class", c->error);
        cJSON_AddNumberToObject(item, "score_at_most", c->score);
        cJSON_AddNumberToObject(item, "score_covered", c->covered);
        cJSON_AddBoolToObject(item, "proved", proved(c));
        cJSON_AddItemToArray(list, item);
    }
}

/* A mean of fewer deviations may be one of nothing but errors. */
#define TELLS 2

void cli_certificates_print(const cli_certificates *certificates, bool each)
{
    size_t count = certificates->count, first = each || !count ? 0 : count - 1;
    for (size_t i = first; i < count; i++) {
        const bf_certificate *c = &certificates->at[i];
        char residual[32] = "too noisy to tell";
        if (c->residual > TELLS * c->error)
            snprintf(residual, sizeof residual, "%.3g", c->residual);
        cli_row(i == first ? "certificate" : "",
                "iteration %u: mean squared residual %s (of a class to within "
                "%.2g), scores at most %.3g (%s %.3g)",
                c->iteration, residual, c->error, c->score,
                proved(c) ? "proved; the job covers" : "the job covers only",
                c->covered);
    }
}

static void warn(const bf_certificate *c)
{
    if (c->worst > IGNORANT + 3 * c->error)
        cli_warn("%s: iteration %u: a class has a mean squared residual of "
                 "%.3g, more than the %g of no model at all: scores have left "
                 "the polynomial's range (plan with --safe or a smaller "
                 "--clip)",
                 cli_program(), c->iteration, c->worst, IGNORANT);
    else if (!proved(c))
        cli_warn("%s: iteration %u: scores are proved to be at most %.3g, but "
                 "the job covers %.3g: score the training rows to be sure "
                 "(decrypt --check; several owners: predict), or plan with "
                 "--safe",
                 cli_program(), c->iteration, c->score, c->covered);
}

void cli_certificates_warn(const cli_certificates *c)
{
    for (size_t i = 0; i < c->count; i++) warn(&c->at[i]);
}

static bf_status open_certificates(cli_certificates *out, const bf_owner *owner,
                                   const bf_job *job, const char *model,
                                   unsigned last)
{
    unsigned end = last ? last : bf_job_shape_of(job).iterations;
    for (unsigned t = 1; t <= end; t++) {
        bf_job_step step;
        BF_TRY(bf_job_step_of(&step, job, t, &cli_env));
        if (step.certified)
            BF_TRY(bf_owner_certificate(&out->at[out->count++], owner, model, t,
                                        &cli_env));
    }
    return BF_OK;
}

/* ---- all of them --------------------------------------------------------- */

bf_status cli_findings_make(cli_findings *out, const bf_owner *owner,
                            const bf_job *job, const char *model,
                            const char *transform, const bf_view *x,
                            unsigned last)
{
    out->certificates.count = 0;
    BF_TRY(open_certificates(&out->certificates, owner, job, model, last));
    cli_certificates_warn(&out->certificates);
    return bf_owner_review(&out->review, owner, model, transform, x, last,
                           &cli_env);
}

void cli_findings_json(cJSON *o, const cli_findings *f)
{
    const bf_review *r = &f->review;
    cJSON_AddNumberToObject(o, "largest_weight", r->weight);
    cJSON_AddNumberToObject(o, "weight_bound", r->weight_bound);
    if (r->score_bound > 0) {
        cJSON_AddNumberToObject(o, "largest_score", r->score);
        cJSON_AddNumberToObject(o, "score_bound", r->score_bound);
    }
    if (r->packed_bound > 0) {
        cJSON_AddNumberToObject(o, "largest_packed", r->packed);
        cJSON_AddNumberToObject(o, "packed_bound", r->packed_bound);
    }
    cli_certificates_json(o, &f->certificates);
}

void cli_findings_print(const cli_findings *f, bool every_iteration)
{
    const bf_review *r = &f->review;
    cli_row("largest weight",
            "%.3g of at most %.3g, whitened, over all iterations", r->weight,
            r->weight_bound);
    if (r->score_bound > 0)
        cli_row("largest score", "%.3g of at most %.3g", r->score,
                r->score_bound);
    if (r->packed_bound > 0)
        cli_row("packed weights", "%.3g of at most %.3g%s", r->packed,
                r->packed_bound,
                r->packed > r->packed_bound
                    ? ": exceeded, weights are less exact"
                    : "");
    cli_certificates_print(&f->certificates, every_iteration);
}
