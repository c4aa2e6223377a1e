#include "ckks/lintrans.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/maximum.h"
#include "base/parallel.h"
#include "ckks/eval_internal.h"

/* ---- making -------------------------------------------------------------- */

static size_t giants_of(const bf_lintrans *t, size_t baby)
{
    return t->index[t->count - 1] / baby + 1;
}

/* *seen[b]: does a diagonal use baby step b? Their number. */
static size_t used_babies(const bf_lintrans *t, size_t baby,
                          bool seen[BF_LINTRANS_BABY_MAX])
{
    size_t n = 0;
    memset(seen, 0, BF_LINTRANS_BABY_MAX * sizeof *seen);
    for (size_t i = 0; i < t->count; i++) {
        size_t b = t->index[i] % baby;
        n += !seen[b];
        seen[b] = true;
    }
    return n;
}

/* A giant step has its own ModUp and ModDown, which baby steps share: a giant
 * step takes four times the work of a baby step at four digits. */
static size_t least_work(const bf_lintrans *t)
{
    size_t best = 1;
    double least = INFINITY;
    bool seen[BF_LINTRANS_BABY_MAX];
    for (size_t n1 = 1; n1 <= BF_LINTRANS_BABY_MAX && n1 * t->stride <= t->dim;
         n1 *= 2) {
        double cost = (double)used_babies(t, n1, seen) +
                      4.0 * (double)giants_of(t, n1);
        if (cost < least) {
            least = cost;
            best = n1;
        }
    }
    return best;
}

/* Coefficients of a diagonal rotated by `r`, scaled and rounded: re and im
 * parts of the subring's embedding, stride N/(2 dim). */
static bf_status integer_coefficients(const bf_lintrans *t,
                                      const bf_diagonal *d, size_t r,
                                      double *work)
{
    size_t n = t->ctx->ring->n, stride = n / (2 * t->dim);
    for (size_t j = 0; j < t->dim; j++) {
        double complex v = d->values[(j + t->dim - r % t->dim) % t->dim];
        work[j] = creal(v);
        work[t->dim + j] = cimag(v);
    }
    BF_TRY(bf_embed_split_inverse(work, work + t->dim,
                                  (unsigned)__builtin_ctzll(t->dim)));
    double factor = t->scale / (double)t->dim;
    double limit = exp2(bf_params_log2_q(&t->ctx->params, t->limbs) - 1);
    for (size_t k = 2 * t->dim; k-- > 0;) {
        double v = rint(work[k] * factor);
        if (!(fabs(v) < limit))
            return bf_fail(BF_ERR_RANGE,
                           "diagonal %zu at scale 2^%.1f: not a number, or a "
                           "coefficient reaches half the modulus",
                           d->index, log2(t->scale));
        work[k] = 0;
        work[k * stride] = v;
    }
    return BF_OK;
}

typedef struct encode_job {
    bf_lintrans *t;
    const bf_diagonal *sorted;
} encode_job;

static bf_status encode_diagonal(void *user, size_t i)
{
    const encode_job *job = user;
    const bf_lintrans *t = job->t;
    const bf_context *ctx = t->ctx;
    const bf_ring *ring = ctx->ring;
    size_t n = ring->n, len = 2 * t->dim;
    unsigned positions = t->limbs + ctx->params.n_p;
    double *work = bf_alloc_zero(2 * n * sizeof *work);
    if (!work) return BF_ERR_MEMORY;
    double *limb = work + n, *out = t->data + i * positions * len;
    size_t r = t->index[i] / t->baby * t->baby * t->stride;
    bf_status status = integer_coefficients(t, &job->sorted[i], r, work);
    for (unsigned p = 0; p < positions && status == BF_OK; p++) {
        unsigned m = p < t->limbs ? p : ctx->params.n_q + p - t->limbs;
        bf_limb_from_double(ring, m, limb, work);
        bf_ntt_forward(ring, m, limb);
        if (len < n)
            bf_limb_compact(ring, out + p * len, limb, n / len);
        else
            memcpy(out + p * len, limb, n * sizeof *limb);
    }
    bf_free(work);
    return status;
}

static int by_index(const void *a, const void *b)
{
    size_t x = ((const bf_diagonal *)a)->index;
    size_t y = ((const bf_diagonal *)b)->index;
    return (x > y) - (x < y);
}

