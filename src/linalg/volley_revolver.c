#include "linalg/volley_revolver.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "base/parallel.h"

/* ---- encoding ------------------------------------------------------------ */

static size_t power_of_two_above(size_t x)
{
    size_t p = 1;
    while (p < x) p *= 2;
    return p;
}

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

bf_status bf_volley_make(bf_volley *out, unsigned log_n, size_t m, size_t f,
                         size_t p)
{
    size_t slots = (size_t)1 << (log_n - 1);
    if (m == 0 || f == 0 || p == 0 || f > slots)
        return bf_fail(BF_ERR_ARGUMENT,
                       "product of %zux%zu by %zux%zu in %zu slots", m, f, f, p,
                       slots);
    bf_volley l = {.m = m, .f = f, .p = p};
    l.width = power_of_two_above(f);
    l.rows = slots / l.width;
    l.period = min_size(power_of_two_above(p), min_size(l.rows, l.width));
    l.blocks = (m + l.rows - 1) / l.rows;
    l.groups = (p + l.period - 1) / l.period;
    *out = l;
    return BF_OK;
}

static void clear_slots(const bf_volley *l, double *slots)
{
    memset(slots, 0, l->rows * l->width * sizeof *slots);
}

void bf_volley_put_a(const bf_volley *l, const bf_matrix *a, size_t block,
                     double *slots)
{
    clear_slots(l, slots);
    for (size_t i = 0; i < l->rows && block * l->rows + i < l->m; i++)
        memcpy(slots + i * l->width,
               a->data + (block * l->rows + i) * a->cols,
               l->f * sizeof *slots);
}

void bf_volley_put_b(const bf_volley *l, const bf_matrix *bt, size_t group,
                     double *slots)
{
    clear_slots(l, slots);
    for (size_t i = 0; i < l->rows; i++) {
        size_t c = group * l->period + i % l->period;
        if (c < l->p)
            memcpy(slots + i * l->width, bt->data + c * bt->cols,
                   l->f * sizeof *slots);
    }
}

/* Column of C that place k of row i holds. */
static size_t rotated_column(const bf_volley *l, size_t group, size_t i,
                             size_t k)
{
    return group * l->period + (i + k) % l->period;
}

void bf_volley_put_c(const bf_volley *l, const bf_matrix *c, size_t block,
                     size_t group, double *slots)
{
    clear_slots(l, slots);
    for (size_t i = 0; i < l->rows && block * l->rows + i < l->m; i++)
        for (size_t k = 0; k < l->period; k++) {
            size_t column = rotated_column(l, group, i, k);
            if (column < l->p)
                slots[i * l->width + k] =
                    c->data[(block * l->rows + i) * c->cols + column];
        }
}

void bf_volley_get_b(const bf_volley *l, const double complex *slots,
                     size_t group, bf_matrix *bt)
{
    for (size_t i = 0; i < l->period; i++) {
        size_t c = group * l->period + i;
        for (size_t j = 0; c < l->p && j < l->f; j++)
            bt->data[c * bt->cols + j] = creal(slots[i * l->width + j]);
    }
}

void bf_volley_get_c(const bf_volley *l, const double complex *slots,
                     size_t block, size_t group, bf_matrix *c)
{
    for (size_t i = 0; i < l->rows && block * l->rows + i < l->m; i++)
        for (size_t k = 0; k < l->period; k++) {
            size_t column = rotated_column(l, group, i, k);
            if (column < l->p)
                c->data[(block * l->rows + i) * c->cols + column] =
                    creal(slots[i * l->width + k]);
        }
}

bf_status bf_volley_mask(bf_pt *out, const bf_context *ctx, const bf_volley *l,
                         double scale, unsigned limbs, bool symbolic)
{
    if (symbolic) {
        double n = (double)(2 * l->rows * l->width);
        *out = (bf_pt){.ctx = ctx,
                       .limbs = limbs,
                       .scale = scale,
                       .bound = 1,
                       .noise = sqrt(2 * (double)l->width / n / 12)};
        return BF_OK;
    }
    double *v = bf_alloc_zero(l->width * sizeof *v);
    if (!v) return BF_ERR_MEMORY;
    v[0] = 1;
    bf_status status = bf_encode_real(out, ctx, v, l->width, scale, limbs);
    bf_free(v);
    return status;
}

/* ---- products ------------------------------------------------------------ */

