/* Automorphisms: key switch from s to phi_{1/g}(s), then X -> X^g on the
 * result. The key switch does not depend on g before the inner product, so
 * rotations of one ciphertext share it ([HS18] hoisting). */
#include <math.h>
#include <string.h>

#include "ckks/eval_internal.h"

enum { HOIST_BATCH = 8 }; /* accumulators alive at a time */

typedef struct turn {
    uint32_t galois;
    const bf_switch_key *key;
    const uint32_t *perm;
    double *acc; /* [position][2][N] */
} turn;

static bf_status turn_open(bf_eval *ev, turn *t, uint32_t galois,
                           unsigned limbs, bool need_acc)
{
    memset(t, 0, sizeof *t);
    t->galois = galois;
    BF_TRY(bf_eval_key(ev, galois, limbs, &t->key));
    if (!ev->keys) return BF_OK;
    BF_TRY(bf_eval_perm(ev, galois, &t->perm));
    if (!need_acc) return BF_OK;
    t->acc = bf_eval_scratch(ev, 2 * (size_t)bf_ks_positions(ev, limbs));
    return t->acc ? BF_OK : BF_ERR_MEMORY;
}

static void turn_close(bf_eval *ev, turn *t, unsigned limbs)
{
    bf_eval_scratch_give(ev, t->acc,
                         2 * (size_t)bf_ks_positions(ev, limbs));
    t->acc = NULL;
}

typedef struct inner_job {
    bf_eval *ev;
    const turn *turns;
    size_t count;
    unsigned limbs;
} inner_job;

static void inner_position(void *user, unsigned p, const double *const *x,
                           double *scratch)
{
    const inner_job *job = user;
    size_t n = bf_eval_n(job->ev);
    (void)scratch;
    for (size_t r = 0; r < job->count; r++) {
        double *acc = job->turns[r].acc + 2 * (size_t)p * n;
        bf_ks_inner(job->ev, job->turns[r].key, job->limbs, p, x, acc, acc + n);
    }
}

/* res = X -> X^g of (c0 + down(acc)_0, down(acc)_1). */
static bf_status turn_finish(bf_eval *ev, turn *t, const bf_ct *a, bf_ct *res)
{
    const bf_ring *ring = ev->ctx->ring;
    bf_ct down = *res;
    down.data = bf_eval_scratch(ev, 2 * (size_t)a->limbs);
    if (!down.data) return BF_ERR_MEMORY;
    bf_status status = bf_ks_mod_down(ev, t->acc, a->limbs, false, &down);
    if (status == BF_OK) {
#pragma omp parallel for schedule(dynamic) if (!bf_serial())
        for (unsigned i = 0; i < a->limbs; i++) {
            double *d0 = bf_ct_limb(&down, 0, i, ring->n);
            bf_limb_add(ring, i, d0, d0, bf_ct_limb(a, 0, i, ring->n));
            for (unsigned k = 0; k < 2; k++)
                bf_limb_permute(ring, bf_ct_limb(res, k, i, ring->n),
                                bf_ct_limb(&down, k, i, ring->n), t->perm);
        }
    }
    bf_eval_scratch_give(ev, down.data, 2 * (size_t)a->limbs);
    return status;
}

static bf_status batch_compute(bf_eval *ev, bf_ct *res, const bf_ct *a,
                               turn *turns, size_t count)
{
    bf_ks_source src;
    BF_TRY(bf_ks_open(ev, &src, a, 1));
    inner_job job = {ev, turns, count, a->limbs};
    bf_status status = bf_ks_for_positions(ev, &src, 0, inner_position, &job);
    for (size_t r = 0; r < count && status == BF_OK; r++)
        status = turn_finish(ev, &turns[r], a, &res[r]);
    bf_ks_close(ev, &src);
    return status;
}

/* Up to HOIST_BATCH automorphisms of one ciphertext; none is the identity. */
static bf_status automorphism_batch(bf_eval *ev, bf_ct *out, const bf_ct *a,
                                    const uint32_t *galois, size_t count)
{
    turn turns[HOIST_BATCH] = {{0}};
    bf_ct res[HOIST_BATCH] = {{0}};
    bf_status status = BF_OK;
    for (size_t r = 0; r < count && status == BF_OK; r++) {
        status = turn_open(ev, &turns[r], galois[r], a->limbs, true);
        if (status == BF_OK) status = bf_eval_new(ev, &res[r], a->limbs, 2);
        res[r].scale = a->scale;
        res[r].noise = hypot(a->noise, ev->ks_noise[a->limbs]);
        res[r].bound = a->bound;
    }
    bf_count_symbolic(ev, a->limbs, 1, count);
    if (status == BF_OK && ev->keys)
        status = batch_compute(ev, res, a, turns, count);
    for (size_t r = 0; r < count; r++) {
        turn_close(ev, &turns[r], a->limbs);
        if (status == BF_OK)
            bf_move(ev, &out[r], &res[r]);
        else
            bf_eval_release(ev, &res[r]);
    }
    return status;
}

bf_status bf_automorphism(bf_eval *ev, bf_ct *out, const bf_ct *a,
                          uint32_t galois)
{
    BF_TRY(bf_eval_check(ev, a, 2, "automorphism"));
    if (galois == 1) return bf_copy(ev, out, a);
    return automorphism_batch(ev, out, a, &galois, 1);
}

bf_status bf_rotate(bf_eval *ev, bf_ct *out, const bf_ct *a, int r)
{
    return bf_automorphism(ev, out, a, bf_galois_rotation(ev->ctx, r));
}

