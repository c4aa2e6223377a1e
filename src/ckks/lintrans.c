#include "ckks/lintrans.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ckks/eval_internal.h"

/* ---- making -------------------------------------------------------------- */

static size_t used_babies(const bf_lintrans *t)
{
    bool seen[BF_LINTRANS_BABY_MAX] = {false};
    size_t n = 0;
    for (size_t i = 0; i < t->count; i++) {
        size_t b = t->index[i] % t->baby;
        n += !seen[b];
        seen[b] = true;
    }
    return n;
}

/* Giant steps, their diagonals being neighbours in the list. */
static size_t used_giants(const bf_lintrans *t)
{
    size_t n = 0;
    for (size_t i = 0; i < t->count; i++)
        n += i == 0 || t->index[i] / t->baby != t->index[i - 1] / t->baby;
    return n;
}

/* A giant step decomposes and divides, which a baby step shares: three times
 * the work at three digits. */
static void choose_baby(bf_lintrans *t)
{
    size_t best = 1;
    double least = INFINITY;
    for (t->baby = 1; t->baby <= BF_LINTRANS_BABY_MAX && t->baby <= t->dim;
         t->baby *= 2) {
        double cost = (double)used_babies(t) + 3.0 * (double)used_giants(t);
        if (cost < least) {
            least = cost;
            best = t->baby;
        }
    }
    t->baby = best;
}

/* Coefficients of a diagonal turned by `turn`, scaled and rounded: re and im
 * parts of the subring's embedding, stride N/(2 dim). */
