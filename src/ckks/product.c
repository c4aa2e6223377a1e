/* Ciphertext products, relinearisation, rescaling. */
#include <math.h>
#include <string.h>

#include "base/cpu.h"
#include "ckks/eval_internal.h"

/* e_ab = a e_b + b e_a + e_a e_b, slot errors being sqrt(N) times those of
 * coefficients. */
static double product_noise(const bf_ct *a, const bf_ct *b, double n)
{
    return bf_hypot3(a->bound * a->scale * b->noise,
                     b->bound * b->scale * a->noise,
                     sqrt(n) * a->noise * b->noise);
}

/* Length of a slice: one slice of all b, which every row uses again, should fit
 * in five eighths of the second-level cache. */
static size_t slice_length(size_t terms, size_t count)
{
    size_t len = 512, room = bf_cache_bytes() / 8 * 5;
    while (len > 32 && terms * count * 2 * len * sizeof(double) > room)
        len /= 2;
    return len;
}

typedef struct matrix_job {
    const bf_ring *ring;
    const bf_tensor_row *rows;
    size_t count; /* of rows */
    const bf_ct *const *b;
    size_t columns, terms, len;
    bf_ct *out; /* all rows' results, one after the other */
    struct panel *panels; /* one for each thread, opened at its first slice */
} matrix_job;

/* One thread's copies of the current slices. Limbs lie at multiples of their
 * own length, a power of two: without copies, equal slices of many limbs would
 * fall into a few cache sets and evict each other. */
typedef struct panel {
    double *data;        /* b0, b1 of all b; a0, a1 of a row */
    double **pointer;    /* to the slices, in the order above */
    const double **from; /* what a copy reads */
    double **some;       /* slices of b that a row of fewer columns uses */
    double **d;          /* results d0, d1, d2 of a row */
    size_t b, a;         /* slices of each */
} panel;

static bf_status panel_open(panel *p, const matrix_job *job)
{
    p->b = 2 * job->terms * job->columns;
    p->a = 2 * job->terms;
    size_t slices = p->b + p->a;
    size_t pointers = slices + 2 * p->b + 3 * job->columns;
    p->data = bf_alloc(slices * job->len * sizeof(double));
    p->pointer = bf_alloc(pointers * sizeof(double *));
    if (!p->data || !p->pointer) return BF_ERR_MEMORY;
    for (size_t i = 0; i < slices; i++)
        p->pointer[i] = p->data + i * job->len;
    p->from = (const double **)p->pointer + slices;
    p->some = p->pointer + slices + p->b;
    p->d = p->some + p->b;
    return BF_OK;
}

static void panel_close(panel *p)
{
    bf_free(p->data);
    bf_free(p->pointer);
}

/* Slices of b for a row's columns, [2][terms][count]. */
static double **row_columns(const matrix_job *job, const bf_tensor_row *row,
                            const panel *p)
{
    double **b = p->pointer;
    if (row->count == job->columns) return b;
    for (size_t i = 0; i < 2 * job->terms; i++)
        for (size_t c = 0; c < row->count; c++)
            p->some[i * row->count + c] = b[i * job->columns + row->first + c];
    return p->some;
}

/* Prefetch distance of a copy, in bytes. */
enum { AHEAD = 4096, CACHE_LINE = 64 };

/* Each slice is read once, from scattered addresses, which hardware does not
 * prefetch. */
static void copy_slices(double *const *to, const double *const *from,
                        size_t count, size_t len)
{
    size_t bytes = len * sizeof(double), ahead = AHEAD / bytes + 1;
    for (size_t i = 0; i < count + ahead; i++) {
        if (i < count)
            for (size_t k = 0; k < bytes; k += CACHE_LINE)
                __builtin_prefetch((const char *)from[i] + k);
        if (i >= ahead) memcpy(to[i - ahead], from[i - ahead], bytes);
    }
}