static bf_status fill_shape(bf_lintrans *t, const bf_diagonal *sorted)
{
    t->index = bf_alloc(t->count * sizeof *t->index);
    t->bound = bf_alloc_zero(t->count * sizeof *t->bound);
    if (!t->index || !t->bound) return BF_ERR_MEMORY;
    t->stride = t->dim;
    for (size_t i = 0; i < t->count; i++) {
        size_t d = sorted[i].index;
        if (d >= t->dim || (i && d == sorted[i - 1].index))
            return bf_fail(BF_ERR_ARGUMENT,
                           "diagonal %zu of a map of dimension %zu is out of "
                           "range or repeated",
                           d, t->dim);
        while (d % t->stride) t->stride /= 2;
        if (!sorted[i].values) t->bound[i] = 1;
        for (size_t j = 0; j < t->dim && sorted[i].values; j++)
            t->bound[i] = bf_max(t->bound[i], cabs(sorted[i].values[j]));
        if (!isfinite(t->bound[i]))
            return bf_fail(BF_ERR_RANGE, "diagonal %zu: not a number", d);
    }
    for (size_t i = 0; i < t->count; i++)
        t->index[i] = sorted[i].index / t->stride;
    return BF_OK;
}

static bf_status fill(bf_lintrans *t, const bf_diagonal *sorted,
                      const bf_lintrans_form *form)
{
    BF_TRY(fill_shape(t, sorted));
    t->baby = form->baby ? form->baby : least_work(t);
    t->giants = giants_of(t, t->baby);
    size_t len = 2 * t->dim;
    t->noise = sqrt((double)len / (double)t->ctx->ring->n / 12);
    if (form->symbolic) return BF_OK;
    t->data = bf_alloc(bf_lintrans_bytes(t));
    if (!t->data) return BF_ERR_MEMORY;
    encode_job job = {t, sorted};
    return bf_parallel_for(t->count, false, encode_diagonal, &job);
}

bf_status bf_lintrans_make(bf_lintrans *out, const bf_context *ctx,
                           const bf_diagonal *diagonals, size_t count,
                           size_t dim, const bf_lintrans_form *form)
{
    if (count == 0 || dim == 0 || (dim & (dim - 1)) ||
        dim > ctx->ring->n / 2 || form->limbs < 1 ||
        form->limbs > ctx->params.n_q || form->baby > BF_LINTRANS_BABY_MAX ||
        !(form->scale > 0) || !isfinite(form->scale))
        return bf_fail(BF_ERR_ARGUMENT,
                       "linear map of %zu diagonals, dimension %zu, %u babies, "
                       "scale %g, %u limbs",
                       count, dim, form->baby, form->scale, form->limbs);
    bf_lintrans t = {.ctx = ctx, .dim = dim, .count = count,
                     .limbs = form->limbs, .scale = form->scale};
    bf_diagonal *sorted = bf_alloc(count * sizeof *sorted);
    if (!sorted) return BF_ERR_MEMORY;
    memcpy(sorted, diagonals, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_index);
    bf_status status = fill(&t, sorted, form);
    bf_free(sorted);
    if (status != BF_OK) {
        bf_lintrans_clear(&t);
        return status;
    }
    *out = t;
    return BF_OK;
}

/* Diagonal d of the matrix; false when it is zero. */
static bool extract(double complex *out, const double complex *matrix,
                    size_t dim, size_t d)
{
    bool any = false;
    for (size_t j = 0; j < dim; j++) {
        out[j] = matrix[j * dim + (j + d) % dim];
        any |= out[j] != 0;
    }
    return any;
}

bf_status bf_lintrans_matrix(bf_lintrans *out, const bf_context *ctx,
                             const double complex *matrix, size_t dim,
                             const bf_lintrans_form *form)
{
    size_t cells;
    if (dim == 0 || dim > ctx->ring->n / 2 || !bf_mul_size(dim, dim, &cells))
        return bf_fail(BF_ERR_ARGUMENT, "linear map of dimension %zu", dim);
    double complex *values = bf_alloc(cells * sizeof *values);
    bf_diagonal *d = bf_alloc(dim * sizeof *d);
    bf_status status = values && d ? BF_OK : BF_ERR_MEMORY;
    size_t count = 0;
    for (size_t k = 0; k < dim && status == BF_OK; k++) {
        d[count] = (bf_diagonal){k, values + k * dim};
        count += extract(values + k * dim, matrix, dim, k);
    }
    if (status == BF_OK)
        status = bf_lintrans_make(out, ctx, d, count, dim, form);
    bf_free(values);
    bf_free(d);
    return status;
}

