/* Automorphisms: key switch from s to phi_{1/g}(s), then X -> X^g on the
 * result. The key switch does not depend on g before the inner product, so
 * rotations of one ciphertext share it ([HS18] hoisting). */
#include <math.h>
#include <string.h>

#include "ckks/eval_internal.h"

enum { HOIST_BATCH = 8 }; /* accumulators alive at a time */

/* An automorphism in progress, and the sums of its inner product. */
typedef struct hoisted {
    const bf_switch_key *key;
    bf_perm perm;
    double *acc; /* [position][2][N] */
} hoisted;

static bf_status hoisted_open(bf_eval *ev, hoisted *h, uint32_t galois,
                              unsigned limbs)
{
    memset(h, 0, sizeof *h);
    BF_TRY(bf_eval_key(ev, bf_key_galois(galois), limbs, &h->key));
    if (!ev->keys) return BF_OK;
    BF_TRY(bf_eval_perm(ev, galois, &h->perm));
    h->acc = bf_eval_scratch(ev, 2 * (size_t)bf_ks_positions(ev, limbs));
    return h->acc ? BF_OK : BF_ERR_MEMORY;
}

static void hoisted_close(bf_eval *ev, hoisted *h, unsigned limbs)
{
    bf_eval_scratch_give(ev, h->acc, 2 * (size_t)bf_ks_positions(ev, limbs));
    h->acc = NULL;
}

typedef struct inner_job {
    bf_eval *ev;
    const hoisted *image;
    size_t count;
} inner_job;

static void inner_row(void *user, const bf_ks_piece *piece, double *scratch)
{
    const inner_job *job = user;
    (void)scratch;
    for (size_t r = 0; r < job->count; r++) {
        const hoisted *h = &job->image[r];
        double *acc = bf_ks_acc(job->ev, h->acc, piece->position, 0);
        bf_ks_inner(job->ev, piece, &h->key, acc + piece->first,
                    acc + bf_eval_n(job->ev) + piece->first);
    }
}

static bf_status batch_compute(bf_eval *ev, bf_ct *res, const bf_ct *a,
                               hoisted *image, size_t count)
{
    bf_ks_source src;
    BF_TRY(bf_ks_open(ev, &src, a, 1, 1));
    inner_job job = {ev, image, count};
    bf_ks_work work = {.row = inner_row, .user = &job};
    bf_status status = bf_ks_for_positions(ev, &src, &work);
    bf_ks_close(ev, &src);
    for (size_t r = 0; r < count && status == BF_OK; r++) {
        bf_ks_automorphism finish = {image[r].perm, a};
        status =
            bf_ks_mod_down(ev, image[r].acc, a->limbs, false, &res[r], &finish);
    }
    return status;
}