static void row_slice(const matrix_job *job, const bf_tensor_row *row,
                      bf_ct *out, unsigned limb, size_t offset,
                      const panel *p)
{
    size_t n = job->ring->n, count = row->count;
    double **a = p->pointer + p->b, **b = row_columns(job, row, p);
    for (size_t i = 0; i < p->a; i++) {
        size_t k = i % job->terms;
        p->from[i] = bf_ct_limb(row->a[k], i != k, limb, n) + offset;
    }
    copy_slices(a, p->from, p->a, job->len);
    for (size_t i = 0; i < 3 * count; i++)
        p->d[i] = bf_ct_limb(&out[i % count], (unsigned)(i / count), limb, n) +
                  offset;
    bf_span_tensor_sum(job->ring, limb, p->d, p->d + count, p->d + 2 * count,
                       (const double *const *)a,
                       (const double *const *)(a + job->terms),
                       (const double *const *)b,
                       (const double *const *)(b + job->terms * count),
                       (unsigned)job->terms, (unsigned)count, job->len);
}

static void matrix_slice(const matrix_job *job, unsigned limb, size_t offset,
                         const panel *p)
{
    size_t n = job->ring->n;
    bf_ct *out = job->out;
    for (size_t i = 0; i < p->b; i++) {
        size_t k = i % (p->b / 2);
        p->from[i] = bf_ct_limb(job->b[k], i != k, limb, n) + offset;
    }
    copy_slices(p->pointer, p->from, p->b, job->len);
    for (size_t r = 0; r < job->count; out += job->rows[r++].count)
        row_slice(job, &job->rows[r], out, limb, offset, p);
}

static bf_status matrix_piece(void *user, size_t index)
{
    const matrix_job *job = user;
    size_t slices = job->ring->n / job->len;
    panel *p = &job->panels[bf_worker()];
    if (!p->pointer) BF_TRY(panel_open(p, job));
    matrix_slice(job, (unsigned)(index / slices), index % slices * job->len, p);
    return BF_OK;
}

/* Takes seconds in large jobs, so an interruption ends it. */
static bf_status matrix_compute(matrix_job *job, unsigned limbs)
{
    size_t slices = job->ring->n / job->len, threads = bf_env_threads(NULL);
    job->panels = bf_alloc_zero(threads * sizeof *job->panels);
    if (!job->panels) return BF_ERR_MEMORY;
    bf_status status =
        bf_parallel_for(limbs * slices, false, matrix_piece, job);
    for (size_t t = 0; t < threads; t++) panel_close(&job->panels[t]);
    bf_free(job->panels);
    return status;
}

static bf_status check_factor(bf_eval *ev, const bf_ct *x, unsigned *limbs)
{
    BF_TRY(bf_eval_check(ev, x, 2, "product"));
    if (x->limbs < *limbs) *limbs = x->limbs;
    return BF_OK;
}

/* The terms of each sum have one scale. */
static bf_status check_row_scales(const matrix_job *job,
                                  const bf_tensor_row *row)
{
    for (size_t c = row->first; c < row->first + row->count; c++)
        for (size_t k = 1; k < job->terms; k++)
            BF_TRY(bf_eval_check_scales(
                row->a[0]->scale * job->b[c]->scale,
                row->a[k]->scale * job->b[k * job->columns + c]->scale,
                "sum of products"));
    return BF_OK;
}

/* Checks all inputs; *limbs becomes the lowest number of limbs. */
static bf_status matrix_check(bf_eval *ev, const matrix_job *job,
                              unsigned *limbs)
{
    if (job->terms == 0 || job->count == 0)
        return bf_fail(BF_ERR_ARGUMENT, "sum of products: no terms");
    *limbs = ev->ctx->params.n_q;
    for (size_t i = 0; i < job->terms * job->columns; i++)
        BF_TRY(check_factor(ev, job->b[i], limbs));
    for (size_t r = 0; r < job->count; r++) {
        const bf_tensor_row *row = &job->rows[r];
        if (row->count == 0 || row->first + row->count > job->columns)
            return bf_fail(BF_ERR_ARGUMENT, "sum of products: no such columns");
        for (size_t k = 0; k < job->terms; k++)
            BF_TRY(check_factor(ev, row->a[k], limbs));
        BF_TRY(check_row_scales(job, row));
    }
    return BF_OK;
}

static void matrix_metadata(const matrix_job *job, const bf_tensor_row *row,
                            size_t column, bf_ct *res)
{
    double n = (double)((size_t)1 << res->ctx->params.log_n), variance = 0;
    res->scale = row->a[0]->scale * job->b[column]->scale;
    for (size_t k = 0; k < job->terms; k++) {
        const bf_ct *a = row->a[k], *b = job->b[k * job->columns + column];
        double e = product_noise(a, b, n);
        variance += e * e;
        res->bound += a->bound * b->bound;
    }
    res->noise = sqrt(variance);
}