typedef struct volley_job {
    bf_eval *ev;
    const bf_volley *l;
    const bf_pt *mask;
    const bf_ct *a; /* [blocks] */
    /* Product: B rotated [P], and sums in column 0 [blocks][P]. Transposed: C
     * rotated [blocks][P], and products with A [P]. */
    bf_ct *rotated, *part;
    double bound;
} volley_job;

static bf_ct *ct_array(size_t count)
{
    return bf_alloc_zero(count * sizeof(bf_ct));
}

static void ct_array_free(bf_eval *ev, bf_ct *a, size_t count)
{
    for (size_t i = 0; a && i < count; i++) bf_eval_release(ev, &a[i]);
    bf_free(a);
}

/* a += rot_r(a); the sum stays within `bound`. */
static bf_status add_rotated(bf_eval *ev, bf_ct *a, int r, double bound)
{
    bf_ct rotated = {0};
    BF_TRY(bf_rotate(ev, &rotated, a, r));
    bf_status status = bf_add(ev, a, a, &rotated);
    a->bound = bound;
    bf_eval_release(ev, &rotated);
    return status;
}

/* out[k] = rot_{k*step}(a), k < P. */
static bf_status rotations(bf_eval *ev, const bf_volley *l, const bf_ct *a,
                           size_t step, bf_ct *out)
{
    int *r = bf_alloc(l->period * sizeof *r);
    if (!r) return BF_ERR_MEMORY;
    for (size_t k = 0; k < l->period; k++) r[k] = (int)(k * step);
    bf_status status = bf_rotate_many(ev, out, a, r, l->period);
    bf_free(r);
    return status;
}

/* out = sum over k of rot_{-k*step}(a[k]), k < P. */
static bf_status rotate_back(bf_eval *ev, const bf_volley *l, const bf_ct *a,
                             size_t step, bf_ct *out, double bound)
{
    int *r = bf_alloc(l->period * sizeof *r);
    const bf_ct **p = bf_alloc(l->period * sizeof *p);
    bf_status status = r && p ? BF_OK : BF_ERR_MEMORY;
    for (size_t k = 0; k < l->period && status == BF_OK; k++) {
        r[k] = -(int)(k * step);
        p[k] = &a[k];
    }
    if (status == BF_OK) status = bf_rotate_sum(ev, out, p, r, l->period);
    out->bound = bound;
    bf_free(r);
    bf_free(p);
    return status;
}

/* part[block][k] = in column 0: the scalar products of rows of A and of B
 * rotated by k. */
static bf_status product_part(void *user, size_t i)
{
    const volley_job *job = user;
    const bf_volley *l = job->l;
    bf_ct *t = &job->part[i];
    BF_TRY(bf_tensor(job->ev, t, &job->a[i / l->period],
                     &job->rotated[i % l->period]));
    BF_TRY(bf_relinearize(job->ev, t, t));
    for (size_t h = 1; h < l->width; h *= 2)
        BF_TRY(add_rotated(job->ev, t, (int)h, job->bound));
    t->bound = job->bound;
    return bf_mul_plain(job->ev, t, t, job->mask);
}

bf_status bf_volley_product(bf_eval *ev, const bf_volley *l, const bf_pt *mask,
                            const bf_ct *a, const bf_ct *b, bf_ct *c,
                            double bound)
{
    size_t parts = l->blocks * l->period;
    volley_job job = {ev, l, mask, a, NULL, NULL, bound};
    job.rotated = ct_array(l->period);
    job.part = ct_array(parts);
    bf_status status = job.rotated && job.part ? BF_OK : BF_ERR_MEMORY;
    for (size_t g = 0; g < l->groups && status == BF_OK; g++) {
        BF_GOTO(rotations(ev, l, &b[g], l->width, job.rotated), done);
        BF_GOTO(bf_parallel_for(parts, bf_eval_is_symbolic(ev), product_part,
                                &job),
                done);
        for (size_t block = 0; block < l->blocks; block++) {
            bf_ct *out = &c[block * l->groups + g];
            BF_GOTO(
                rotate_back(ev, l, job.part + block * l->period, 1, out, bound),
                done);
            BF_GOTO(bf_rescale(ev, out, out), done);
        }
    }
done:
    ct_array_free(ev, job.rotated, l->period);
    ct_array_free(ev, job.part, parts);
    return status;
}

/* Column 0 of c (the rest masked away) copied over the row. */
static bf_status broadcast(const volley_job *job, bf_ct *c)
{
    double bound = c->bound;
    BF_TRY(bf_mul_plain(job->ev, c, c, job->mask));
    for (size_t h = 1; h < job->l->width; h *= 2)
        BF_TRY(add_rotated(job->ev, c, -(int)h, bound));
    return BF_OK;
}