/* Up to HOIST_BATCH automorphisms of one ciphertext; none is the identity. */
static bf_status automorphism_batch(bf_eval *ev, bf_ct *out, const bf_ct *a,
                                    const uint32_t *galois, size_t count)
{
    hoisted image[HOIST_BATCH] = {{0}};
    bf_ct res[HOIST_BATCH] = {{0}};
    bf_status status = BF_OK;
    for (size_t r = 0; r < count && status == BF_OK; r++) {
        status = hoisted_open(ev, &image[r], galois[r], a->limbs);
        if (status == BF_OK) status = bf_eval_new(ev, &res[r], a->limbs, 2);
        res[r].scale = a->scale;
        res[r].noise = hypot(a->noise, ev->ks_noise[a->limbs]);
        res[r].bound = a->bound;
    }
    bf_count_symbolic(ev, a->limbs, 1, count);
    if (status == BF_OK && ev->keys)
        status = batch_compute(ev, res, a, image, count);
    for (size_t r = 0; r < count; r++) {
        hoisted_close(ev, &image[r], a->limbs);
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
    for (size_t i = 0; i < count; i++)
        if (&out[i] == a)
            return bf_fail(BF_ERR_ARGUMENT,
                           "rotations: result %zu is the input", i);
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

/* ---- sums ---------------------------------------------------------------- */

/* A term of three polynomials is relinearised in the same step: the second
 * polynomial is switched from s and the third from s^2 to phi_{1/g}(s), both in
 * one inner product. */
typedef struct term {
    bf_ct a; /* a view of the term, at the limbs of the sum */
    const bf_switch_key *keys[2]; /* of polynomials first.. */
    unsigned first, polys;        /* to switch; polys = 0: none */
    bf_perm perm;
} term;

static bf_status term_key(bf_eval *ev, term *t, bf_key_name name,
                          unsigned limbs)
{
    return bf_eval_key(ev, name, limbs, &t->keys[t->polys++]);
}

static bf_status term_open(bf_eval *ev, term *t, const bf_ct *a, int r,
                           unsigned limbs)
{
    uint32_t g = bf_galois_rotation(ev->ctx, r);
    *t = (term){.a = *a, .first = g == 1 ? 2 : 1};
    t->a.limbs = limbs;
    if (g != 1) BF_TRY(term_key(ev, t, bf_key_galois(g), limbs));
    if (a->polys == 3)
        BF_TRY(term_key(ev, t, bf_key_from_square(g), limbs));
    bf_count_symbolic(ev, limbs, t->polys, 0);
    return g != 1 && ev->keys ? bf_eval_perm(ev, g, &t->perm) : BF_OK;
}

typedef struct sum_job {
    bf_eval *ev;
    const term *t;
    double *acc;
    bool first; /* acc holds nothing yet */
} sum_job;

static void sum_row(void *user, const bf_ks_piece *piece, double *scratch)
{
    const sum_job *job = user;
    const bf_perm *perm = &job->t->perm;
    const bf_ring *ring = job->ev->ctx->ring;
    size_t n = piece->len, to = piece->first;
    double row[2][BF_ROW_LEN] __attribute__((aligned(BF_ALIGN)));
    double permuted[BF_ROW_LEN] __attribute__((aligned(BF_ALIGN)));
    (void)scratch;
    bf_ks_inner(job->ev, piece, job->t->keys, row[0], row[1]);
    for (unsigned k = 0; k < job->t->first; k++)
        bf_ks_lift_add(job->ev, piece, row[k], &job->t->a, k);
    if (perm->index) to = perm->row[piece->first / n];
    for (unsigned k = 0; k < 2; k++) {
        const double *o = row[k];
        double *sum = bf_ks_acc(job->ev, job->acc, piece->position, k) + to;
        if (perm->index) {
            bf_span_permute(ring, permuted, o, perm->index + to, n);
            o = permuted;
        }
        if (job->first)
            memcpy(sum, o, n * sizeof *o);
        else
            bf_span_add(ring, piece->modulus, sum, sum, o, n);
    }
}

/* acc += one term in the extended basis; the first term initialises acc. */
static bf_status sum_term(bf_eval *ev, const term *t, double *acc, bool first)
{
    sum_job job = {ev, t, acc, first};
    bf_ks_work work = {.row = sum_row, .user = &job};
    bf_ks_source src;
    BF_TRY(bf_ks_open(ev, &src, &t->a, t->first, t->polys));
    bf_status status = bf_ks_for_positions(ev, &src, &work);
    bf_ks_close(ev, &src);
    return status;
}

/* acc += P a, for a term that is not switched. */
typedef struct lift_job {
    bf_eval *ev;
    const bf_ct *a;
    double *acc;
} lift_job;

static void lift_limb(void *user, size_t index)
{
    const lift_job *job = user;
    bf_eval *ev = job->ev;
    unsigned i = (unsigned)index;
    bf_ks_piece piece = {NULL, i, i, 0, bf_eval_n(ev), NULL};
    for (unsigned k = 0; k < 2; k++)
        bf_ks_lift_add(ev, &piece, bf_ks_acc(ev, job->acc, i, k), job->a, k);
}

static void sum_lift(bf_eval *ev, const bf_ct *a, double *acc)
{
    lift_job job = {ev, a, acc};
    bf_parallel(a->limbs, lift_limb, &job);
}

static bf_status sum_terms(bf_eval *ev, const term *terms, size_t count,
                           double *acc)
{
    bool first = true;
    for (size_t i = 0; i < count; i++) {
        if (!terms[i].polys) continue;
        BF_TRY(sum_term(ev, &terms[i], acc, first));
        first = false;
    }
    if (first)
        memset(acc, 0, 2 * (size_t)bf_ks_positions(ev, terms[0].a.limbs) *
                           bf_eval_n(ev) * sizeof *acc);
    for (size_t i = 0; i < count; i++)
        if (!terms[i].polys) sum_lift(ev, &terms[i].a, acc);
    return BF_OK;
}

static bf_status sum_compute(bf_eval *ev, bf_ct *res, const term *terms,
                             size_t count)
{
    size_t acc_limbs = 2 * (size_t)bf_ks_positions(ev, res->limbs);
    double *acc = bf_eval_scratch(ev, acc_limbs);
    if (!acc) return BF_ERR_MEMORY;
    bf_status status = sum_terms(ev, terms, count, acc);
    if (status == BF_OK)
        status = bf_ks_mod_down(ev, acc, res->limbs, false, res, NULL);
    bf_eval_scratch_give(ev, acc, acc_limbs);
    return status;
}

/* Noise of a term's key switches: from s if the term is rotated, and from s^2
 * if the term has three polynomials. */
static double term_noise(const bf_eval *ev, const bf_ct *a, int r,
                         unsigned limbs)
{
    double linear =
        bf_galois_rotation(ev->ctx, r) != 1 ? ev->ks_noise[limbs] : 0;
    return hypot(linear, a->polys == 3 ? ev->square_noise[limbs] : 0);
}

bf_status bf_rotate_sum(bf_eval *ev, bf_ct *out, const bf_ct *const *a,
                        const int *r, size_t count)
{
    unsigned limbs = ev->ctx->params.n_q;
    if (count == 0) return bf_fail(BF_ERR_ARGUMENT, "sum of no rotations");
    for (size_t i = 0; i < count; i++) {
        BF_TRY(bf_eval_check(ev, a[i], 3, "sum of rotations"));
        BF_TRY(bf_eval_check_scales(a[0]->scale, a[i]->scale,
                                    "sum of rotations"));
        if (a[i]->limbs < limbs) limbs = a[i]->limbs;
    }
    term *terms = bf_alloc_zero(count * sizeof *terms);
    if (!terms) return BF_ERR_MEMORY;
    bf_ct res = {0};
    bf_status status = bf_eval_new(ev, &res, limbs, 2);
    res.scale = a[0]->scale;
    for (size_t i = 0; i < count && status == BF_OK; i++) {
        status = term_open(ev, &terms[i], a[i], r[i], limbs);
        double ks = term_noise(ev, a[i], r[i], limbs);
        res.noise = bf_hypot3(res.noise, a[i]->noise, ks);
        res.bound += a[i]->bound;
    }
    bf_count_symbolic(ev, limbs, 0, 1);
    if (status == BF_OK && ev->keys)
        status = sum_compute(ev, &res, terms, count);
    bf_free(terms);
    if (status != BF_OK) {
        bf_eval_release(ev, &res);
        return status;
    }
    bf_move(ev, out, &res);
    return BF_OK;
}
