#include "train/refresh.h"

#include <math.h>
#include <string.h>

#include "base/status.h"

/* Packed weights are a polynomial in X^u, u = T/2^log_m, of 2F*2^log_m
 * coefficients, two a slot. */
static unsigned log_slots(const bf_layout *l)
{
    unsigned log_f = 0;
    while ((size_t)1 << log_f < l->f) log_f++;
    return log_f + l->log_m;
}

unsigned bf_refresh_log_slots(const bf_job *job)
{
    return job->refresh.log_slots ? job->refresh.log_slots
                                  : log_slots(&job->layout);
}

/* A coefficient is a mean of F complex values, each of two weights, rotated: at
 * most sqrt(2) times the largest weight, and 1/sqrt(F) times the norm of a
 * class's weights. With many rows U'U = n: the norm is the root mean square of
 * the scores, which the bound of weights bounds too. For `paper`, weights grow
 * with the iterations and a refresh needs every bit, so that plans assume an
 * eighth of the largest weight: a hundred iterations over the RegNet rows reach
 * 1/19. The error of the sine grows slowly far beyond the bound. */
double bf_refresh_bound(const bf_job *job)
{
    const bf_layout *l = &job->layout;
    if (job->recipe.kind == BF_RECIPE_PAPER) return job->bounds.weight * 0.125;
    return job->bounds.weight * (bf_refresh_many_rows(l->n, l->cols)
                                     ? 1 / sqrt((double)l->f)
                                     : sqrt(2));
}

/* For independent weights the mean of F values has 1/sqrt(F) of their rms. */
double bf_refresh_typical(const bf_job *job)
{
    double mean = job->typical.weight * sqrt(2 / (double)job->layout.f);
    return fmin(mean, bf_refresh_bound(job) / 4);
}

unsigned bf_refresh_log_n(const bf_job *job)
{
    return job->refresh.on ? BF_REFRESH_LOG_N : job->layout.log_n;
}

double bf_refresh_headroom(const bf_job *job)
{
    return log2(bf_refresh_bound(job)) + job->refresh.ratio;
}

/* The key back into the smaller ring is modulo the special primes of the larger
 * one. */
static bf_status check_way_down(const bf_job *job)
{
    const bf_boot_params *b = &job->boot;
    return bf_security_check(job->layout.log_n,
                             bf_params_log2_q(&b->ring, b->limbs) +
                                 bf_params_log2_p(&b->ring),
                             0);
}

bf_status bf_refresh_make(bf_job *job, const uint64_t *q, unsigned limbs)
{
    bf_boot_request request = {.log_n = BF_REFRESH_LOG_N,
                               .log_slots = bf_refresh_log_slots(job),
                               .limbs = limbs,
                               .q = q,
                               .bound = bf_refresh_bound(job),
                               .typical = bf_refresh_typical(job),
                               .ratio = job->refresh.ratio,
                               .scale = exp2(job->refresh.log_scale),
                               .precision = job->refresh.precision,
                               .few_keys = job->refresh.few_keys};
    BF_TRY(bf_boot_params_make(&job->boot, &request));
    BF_TRY(bf_boot_params_slots(&job->boot, log_slots(&job->layout)));
    unsigned ring = bf_refresh_ring(job);
    job->rings = ring ? 3 : 2;
    job->ring[ring] = job->boot.ring;
    job->ring[1] = job->boot.encapsulation;
    return ring ? check_way_down(job) : BF_OK;
}

static bool same_ring(const bf_params *a, const bf_params *b)
{
    uint8_t x[BF_HASH_BYTES], y[BF_HASH_BYTES];
    bf_params_hash(a, x);
    bf_params_hash(b, y);
    return memcmp(x, y, sizeof x) == 0;
}

bf_status bf_refresh_derive(bf_job *job)
{
    bf_job made = *job;
    unsigned limbs = bf_job_x_limbs(job), rings = bf_refresh_ring(job) ? 3 : 2;
    const bf_params *first = &job->ring[0];
    if (job->layout.log_n > BF_REFRESH_LOG_N || job->rings != rings ||
        limbs > first->n_q || (rings == 3 && limbs != first->n_q))
        return bf_fail(BF_ERR_ARGUMENT,
                       "a refreshed job over rows in a ring of 2^%u has %u "
                       "rings, the first of %u primes%s",
                       job->layout.log_n, rings, limbs,
                       rings == 3 ? "" : " and more");
    BF_TRY(bf_refresh_make(&made, first->q, limbs));
    for (unsigned r = 0; r < rings; r++)
        if (!same_ring(&made.ring[r], &job->ring[r]))
            return bf_fail(
                BF_ERR_ARGUMENT,
                "ring %u is not the one that refreshing such weights "
                "takes",
                r);
    job->boot = made.boot;
    return BF_OK;
}