bf_status bf_conjugate(bf_eval *ev, bf_ct *out, const bf_ct *a)
{
    return bf_automorphism(ev, out, a, bf_galois_conjugation(ev->ctx));
}

bf_status bf_rotate_many(bf_eval *ev, bf_ct *out, const bf_ct *a, const int *r,
                         size_t count)
{
    BF_TRY(bf_eval_check(ev, a, 2, "rotation"));
    size_t done = 0;
    while (done < count) {
        uint32_t galois = bf_galois_rotation(ev->ctx, r[done]);
        if (galois == 1) {
            BF_TRY(bf_copy(ev, &out[done], a));
            done++;
            continue;
        }
        uint32_t batch[HOIST_BATCH];
        size_t k = 0;
        while (k < HOIST_BATCH && done + k < count) {
            batch[k] = bf_galois_rotation(ev->ctx, r[done + k]);
            if (batch[k] == 1) break;
            k++;
        }
        BF_TRY(automorphism_batch(ev, &out[done], a, batch, k));
        done += k;
    }
    return BF_OK;
}

typedef struct sum_job {
    bf_eval *ev;
    const bf_ct *a;
    const turn *t;
    double *acc;
} sum_job;

/* scratch: three limbs. */
static void sum_position(void *user, unsigned p, const double *const *x,
                         double *scratch)
{
    const sum_job *job = user;
    const bf_ring *ring = job->ev->ctx->ring;
    size_t n = ring->n;
    unsigned limbs = job->a->limbs, m = bf_ks_modulus(job->ev, limbs, p);
    double *o0 = scratch, *o1 = o0 + n, *turned = o1 + n;
    double *sum = job->acc + 2 * (size_t)p * n;
    bf_ks_inner(job->ev, job->t->key, limbs, p, x, o0, o1);
    if (p < limbs)
        bf_limb_mul_const_add(ring, m, o0, bf_ct_limb(job->a, 0, p, n),
                              job->ev->p_mul[p]);
    bf_limb_permute(ring, turned, o0, job->t->perm);
    bf_limb_add(ring, m, sum, sum, turned);
    bf_limb_permute(ring, turned, o1, job->t->perm);
    bf_limb_add(ring, m, sum + n, sum + n, turned);
}

/* acc += one turned term in the extended basis. */
static bf_status sum_term(bf_eval *ev, const bf_ct *a, const turn *t,
                          double *acc)
{
    sum_job job = {ev, a, t, acc};
    bf_ks_source src;
    BF_TRY(bf_ks_open(ev, &src, a, 1));
    bf_status status = bf_ks_for_positions(ev, &src, 3, sum_position, &job);
    bf_ks_close(ev, &src);
    return status;
}

static bf_status sum_compute(bf_eval *ev, bf_ct *res, const bf_ct *const *a,
                             const turn *turns, size_t count)
{
    size_t acc_limbs = 2 * (size_t)bf_ks_positions(ev, res->limbs);
    double *acc = bf_eval_scratch(ev, acc_limbs);
    if (!acc) return BF_ERR_MEMORY;
    memset(acc, 0, acc_limbs * bf_eval_n(ev) * sizeof *acc);
    bf_status status = BF_OK;
    for (size_t i = 0; i < count && status == BF_OK; i++) {
        bf_ct view = *a[i];
        view.limbs = res->limbs;
        if (turns[i].galois != 1) {
            status = sum_term(ev, &view, &turns[i], acc);
            continue;
        }
        bf_ks_lift_add(ev, acc, &view, 0, res->limbs);
        bf_ks_lift_add(ev, acc, &view, 1, res->limbs);
    }
    if (status == BF_OK)
        status = bf_ks_mod_down(ev, acc, res->limbs, false, res);
    bf_eval_scratch_give(ev, acc, acc_limbs);
    return status;
}

bf_status bf_rotate_sum(bf_eval *ev, bf_ct *out, const bf_ct *const *a,
                        const int *r, size_t count)
{
    unsigned limbs = ev->ctx->params.n_q;
    if (count == 0) return bf_fail(BF_ERR_ARGUMENT, "sum of no rotations");
    for (size_t i = 0; i < count; i++) {
        BF_TRY(bf_eval_check(ev, a[i], 2, "sum of rotations"));
        if (fabs(a[i]->scale / a[0]->scale - 1) > 0x1p-20)
            return bf_fail(BF_ERR_MISMATCH, "sum of rotations: scales differ");
        if (a[i]->limbs < limbs) limbs = a[i]->limbs;
    }
    turn *turns = bf_alloc_zero(count * sizeof *turns);
    if (!turns) return BF_ERR_MEMORY;
    bf_ct res = {0};
    bf_status status = bf_eval_new(ev, &res, limbs, 2);
    res.scale = a[0]->scale;
    for (size_t i = 0; i < count && status == BF_OK; i++) {
        uint32_t galois = bf_galois_rotation(ev->ctx, r[i]);
        double ks = 0;
        turns[i].galois = galois;
        if (galois != 1) {
            status = turn_open(ev, &turns[i], galois, limbs, false);
            bf_count_symbolic(ev, limbs, 1, 0);
            ks = ev->ks_noise[limbs];
        }
        res.noise = bf_hypot3(res.noise, a[i]->noise, ks);
        res.bound += a[i]->bound;
    }
    bf_count_symbolic(ev, limbs, 0, 1);
    if (status == BF_OK && ev->keys)
        status = sum_compute(ev, &res, a, turns, count);
    bf_free(turns);
    if (status != BF_OK) {
        bf_eval_release(ev, &res);
        return status;
    }
    bf_move(ev, out, &res);
    return BF_OK;
}