/* part[k]: row i is the sum over blocks of C[i][(i+k) mod P] A[i]. */
static bf_status transposed_part(void *user, size_t k)
{
    const volley_job *job = user;
    const bf_volley *l = job->l;
    const bf_ct **x = bf_alloc(2 * l->blocks * sizeof *x);
    bf_ct *t = &job->part[k];
    bf_status status = BF_ERR_MEMORY;
    if (!x) return status;
    for (size_t b = 0; b < l->blocks; b++) {
        bf_ct *c = &job->rotated[b * l->period + k];
        BF_GOTO(broadcast(job, c), done);
        x[b] = &job->a[b];
        x[l->blocks + b] = c;
    }
    BF_GOTO(bf_tensor_sum(job->ev, t, x, x + l->blocks, l->blocks), done);
    BF_GOTO(bf_relinearize_rescale(job->ev, t, t), done);
    t->bound = job->bound;
done:
    bf_free(x);
    return status;
}

bf_status bf_volley_transposed(bf_eval *ev, const bf_volley *l,
                               const bf_pt *mask, const bf_ct *c,
                               const bf_ct *a, bf_ct *g, double bound)
{
    volley_job job = {ev, l, mask, a, NULL, NULL, bound};
    job.rotated = ct_array(l->blocks * l->period);
    job.part = ct_array(l->period);
    bf_status status = job.rotated && job.part ? BF_OK : BF_ERR_MEMORY;
    for (size_t i = 0; i < l->groups && status == BF_OK; i++) {
        for (size_t b = 0; b < l->blocks; b++)
            BF_GOTO(rotations(ev, l, &c[b * l->groups + i], 1,
                              job.rotated + b * l->period),
                    done);
        BF_GOTO(bf_parallel_for(l->period, bf_eval_is_symbolic(ev),
                                transposed_part, &job),
                done);
        /* Turn k belongs (i+k) mod P: k rows down. */
        BF_GOTO(rotate_back(ev, l, job.part, l->width, &g[i], bound), done);
        for (size_t h = l->period; h < l->rows; h *= 2)
            BF_GOTO(add_rotated(ev, &g[i], (int)(h * l->width), bound), done);
    }
done:
    ct_array_free(ev, job.rotated, l->blocks * l->period);
    ct_array_free(ev, job.part, l->period);
    return status;
}

/* ---- training ------------------------------------------------------------ */

/* z (consumed) becomes y - odd part of p(z). */
static bf_status errors(bf_eval *ev, const bf_sigmoid_form *form, bf_ct *z,
                        const bf_ct *y)
{
    bf_ct s = {0};
    bf_status status;
    z->scale *= form->norm;
    z->bound /= form->norm;
    BF_GOTO(bf_sigmoid_evaluate(ev, &s, form, z), done);
    BF_GOTO(bf_adjust(ev, z, y, 1, s.scale, s.limbs), done);
    BF_GOTO(form->sign < 0 ? bf_add(ev, z, z, &s) : bf_sub(ev, z, z, &s), done);
    z->bound = 1;
done:
    bf_eval_release(ev, &s);
    return status;
}

bf_status bf_volley_step(bf_eval *ev, const bf_volley *l, const bf_pt *mask,
                         const bf_sigmoid_form *form, const bf_ct *x,
                         const bf_ct *y, const bf_ct *v, const bf_ct *bbar,
                         const bf_volley_bounds *bounds, bf_ct *out)
{
    size_t count = l->blocks * l->groups;
    bf_ct *z = ct_array(count), t = {0};
    bf_status status = z ? BF_OK : BF_ERR_MEMORY;
    if (status != BF_OK) return status;
    BF_GOTO(bf_volley_product(ev, l, mask, x, v, z, bounds->score), done);
    for (size_t i = 0; i < count; i++)
        BF_GOTO(errors(ev, form, &z[i], &y[i]), done);
    BF_GOTO(bf_volley_transposed(ev, l, mask, z, x, out, bounds->gradient),
            done);
    for (size_t g = 0; g < l->groups; g++) {
        BF_GOTO(bf_tensor(ev, &t, &out[g], &bbar[g]), done);
        BF_GOTO(bf_relinearize_rescale(ev, &out[g], &t), done);
    }
done:
    bf_eval_release(ev, &t);
    ct_array_free(ev, z, count);
    return status;
}