void bf_lintrans_clear(bf_lintrans *t)
{
    bf_free(t->index);
    bf_free(t->bound);
    bf_free(t->data);
    *t = (bf_lintrans){0};
}

size_t bf_lintrans_bytes(const bf_lintrans *t)
{
    if (!t->ctx) return 0;
    size_t positions = t->limbs + t->ctx->params.n_p;
    return t->count * positions * 2 * t->dim * sizeof *t->data;
}

size_t bf_lintrans_work_bytes(const bf_lintrans *t, unsigned threads)
{
    if (!t->ctx) return 0;
    size_t positions = t->limbs + t->ctx->params.n_p;
    size_t limbs = t->giants * positions * 2 + threads * 2 * (t->baby + 1);
    return limbs * t->ctx->ring->n * sizeof *t->data;
}

void bf_lintrans_rotations(const bf_lintrans *t, int *r, size_t *count)
{
    size_t room = r ? *count : 0, n = 0;
    bool seen[BF_LINTRANS_BABY_MAX];
    used_babies(t, t->baby, seen);
    for (size_t b = 1; b < t->baby; b++) {
        if (!seen[b]) continue;
        if (n < room) r[n] = (int)(b * t->stride);
        n++;
    }
    if (t->giants > 1) {
        if (n < room) r[n] = (int)(t->baby * t->stride);
        n++;
    }
    *count = n;
}

/* ---- applying ------------------------------------------------------------ */

typedef struct step {
    size_t by; /* in strides */
    const bf_switch_key *key;
    bf_perm perm;
} step;

typedef struct apply_job {
    bf_eval *ev;
    const bf_lintrans *t;
    bf_ct a; /* a view */
    step babies[BF_LINTRANS_BABY_MAX];
    size_t baby_count, place[BF_LINTRANS_BABY_MAX]; /* step -> babies[] */
    step giant;
    size_t *begin; /* [giants + 1] ranges of diagonals */
    double **acc;  /* [giants] accumulators, [position][2][N] */
    bf_ct giant_in; /* what the giant step at hand rotates, */
    double *into;  /* and adds to */
} apply_job;

static void give_acc(apply_job *job, size_t g)
{
    size_t limbs = 2 * (size_t)bf_ks_positions(job->ev, job->a.limbs);
    if (job->acc) bf_eval_scratch_give(job->ev, job->acc[g], limbs);
    if (job->acc) job->acc[g] = NULL;
}

static void apply_close(apply_job *job)
{
    for (size_t g = 0; g < job->t->giants; g++) give_acc(job, g);
    bf_eval_release(job->ev, &job->giant_in);
    bf_free(job->begin);
    bf_free(job->acc);
}

static bf_status open_step(apply_job *job, step *s, size_t by)
{
    s->by = by;
    if (by == 0) return BF_OK;
    uint32_t galois =
        bf_galois_rotation(job->ev->ctx, (int)(by * job->t->stride));
    BF_TRY(bf_eval_key(job->ev, bf_key_galois(galois), job->a.limbs, &s->key));
    return job->ev->keys ? bf_eval_perm(job->ev, galois, &s->perm) : BF_OK;
}

/* Requests the key for every giant step, so that each is counted. */
static bf_status open_steps(apply_job *job)
{
    const bf_lintrans *t = job->t;
    bool seen[BF_LINTRANS_BABY_MAX];
    used_babies(t, t->baby, seen);
    for (size_t b = 0; b < t->baby; b++) {
        if (!seen[b]) continue;
        job->place[b] = job->baby_count;
        BF_TRY(open_step(job, &job->babies[job->baby_count++], b));
    }
    for (size_t g = 1; g < t->giants; g++)
        BF_TRY(open_step(job, &job->giant, t->baby));
    bf_count(&job->ev->counters.plain_products, t->count);
    bf_count_symbolic(job->ev, job->a.limbs, t->giants, t->giants);
    return BF_OK;
}

static bf_status open_sums(apply_job *job)
{
    const bf_lintrans *t = job->t;
    size_t limbs = 2 * (size_t)bf_ks_positions(job->ev, job->a.limbs), i = 0;
    job->begin = bf_alloc((t->giants + 1) * sizeof *job->begin);
    job->acc = bf_alloc_zero(t->giants * sizeof *job->acc);
    if (!job->begin || !job->acc) return BF_ERR_MEMORY;
    for (size_t g = 0; g < t->giants; g++) {
        while (i < t->count && t->index[i] / t->baby < g) i++;
        job->begin[g] = i;
        job->acc[g] = bf_eval_scratch(job->ev, limbs);
        if (!job->acc[g]) return BF_ERR_MEMORY;
    }
    job->begin[t->giants] = t->count;
    return BF_OK;
}