static bf_status matrix_results(bf_eval *ev, const matrix_job *job,
                                unsigned limbs)
{
    bf_ct *out = job->out;
    for (size_t r = 0; r < job->count; r++)
        for (size_t c = 0; c < job->rows[r].count; c++, out++) {
            BF_TRY(bf_eval_new(ev, out, limbs, 3));
            matrix_metadata(job, &job->rows[r], job->rows[r].first + c, out);
        }
    return BF_OK;
}

bf_status bf_tensor_rows(bf_eval *ev, const bf_tensor_row *rows, size_t count,
                         const bf_ct *const *b, size_t columns, size_t terms)
{
    matrix_job job = {.ring = ev->ctx->ring, .rows = rows, .count = count,
                      .b = b, .columns = columns, .terms = terms};
    unsigned limbs = 1;
    size_t results = 0;
    BF_TRY(matrix_check(ev, &job, &limbs));
    for (size_t r = 0; r < count; r++) results += rows[r].count;
    job.len = slice_length(terms, columns);
    job.out = bf_alloc_zero(results * sizeof(bf_ct));
    if (!job.out) return BF_ERR_MEMORY;
    bf_status status = matrix_results(ev, &job, limbs);
    if (status == BF_OK && ev->keys) status = matrix_compute(&job, limbs);
    bf_count(&ev->counters.tensor_products, results * terms);
    bf_count(&ev->counters.tensor_limbs, results * terms * limbs);
    bf_ct *res = job.out;
    for (size_t r = 0; r < count; r++)
        for (size_t c = 0; c < rows[r].count; c++, res++) {
            if (status == BF_OK)
                bf_move(ev, &rows[r].out[c], res);
            else
                bf_eval_release(ev, res);
        }
    bf_free(job.out);
    return status;
}

bf_status bf_tensor_matrix(bf_eval *ev, bf_ct *out, size_t rows, size_t count,
                           const bf_ct *const *a, const bf_ct *const *b,
                           size_t terms)
{
    if (rows == 0) return bf_fail(BF_ERR_ARGUMENT, "product of no rows");
    bf_tensor_row *row = bf_alloc(rows * sizeof *row);
    if (!row) return BF_ERR_MEMORY;
    for (size_t r = 0; r < rows; r++)
        row[r] = (bf_tensor_row){a + r * terms, 0, count, out + r * count};
    bf_status status = bf_tensor_rows(ev, row, rows, b, count, terms);
    bf_free(row);
    return status;
}

bf_status bf_tensor_sum(bf_eval *ev, bf_ct *out, const bf_ct *const *a,
                        const bf_ct *const *b, size_t terms)
{
    return bf_tensor_matrix(ev, out, 1, 1, a, b, terms);
}

bf_status bf_tensor(bf_eval *ev, bf_ct *out, const bf_ct *a, const bf_ct *b)
{
    return bf_tensor_sum(ev, out, &a, &b, 1);
}

static bf_status relin(bf_eval *ev, bf_ct *out, const bf_ct *a, bool rescale)
{
    const bf_switch_key *key;
    bf_ct res;
    BF_TRY(bf_eval_check(ev, a, 3, "relinearisation"));
    if (a->polys != 3)
        return bf_fail(BF_ERR_ARGUMENT,
                       "relinearisation: ciphertext has two polynomials");
    if (rescale && a->limbs < 2)
        return bf_fail(BF_ERR_ARGUMENT, "rescale: no level left");
    BF_TRY(bf_eval_key(ev, bf_key_from_square(1), a->limbs, &key));
    bf_count_symbolic(ev, a->limbs, 1, 1);
    BF_TRY(bf_eval_new(ev, &res, a->limbs - rescale, 2));
    double ks = ev->square_noise[a->limbs];
    res.scale = a->scale;
    res.bound = a->bound;
    res.noise = hypot(a->noise, ks);
    if (rescale) {
        double q = (double)ev->ctx->params.q[a->limbs - 1];
        res.scale /= q;
        res.noise = hypot(res.noise / q, bf_noise_rounding(ev->ctx));
        bf_count(&ev->counters.rescales, 1);
    }
    if (res.data) {
        bf_status status = bf_ks_switch(ev, &res, a, 2, key, rescale);
        if (status != BF_OK) {
            bf_eval_release(ev, &res);
            return status;
        }
    }
    bf_move(ev, out, &res);
    return BF_OK;
}