static bf_status integer_coefficients(const bf_lintrans *t,
                                      const bf_diagonal *d, size_t turn,
                                      double *work)
{
    size_t n = t->ctx->ring->n, stride = n / (2 * t->dim);
    for (size_t j = 0; j < t->dim; j++) {
        double complex v = d->values[(j + t->dim - turn % t->dim) % t->dim];
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

static bf_status encode_diagonal(bf_lintrans *t, const bf_diagonal *d, size_t i)
{
    const bf_context *ctx = t->ctx;
    const bf_ring *ring = ctx->ring;
    unsigned positions = t->limbs + ctx->params.n_p;
    double *work = bf_alloc_zero(ring->n * sizeof *work);
    if (!work) return BF_ERR_MEMORY;
    double *out = t->data + i * positions * ring->n;
    bf_status status =
        integer_coefficients(t, d, d->index / t->baby * t->baby, work);
    for (unsigned p = 0; p < positions && status == BF_OK; p++) {
        unsigned m = p < t->limbs ? p : ctx->params.n_q + p - t->limbs;
        bf_limb_from_double(ring, m, out + p * ring->n, work);
        bf_ntt_forward(ring, m, out + p * ring->n);
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

static bf_status fill(bf_lintrans *t, const bf_diagonal *sorted, bool symbolic)
{
    size_t n = t->ctx->ring->n;
    unsigned positions = t->limbs + t->ctx->params.n_p;
    t->index = bf_alloc(t->count * sizeof *t->index);
    t->bound = bf_alloc_zero(t->count * sizeof *t->bound);
    if (!t->index || !t->bound) return BF_ERR_MEMORY;
    for (size_t i = 0; i < t->count; i++) {
        t->index[i] = sorted[i].index;
        if (t->index[i] >= t->dim || (i && t->index[i] == t->index[i - 1]))
            return bf_fail(BF_ERR_ARGUMENT,
                           "diagonal %zu of a map of dimension %zu is out of "
                           "range or repeated",
                           t->index[i], t->dim);
        for (size_t j = 0; j < t->dim; j++)
            t->bound[i] = fmax(t->bound[i], cabs(sorted[i].values[j]));
    }
    choose_baby(t);
    t->noise = sqrt(2 * (double)t->dim / (double)n / 12);
    if (symbolic) return BF_OK;
    t->data = bf_alloc(t->count * positions * n * sizeof *t->data);
    if (!t->data) return BF_ERR_MEMORY;
    for (size_t i = 0; i < t->count; i++)
        BF_TRY(encode_diagonal(t, &sorted[i], i));
    return BF_OK;
}

bf_status bf_lintrans_make(bf_lintrans *out, const bf_context *ctx,
                           const bf_diagonal *diagonals, size_t count,
                           size_t dim, double scale, unsigned limbs,
                           bool symbolic)
{
    if (count == 0 || dim == 0 || (dim & (dim - 1)) ||
        dim > ctx->ring->n / 2 || limbs < 1 || limbs > ctx->params.n_q ||
        !(scale > 0) || !isfinite(scale))
        return bf_fail(BF_ERR_ARGUMENT,
                       "linear map of %zu diagonals, dimension %zu, scale %g, "
                       "%u limbs",
                       count, dim, scale, limbs);
    bf_lintrans t = {.ctx = ctx, .dim = dim, .count = count, .limbs = limbs,
                     .scale = scale};
    bf_diagonal *sorted = bf_alloc(count * sizeof *sorted);
    if (!sorted) return BF_ERR_MEMORY;
    memcpy(sorted, diagonals, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_index);
    bf_status status = fill(&t, sorted, symbolic);
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
                             double scale, unsigned limbs, bool symbolic)
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
        status = bf_lintrans_make(out, ctx, d, count, dim, scale, limbs,
                                  symbolic);
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

void bf_lintrans_rotations(const bf_lintrans *t, int *r, size_t *count)
{
    size_t room = r ? *count : 0, n = 0, last = 0;
    bool seen[BF_LINTRANS_BABY_MAX] = {true};
    for (size_t i = 0; i < t->count; i++) {
        size_t b = t->index[i] % t->baby, giant = t->index[i] - b;
        if (!seen[b]) {
            if (n < room) r[n] = (int)b;
            n++;
        }
        seen[b] = true;
        if (giant != last) {
            if (n < room) r[n] = (int)giant;
            n++;
        }
        last = giant;
    }
    *count = n;
}

/* ---- applying ------------------------------------------------------------ */

typedef struct baby {
    size_t step;
    const bf_switch_key *key; /* NULL for step 0 */
    bf_perm perm;
} baby;

typedef struct apply_job {
    bf_eval *ev;
    const bf_lintrans *t;
    const bf_ct *a; /* at `limbs` */
    unsigned limbs;
    baby babies[BF_LINTRANS_BABY_MAX];
    size_t baby_count, place[BF_LINTRANS_BABY_MAX]; /* step -> babies[] */
    size_t giants;
    size_t *begin; /* [giants + 1] ranges of diagonals */
    double **acc;  /* [giants] accumulators, [position][2][N] */
    bf_ct *sum;    /* [giants] */
    const bf_ct **sums;
    int *rotation;
} apply_job;

static void apply_close(apply_job *job)
{
    size_t limbs = 2 * (size_t)bf_ks_positions(job->ev, job->limbs);
    for (size_t g = 0; g < job->giants; g++) {
        if (job->acc) bf_eval_scratch_give(job->ev, job->acc[g], limbs);
        if (job->sum) bf_eval_release(job->ev, &job->sum[g]);
    }
    bf_free(job->begin);
    bf_free(job->acc);
    bf_free(job->sum);
    bf_free(job->sums);
    bf_free(job->rotation);
}

static bf_status open_babies(apply_job *job)
{
    bool seen[BF_LINTRANS_BABY_MAX] = {false};
    for (size_t i = 0; i < job->t->count; i++)
        seen[job->t->index[i] % job->t->baby] = true;
    for (size_t b = 0; b < job->t->baby; b++) {
        if (!seen[b]) continue;
        baby *k = &job->babies[job->baby_count];
        job->place[b] = job->baby_count++;
        k->step = b;
        if (b == 0) continue;
        uint32_t galois = bf_galois_rotation(job->ev->ctx, (int)b);
        BF_TRY(bf_eval_key(job->ev, bf_key_galois(galois), job->limbs,
                           &k->key));
        if (job->ev->keys) BF_TRY(bf_eval_perm(job->ev, galois, &k->perm));
    }
    return BF_OK;
}

static bf_status open_giants(apply_job *job)
{
    const bf_lintrans *t = job->t;
    size_t giants = used_giants(t), g = 0;
    job->begin = bf_alloc((giants + 1) * sizeof *job->begin);
    job->acc = bf_alloc_zero(giants * sizeof *job->acc);
    job->sum = bf_alloc_zero(giants * sizeof *job->sum);
    job->sums = bf_alloc(giants * sizeof *job->sums);
    job->rotation = bf_alloc(giants * sizeof *job->rotation);
    if (!job->begin || !job->acc || !job->sum || !job->sums || !job->rotation)
        return BF_ERR_MEMORY;
    job->giants = giants;
    for (size_t i = 0; i < t->count; i++)
        if (i == 0 || t->index[i] / t->baby != t->index[i - 1] / t->baby) {
            job->rotation[g] = (int)(t->index[i] / t->baby * t->baby);
            job->sums[g] = &job->sum[g];
            job->begin[g++] = i;
        }
    job->begin[g] = t->count;
    return BF_OK;
}

/* What sums of diagonals times baby rotations come to. A rotation has the
 * errors of its key only: it stays in the basis q+P, and the sum is rounded. */
static bf_status open_sums(apply_job *job)
{
    const bf_lintrans *t = job->t;
    size_t limbs = 2 * (size_t)bf_ks_positions(job->ev, job->limbs);
    double ks = bf_noise_key_switch(job->ev->ctx, job->limbs);
    double rounding = bf_noise_rounding(job->ev->ctx);
    double key = sqrt(fmax(0, ks * ks - rounding * rounding));
    for (size_t g = 0; g < job->giants; g++) {
        bf_ct *s = &job->sum[g];
        BF_TRY(bf_eval_new(job->ev, s, job->limbs, 2));
        s->scale = job->a->scale * t->scale;
        s->noise = rounding;
        for (size_t i = job->begin[g]; i < job->begin[g + 1]; i++) {
            bool turned = t->index[i] % t->baby != 0;
            double u = hypot(job->a->noise, turned ? key : 0);
            s->noise = bf_hypot3(s->noise, t->bound[i] * t->scale * u,
                                 job->a->bound * job->a->scale * t->noise);
            s->bound += t->bound[i] * job->a->bound;
        }
        if (!job->ev->keys) continue;
        job->acc[g] = bf_eval_scratch(job->ev, limbs);
        if (!job->acc[g]) return BF_ERR_MEMORY;
    }
    bf_count(&job->ev->counters.plain_products, t->count);
    bf_count_symbolic(job->ev, job->limbs, 1, job->giants);
    return BF_OK;
}

/* u[2k], u[2k+1] = P rot_b(a) at one position, for baby k. */
static void baby_turns(const apply_job *job, const bf_ks_piece *piece,
                       double *u, double *t0)
{
    bf_eval *ev = job->ev;
    const bf_ring *ring = ev->ctx->ring;
    size_t n = ring->n;
    unsigned p = piece->position, m = piece->modulus;
    bool in_q = p < job->limbs;
    for (size_t k = 0; k < job->baby_count; k++) {
        const baby *b = &job->babies[k];
        double *u0 = u + 2 * k * n, *u1 = u0 + n, *t1 = t0 + n;
        if (b->step) {
            bf_ks_inner(ev, piece, &b->key, t0, t1);
            bf_ks_lift_add(ev, piece, t0, job->a, 0);
            bf_limb_permute(ring, u0, t0, b->perm.index);
            bf_limb_permute(ring, u1, t1, b->perm.index);
        } else if (in_q) {
            bf_limb_mul_const(ring, m, u0, bf_ct_limb(job->a, 0, p, n),
                              ev->p_mul[p]);
            bf_limb_mul_const(ring, m, u1, bf_ct_limb(job->a, 1, p, n),
                              ev->p_mul[p]);
        } else {
            memset(u0, 0, 2 * n * sizeof *u0);
        }
    }
}

static void giant_sums(const apply_job *job, unsigned p, const double *u)
{
    const bf_lintrans *t = job->t;
    const bf_ring *ring = job->ev->ctx->ring;
    size_t n = ring->n;
    unsigned positions = t->limbs + job->ev->ctx->params.n_p;
    unsigned row = p < job->limbs ? p : t->limbs + p - job->limbs;
    for (size_t g = 0; g < job->giants; g++) {
        const double *d[BF_LINTRANS_BABY_MAX], *u0[BF_LINTRANS_BABY_MAX],
            *u1[BF_LINTRANS_BABY_MAX];
        unsigned terms = 0;
        for (size_t i = job->begin[g]; i < job->begin[g + 1]; i++, terms++) {
            d[terms] = t->data + (i * positions + row) * n;
            u0[terms] = u + 2 * job->place[t->index[i] % t->baby] * n;
            u1[terms] = u0[terms] + n;
        }
        double *acc = job->acc[g] + 2 * (size_t)p * n;
        bf_limb_dot2(ring, bf_ks_modulus(job->ev, job->limbs, p), acc, acc + n,
                     d, u0, u1, terms);
    }
}

static void apply_position(void *user, const bf_ks_piece *piece,
                           double *scratch)
{
    const apply_job *job = user;
    double *u = scratch + 2 * bf_eval_n(job->ev);
    baby_turns(job, piece, u, scratch);
    giant_sums(job, piece->position, u);
}

static bf_status apply_inner(apply_job *job)
{
    bf_ks_source src;
    bf_ks_work work = {.whole = apply_position, .user = job,
                       .scratch = 2 + 2 * job->baby_count};
    BF_TRY(bf_ks_open(job->ev, &src, job->a, 1, 1));
    bf_status status = bf_ks_for_positions(job->ev, &src, &work);
    bf_ks_close(job->ev, &src);
    return status;
}

bf_status bf_lintrans_apply(bf_eval *ev, bf_ct *out, const bf_ct *a,
                            const bf_lintrans *t)
{
    BF_TRY(bf_eval_check(ev, a, 2, "linear map"));
    if (t->ctx != ev->ctx || !t->data != !ev->keys)
        return bf_fail(BF_ERR_MISMATCH, "linear map: of other parameters, or "
                       "symbolic where the evaluator is not");
    bf_ct view = *a;
    if (view.limbs > t->limbs) view.limbs = t->limbs;
    apply_job job = {.ev = ev, .t = t, .a = &view, .limbs = view.limbs};
    bf_status status;
    BF_GOTO(open_babies(&job), done);
    BF_GOTO(open_giants(&job), done);
    BF_GOTO(open_sums(&job), done);
    if (ev->keys) BF_GOTO(apply_inner(&job), done);
    for (size_t g = 0; g < job.giants && ev->keys; g++)
        BF_GOTO(bf_ks_mod_down(ev, job.acc[g], job.limbs, false, &job.sum[g],
                               NULL),
                done);
    BF_GOTO(bf_rotate_sum(ev, out, job.sums, job.rotation, job.giants), done);
done:
    apply_close(&job);
    return status;
}