/* u[2k], u[2k+1] = P rot_b(a) at one position, for baby k. */
static void baby_rotations(const apply_job *job, const bf_ks_piece *piece,
                           double *u, double *t0)
{
    bf_eval *ev = job->ev;
    const bf_ring *ring = ev->ctx->ring;
    size_t n = ring->n;
    unsigned p = piece->position, m = piece->modulus;
    bool in_q = p < job->a.limbs;
    for (size_t k = 0; k < job->baby_count; k++) {
        const step *b = &job->babies[k];
        double *u0 = u + 2 * k * n, *u1 = u0 + n, *t1 = t0 + n;
        if (b->by) {
            bf_ks_inner(ev, piece, &b->key, t0, t1);
            bf_ks_lift_add(ev, piece, t0, &job->a, 0);
            bf_limb_permute(ring, u0, t0, b->perm.index);
            bf_limb_permute(ring, u1, t1, b->perm.index);
        } else if (in_q) {
            bf_limb_mul_const(ring, m, u0, bf_ct_limb(&job->a, 0, p, n),
                              ev->p_mul[p]);
            bf_limb_mul_const(ring, m, u1, bf_ct_limb(&job->a, 1, p, n),
                              ev->p_mul[p]);
        } else {
            memset(u0, 0, 2 * n * sizeof *u0);
        }
    }
}

/* w_g at one position, row by row: rows of diagonals are expanded into a buffer
 * that stays in cache. */
static void giant_sum(const apply_job *job, unsigned p, size_t g,
                      const double *u, double *rows)
{
    const bf_lintrans *t = job->t;
    const bf_ring *ring = job->ev->ctx->ring;
    size_t n = ring->n, len = 2 * t->dim, gap = n / len, first = job->begin[g];
    unsigned limbs = job->a.limbs, m = bf_ks_modulus(job->ev, limbs, p);
    unsigned positions = t->limbs + job->ev->ctx->params.n_p;
    unsigned row = p < limbs ? p : t->limbs + p - limbs;
    unsigned terms = (unsigned)(job->begin[g + 1] - first);
    double *acc = bf_ks_acc(job->ev, job->acc[g], p, 0);
    const double *d[BF_LINTRANS_BABY_MAX], *u0[BF_LINTRANS_BABY_MAX],
        *u1[BF_LINTRANS_BABY_MAX];
    if (terms == 0) memset(acc, 0, 2 * n * sizeof *acc);
    for (size_t at = 0; at < n && terms; at += BF_ROW_LEN) {
        for (unsigned k = 0; k < terms; k++) {
            const double *c = t->data + ((first + k) * positions + row) * len;
            double *x = rows + k * BF_ROW_LEN;
            if (gap > 1) bf_span_expand(x, c, gap, at, BF_ROW_LEN);
            d[k] = gap > 1 ? x : c + at;
            u0[k] = u + 2 * job->place[t->index[first + k] % t->baby] * n + at;
            u1[k] = u0[k] + n;
        }
        bf_span_dot2(ring, m, acc + at, acc + n + at, d, u0, u1, terms,
                     BF_ROW_LEN);
    }
}

static void baby_position(void *user, const bf_ks_piece *piece, double *scratch)
{
    const apply_job *job = user;
    size_t n = bf_eval_n(job->ev);
    double *u = scratch + 2 * n, *rows = u + 2 * job->baby_count * n;
    baby_rotations(job, piece, u, scratch);
    for (size_t g = 0; g < job->t->giants; g++)
        giant_sum(job, piece->position, g, u, rows);
}

/* into += rot(giant_in), in the extended basis. */
static void giant_row(void *user, const bf_ks_piece *piece, double *scratch)
{
    const apply_job *job = user;
    const bf_ring *ring = job->ev->ctx->ring;
    const bf_perm *perm = &job->giant.perm;
    size_t n = piece->len, to = perm->row[piece->first / n];
    double row[2][BF_ROW_LEN] __attribute__((aligned(BF_ALIGN)));
    double permuted[BF_ROW_LEN] __attribute__((aligned(BF_ALIGN)));
    (void)scratch;
    bf_ks_inner(job->ev, piece, &job->giant.key, row[0], row[1]);
    bf_ks_lift_add(job->ev, piece, row[0], &job->giant_in, 0);
    for (unsigned k = 0; k < 2; k++) {
        double *sum = bf_ks_acc(job->ev, job->into, piece->position, k) + to;
        bf_span_permute(ring, permuted, row[k], perm->index + to, n);
        bf_span_add(ring, piece->modulus, sum, sum, permuted, n);
    }
}

