#include "train/owner/seal.h"

#include <math.h>

#include "base/maximum.h"
#include "base/memory.h"

static bf_status seal_rows(bf_pt *pt, const bf_job *job, const bf_context *ctx,
                           const bf_input *input, const bf_rows_held *own,
                           size_t index)
{
    const bf_layout *l = &job->layout;
    double complex *slots = bf_secret_alloc(l->f * l->t * sizeof *slots);
    if (!slots) return BF_ERR_MEMORY;
    bf_layout_x_part(l, own->u, own->first, index / l->pairs,
                     index % l->pairs, slots);
    bf_status s = BF_OK;
    for (size_t j = 0; j < l->f * l->t && s == BF_OK; j++)
        if (!(bf_max(fabs(creal(slots[j])), fabs(cimag(slots[j]))) <=
              input->bound * (1 + 1e-9)))
            s = bf_fail(BF_ERR_RANGE,
                        "a transformed feature in ciphertext %zu of the rows "
                        "exceeds the job's bound %g",
                        index + 1, input->bound);
    if (s == BF_OK)
        s = bf_encode_slots(pt, ctx, slots, l->f * l->t, input->scale,
                            input->limbs);
    bf_secret_free(slots);
    return s;
}

static bf_status seal_labels(bf_pt *pt, const bf_job *job,
                             const bf_context *ctx, const bf_input *input,
                             const bf_rows_held *own, size_t group)
{
    const bf_layout *l = &job->layout;
    double *slots = bf_secret_alloc(l->f * l->t * sizeof *slots);
    if (!slots) return BF_ERR_MEMORY;
    bf_layout_y_part(
        l, &(bf_labels){own->labels, job->labels.count, job->labels.classes},
        own->first, own->count, group, slots);
    bf_status s = bf_encode_real(pt, ctx, slots, l->f * l->t, input->scale,
                                 input->limbs);
    bf_secret_free(slots);
    return s;
}

static bf_status seal_start(bf_pt *pt, const bf_job *job, const bf_context *ctx,
                            const bf_input *input, const bf_matrix *v0)
{
    size_t n = (size_t)1 << job->ring[0].log_n;
    if (!v0 || v0->rows != job->layout.classes || v0->cols != job->layout.cols)
        return bf_fail(BF_ERR_ARGUMENT, "initial weights are missing");
    double *coeffs = bf_secret_alloc(n * sizeof *coeffs);
    if (!coeffs) return BF_ERR_MEMORY;
    bf_status s = bf_layout_pack_weights(&job->layout, v0, coeffs);
    if (s == BF_OK)
        s = bf_encode_coeffs(pt, ctx, coeffs, n, input->scale, input->limbs);
    bf_secret_free(coeffs);
    return s;
}

static bool has_pair(const bf_rows_held *own, size_t pair)
{
    return own->pairs == 0 ||
           (pair >= own->pair && pair < own->pair + own->pairs);
}

bool bf_job_input_held(const bf_job *job, const bf_rows_held *own, size_t index)
{
    const bf_layout *l = &job->layout;
    size_t within, first, count;
    switch (bf_job_input_kind(job, index, &within)) {
    case BF_INPUT_ROWS:
        if (!own->u || !has_pair(own, within % l->pairs)) return false;
        bf_layout_rows(l, within / l->pairs, &first, &count);
        break;
    case BF_INPUT_LABELS:
        if (!own->labels) return false;
        bf_layout_group_rows(l, within, &first, &count);
        break;
    default:
        return own->start;
    }
    return first < own->first + own->count && own->first < first + count;
}

bf_status bf_job_seal_part(bf_ct *out, bf_pt *room, const bf_job *job,
                           const bf_secret_key *sk, const bf_rows_held *own,
                           size_t index)
{
    const bf_context *ctx = bf_secret_key_context(sk);
    size_t within;
    bf_input_kind kind = bf_job_input_kind(job, index, &within);
    bf_input input = bf_job_circuit(job)->input(job, kind);
    bf_status s;
    if (!room->secret)
        return bf_fail(BF_ERR_ARGUMENT, "rows sealed by way of open memory");
    if (kind == BF_INPUT_ROWS)
        s = seal_rows(room, job, ctx, &input, own, within);
    else if (kind == BF_INPUT_LABELS)
        s = seal_labels(room, job, ctx, &input, own, within);
    else
        s = seal_start(room, job, ctx, &input, own->v0);
    if (s == BF_OK) s = bf_encrypt_symmetric(out, sk, room);
    if (s == BF_OK)
        out->bound = input.bound; /* public, unlike the bound of the data */
    return s;
}

bf_status bf_job_seal(bf_ct *out, bf_pt *room, const bf_job *job,
                      const bf_secret_key *sk, const bf_matrix *u,
                      const int32_t *labels, const bf_matrix *v0, size_t index)
{
    const bf_rows_held all = {u, labels, v0, 0, job->layout.n, 0, 0,
                              true};
    return bf_job_seal_part(out, room, job, sk, &all, index);
}

bf_status bf_job_unpack(bf_matrix *weights, const bf_job *job,
                        const bf_opened *o)
{
    size_t n = (size_t)1 << job->ring[0].log_n;
    double *coeffs = bf_secret_alloc(n * sizeof *coeffs);
    if (!coeffs) return BF_ERR_MEMORY;
    bf_status s = bf_decode_coeffs(coeffs, o->pt);
    if (s == BF_OK)
        s = bf_layout_unpack_weights(&job->layout, coeffs, weights);
    bf_secret_free(coeffs);
    if (s != BF_OK) return s;
    size_t count = weights->rows * weights->cols;
    for (size_t i = 0; i < count; i++) {
        if (fabs(weights->data[i]) <= o->most) continue;
        bf_wipe(weights->data, count * sizeof(double));
        bf_matrix_clear(weights);
        return bf_fail(BF_ERR_RANGE,
                       "the opened weights leave the range that the circuit "
                       "covers (%g): %s",
                       o->most, o->beyond);
    }
    return BF_OK;
}

bf_status bf_job_open(bf_matrix *weights, const bf_job *job,
                      const bf_secret_key *sk, const bf_ct *packed)
{
    bf_pt pt = {0};
    bf_opened opened = {.pt = &pt,
                        .most = job->bounds.weight,
                        .beyond = "the data did not fit the recipe, or the "
                                  "server did not run this job"};
    bf_status s = bf_decrypt(&pt, sk, packed);
    if (s == BF_OK) s = bf_job_unpack(weights, job, &opened);
    bf_pt_clear(&pt);
    return s;
}