bf_status bf_relinearize(bf_eval *ev, bf_ct *out, const bf_ct *a)
{
    return relin(ev, out, a, false);
}

bf_status bf_relinearize_rescale(bf_eval *ev, bf_ct *out, const bf_ct *a)
{
    return relin(ev, out, a, true);
}

bf_status bf_mul(bf_eval *ev, bf_ct *out, const bf_ct *a, const bf_ct *b)
{
    bf_ct t = {0};
    BF_TRY(bf_tensor(ev, &t, a, b));
    bf_status status = bf_relinearize(ev, out, &t);
    bf_eval_release(ev, &t);
    return status;
}

typedef struct rescale_job {
    bf_eval *ev;
    bf_ct *res;
    const bf_ct *a;
    double *x; /* [polys][N]: the last limb's coefficients */
} rescale_job;

static void rescale_last(void *user, size_t k)
{
    const rescale_job *job = user;
    const bf_ring *ring = job->ev->ctx->ring;
    size_t n = ring->n;
    unsigned last = job->a->limbs - 1;
    double *x = job->x + k * n;
    memcpy(x, bf_ct_limb(job->a, (unsigned)k, last, n), n * sizeof *x);
    bf_ntt_inverse(ring, last, x);
    bf_limb_reduce(ring, last, x, x);
}

static bf_status rescale_limb(void *user, size_t index)
{
    const rescale_job *job = user;
    const bf_context *ctx = job->ev->ctx;
    const bf_ring *ring = ctx->ring;
    size_t n = ring->n;
    unsigned i = (unsigned)index / job->a->polys;
    unsigned k = (unsigned)index % job->a->polys, last = job->a->limbs - 1;
    double *t = bf_eval_scratch(job->ev, 1);
    if (!t) return BF_ERR_MEMORY;
    bf_limb_reduce(ring, i, t, job->x + k * n);
    bf_ntt_forward(ring, i, t);
    bf_limb_sub_mul_const(ring, i, bf_ct_limb(job->res, k, i, n),
                          bf_ct_limb(job->a, k, i, n), t,
                          ctx->q_inv_mod_q[(size_t)last * ctx->params.n_q + i]);
    bf_eval_scratch_give(job->ev, t, 1);
    return BF_OK;
}

/* out_i = (a_i - [a]_{q_last}) / q_last. Another reduction after the inverse
 * transform centres the remainder, so that the division rounds to nearest. */
static bf_status rescale_compute(bf_eval *ev, bf_ct *res, const bf_ct *a)
{
    rescale_job job = {ev, res, a, bf_eval_scratch(ev, a->polys)};
    if (!job.x) return BF_ERR_MEMORY;
    bf_parallel(a->polys, rescale_last, &job);
    bf_status status = bf_parallel_for((size_t)(a->limbs - 1) * a->polys,
                                       false, rescale_limb, &job);
    bf_eval_scratch_give(ev, job.x, a->polys);
    return status;
}

bf_status bf_rescale(bf_eval *ev, bf_ct *out, const bf_ct *a)
{
    bf_ct res;
    BF_TRY(bf_eval_check(ev, a, 2, "rescale"));
    if (a->limbs < 2)
        return bf_fail(BF_ERR_ARGUMENT, "rescale: no level left");
    BF_TRY(bf_eval_new(ev, &res, a->limbs - 1, a->polys));
    double q = (double)ev->ctx->params.q[a->limbs - 1];
    res.scale = a->scale / q;
    res.noise = hypot(a->noise / q, bf_noise_rounding(ev->ctx));
    res.bound = a->bound;
    bf_count(&ev->counters.rescales, 1);
    if (res.data) {
        bf_status status = rescale_compute(ev, &res, a);
        if (status != BF_OK) {
            bf_eval_release(ev, &res);
            return status;
        }
    }
    bf_move(ev, out, &res);
    return BF_OK;
}