static bf_status all_positions(apply_job *job, const bf_ct *of,
                               const bf_ks_work *work)
{
    bf_ks_source src;
    BF_TRY(bf_ks_open(job->ev, &src, of, 1, 1));
    bf_status status = bf_ks_for_positions(job->ev, &src, work);
    bf_ks_close(job->ev, &src);
    return status;
}

static bf_status apply_compute(apply_job *job, bf_ct *res, bool rescale)
{
    bf_eval *ev = job->ev;
    size_t n = bf_eval_n(ev), rows = job->t->baby * BF_ROW_LEN;
    bf_ks_work babies = {.whole = baby_position,
                         .user = job,
                         .scratch =
                             2 + 2 * job->baby_count + (rows + n - 1) / n};
    bf_ks_work giant = {.row = giant_row, .user = job};
    BF_TRY(open_sums(job));
    BF_TRY(all_positions(job, &job->a, &babies));
    for (size_t g = job->t->giants; g-- > 1;) {
        BF_TRY(bf_ks_mod_down(ev, job->acc[g], job->a.limbs, false,
                              &job->giant_in, NULL));
        give_acc(job, g);
        job->into = job->acc[g - 1];
        BF_TRY(all_positions(job, &job->giant_in, &giant));
    }
    return bf_ks_mod_down(ev, job->acc[0], job->a.limbs, rescale, res, NULL);
}

/* In the basis q+P a rotation has only the error of its key; every giant step
 * adds a rounding, and the last ModDown adds one. */
static void apply_metadata(const apply_job *job, bf_ct *res)
{
    const bf_lintrans *t = job->t;
    const bf_ct *a = &job->a;
    double ks = job->ev->ks_noise[a->limbs];
    double rounding = bf_noise_rounding(job->ev->ctx);
    double key = sqrt(fmax(0, ks * ks - rounding * rounding));
    res->scale = a->scale * t->scale;
    res->noise = ks * sqrt((double)(t->giants - 1));
    for (size_t i = 0; i < t->count; i++) {
        double u = hypot(a->noise, t->index[i] % t->baby ? key : 0);
        res->noise = bf_hypot3(res->noise, t->bound[i] * t->scale * u,
                               a->bound * a->scale * t->noise);
        res->bound += t->bound[i] * a->bound;
    }
    if (res->limbs < a->limbs) {
        double q = (double)job->ev->ctx->params.q[res->limbs];
        res->scale /= q;
        res->noise /= q;
        bf_count(&job->ev->counters.rescales, 1);
    }
    res->noise = hypot(res->noise, rounding);
}

static bf_status apply(bf_eval *ev, bf_ct *out, const bf_ct *a,
                       const bf_lintrans *t, bool rescale)
{
    BF_TRY(bf_eval_check(ev, a, 2, "linear map"));
    if (t->ctx != ev->ctx || !t->data != !ev->keys)
        return bf_fail(BF_ERR_MISMATCH, "linear map: of other parameters, or "
                       "symbolic where the evaluator is not");
    apply_job job = {.ev = ev, .t = t, .a = *a};
    if (job.a.limbs > t->limbs) job.a.limbs = t->limbs;
    if (rescale && job.a.limbs < 2)
        return bf_fail(BF_ERR_ARGUMENT, "rescale: no level left");
    bf_ct res = {0};
    bf_status status;
    BF_GOTO(open_steps(&job), done);
    if (t->giants > 1)
        BF_GOTO(bf_eval_new(ev, &job.giant_in, job.a.limbs, 2), done);
    BF_GOTO(bf_eval_new(ev, &res, job.a.limbs - rescale, 2), done);
    apply_metadata(&job, &res);
    if (ev->keys) BF_GOTO(apply_compute(&job, &res, rescale), done);
    bf_move(ev, out, &res);
done:
    bf_eval_release(ev, &res);
    apply_close(&job);
    return status;
}

bf_status bf_lintrans_apply(bf_eval *ev, bf_ct *out, const bf_ct *a,
                            const bf_lintrans *t)
{
    return apply(ev, out, a, t, false);
}

bf_status bf_lintrans_apply_rescale(bf_eval *ev, bf_ct *out, const bf_ct *a,
                                    const bf_lintrans *t)
{
    return apply(ev, out, a, t, true);
}
