#include "train/owner/certified.h"

#include <math.h>
#include <string.h>

#include "base/maximum.h"
#include "base/memory.h"
#include "train/certificate.h"
#include "train/handle.h"
#include "train/owner/protocol.h"
#include "train/owner/rounding.h"
#include "train/upload.h"

/* A place's F/K copies are equal but for their errors. */
static bf_status add_places(bf_matrix *sums, const bf_layout *l,
                            const double *coeffs)
{
    bf_layout packed = bf_certificate_layout(l);
    bf_matrix places = {0}, made = {0};
    bf_status s = bf_layout_unpack_weights(&packed, coeffs, &places);
    if (s == BF_OK) s = bf_matrix_init(&made, 1, l->classes);
    for (size_t i = 0; s == BF_OK && i < places.rows * l->f; i++) {
        size_t place = i / l->f * l->k + i % l->f % l->k;
        made.data[place % l->classes] +=
            places.data[i] * (double)l->k / (double)l->f;
    }
    bf_matrix_clear(&places);
    if (s == BF_OK) *sums = made;
    return s;
}

bf_status bf_certified_sums(bf_matrix *sums, const bf_job *job,
                            const bf_pt *packed)
{
    size_t n = (size_t)1 << job->ring[0].log_n;
    double *coeffs = bf_secret_alloc(n * sizeof *coeffs);
    if (!coeffs) return BF_ERR_MEMORY;
    bf_status s = bf_decode_coeffs(coeffs, packed);
    if (s == BF_OK) s = add_places(sums, &job->layout, coeffs);
    bf_secret_free(coeffs);
    return s;
}

bf_status bf_certified_open(bf_matrix *sums, const bf_job *job,
                            const bf_secret_key *sk, const bf_ct *packed)
{
    bf_pt pt = {0};
    bf_status s = bf_decrypt(&pt, sk, packed);
    if (s == BF_OK) s = bf_certified_sums(sums, job, &pt);
    bf_pt_clear(&pt);
    return s;
}

/* Whether q exceeds `most` at z, with its sign beyond all of its zeros, and so
 * at all larger scores: none of its derivatives at z has another sign. */
static bool beyond(const bf_sigmoid *p, double most, double z)
{
    double c[BF_POLY_DEGREE_MAX + 1] = {0};
    double sign = p->odd[(p->degree - 1) / 2] < 0 ? -1 : 1;
    for (unsigned i = 0; 2 * i + 1 <= p->degree; i++)
        c[2 * i + 1] = sign * p->odd[i];
    for (unsigned k = 0; k <= p->degree; k++) {
        for (unsigned i = p->degree; i-- > k;) c[i] += z * c[i + 1];
        if (!(c[k] > (k ? 0 : most))) return false;
    }
    return true;
}

double bf_certified_score(const bf_sigmoid *p, double most)
{
    double low = 0, high = p->range;
    if (p->chebyshev || !isfinite(most)) return INFINITY;
    while (isfinite(high) && !beyond(p, most, high)) high *= 2;
    while (isfinite(high) && high - low > 1e-6 * high) {
        double z = (low + high) / 2;
        if (beyond(p, most, z))
            high = z;
        else
            low = z;
    }
    return high;
}

/* A normal error exceeds this many deviations once in a billion times. */
#define DEVIATIONS 6

/* Largest of the sums; infinite if one is negative, and so beyond its modulus.
 */
static double largest_sum(const bf_matrix *sums, double noise)
{
    double largest = 0;
    for (size_t c = 0; c < sums->cols; c++) {
        if (!(sums->data[c] >= -DEVIATIONS * noise)) return INFINITY;
        largest = bf_max(largest, sums->data[c]);
    }
    return largest;
}

void bf_certified_bound(bf_certificate *out, const bf_job *job, unsigned t,
                        const bf_matrix *sums, double noise)
{
    size_t first, end;
    bf_schedule_rows(&job->schedule, t - 1, &first, &end);
    double rows = (double)(end - first), all = 0;
    double largest = largest_sum(sums, noise);
    for (size_t c = 0; c < sums->cols; c++) all += sums->data[c];
    double most = largest + DEVIATIONS * noise;
    double score = bf_certified_score(&job->schedule.sigmoid, 0.5 + sqrt(most));
    *out = (bf_certificate){
        .iteration = t,
        .residual = all / (rows * (double)sums->cols),
        .worst = largest / rows,
        .error = noise / rows,
        .score = job->recipe.safe ? job->bounds.logit[t - 1] : score,
        .covered = BF_LOGIT_SLACK * job->bounds.logit[t - 1]};
}

bf_status bf_protocol_certificate(bf_certificate *out, const bf_job *job,
                                  const uint8_t job_id[BF_HASH_BYTES],
                                  const bf_secret_key *sk, const char *path,
                                  unsigned iteration)
{
    const bf_label label = {BF_MODEL_CERTIFICATE, iteration};
    const bf_plan *plan;
    bf_plan own;
    bf_upload_id of;
    bf_matrix sums = {0};
    bf_ct ct = {0};
    bf_status status;
    BF_TRY(bf_job_plan_get(&plan, &own, job));
    if (iteration < 1 || iteration > plan->step_count ||
        !plan->steps[iteration - 1].certificate.limbs) {
        bf_plan_clear(&own);
        return bf_fail(BF_ERR_ARGUMENT,
                       "iteration %u of the job has no certificate", iteration);
    }
    const bf_plan_step *planned = &plan->steps[iteration - 1];
    BF_GOTO(bf_protocol_record(&ct, &of, job, job_id, sk, path, label), done);
    status = bf_plan_check_ct(&ct, planned->certificate);
    if (status == BF_OK) status = bf_certified_open(&sums, job, sk, &ct);
    if (status != BF_OK) {
        status = bf_fail_in(status, "%s: the certificate of iteration %u", path,
                            iteration);
        goto done;
    }
    bf_weights_round(&sums, planned->certificate_noise);
    bf_certified_bound(out, job, iteration, &sums, planned->certificate_noise);
done:
    bf_matrix_clear(&sums);
    bf_ct_clear(&ct);
    bf_plan_clear(&own);
    return status;
}
