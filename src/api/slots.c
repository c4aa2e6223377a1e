/* Rotations and linear maps. */
#include <string.h>

#include "api/api.h"

bf_status bf_cipher_rotate(bf_evaluator *ev, bf_cipher **out,
                           const bf_cipher *a, int r)
{
    bf_op op;
    bf_ct res = {0};
    BF_TRY(bf_api_begin(&op, ev, "rotation", a, NULL, 0));
    return bf_api_give(&op, out, &res, bf_rotate(op.eval, &res, &a->ct, r));
}

bf_status bf_cipher_conjugate(bf_evaluator *ev, bf_cipher **out,
                              const bf_cipher *a)
{
    return bf_api_one(ev, out, a, bf_conjugate, "conjugation");
}

bf_status bf_cipher_rotate_many(bf_evaluator *ev, bf_cipher **out,
                                const bf_cipher *a, const int *r, size_t count)
{
    bf_op op;
    BF_TRY(bf_api_begin(&op, ev, "rotations", a, NULL, 0));
    if (count == 0) return BF_OK;
    bf_ct *res = bf_api_array(count, sizeof *res);
    if (!res) return BF_ERR_MEMORY;
    bf_status status = bf_rotate_many(op.eval, res, &a->ct, r, count);
    status = bf_api_fill(out, count, status);
    for (size_t i = 0; i < count; i++)
        status = bf_api_give(&op, &out[i], &res[i], status);
    bf_free(res);
    return status;
}

bf_status bf_cipher_rotate_sum(bf_evaluator *ev, bf_cipher **out,
                               const bf_cipher *const *a, const int *r,
                               size_t count)
{
    bf_op op = bf_api_op(ev, "sum of rotations");
    bf_ct res = {0};
    if (count == 0) return bf_fail(BF_ERR_ARGUMENT, "%s: of none", op.what);
    const bf_ct **terms = bf_api_array(count, sizeof *terms);
    if (!terms) return BF_ERR_MEMORY;
    bf_status status = BF_OK;
    for (size_t i = 0; i < count && status == BF_OK; i++) {
        status = bf_api_take(&op, a[i]);
        terms[i] = &a[i]->ct;
    }
    if (status == BF_OK) status = bf_rotate_sum(op.eval, &res, terms, r, count);
    bf_free((void *)terms);
    return bf_api_give(&op, out, &res, status);
}

bf_status bf_cipher_sum(bf_evaluator *ev, bf_cipher **out, const bf_cipher *a,
                        size_t count)
{
    bf_op op;
    bf_ct res = {0}, rotated = {0};
    BF_TRY(bf_api_begin(&op, ev, "sum of slots", a, NULL, 0));
    if (count < 1 || count > bf_ckks_slots(op.ckks) || (count & (count - 1)))
        return bf_fail(BF_ERR_ARGUMENT,
                       "%s: %zu of them: must be a power of two "
                       "up to %zu",
                       op.what, count, bf_ckks_slots(op.ckks));
    bf_status status = bf_copy(op.eval, &res, &a->ct);
    for (size_t r = 1; r < count && status == BF_OK; r *= 2) {
        status = bf_rotate(op.eval, &rotated, &res, (int)r);
        if (status == BF_OK) status = bf_add(op.eval, &res, &res, &rotated);
    }
    bf_eval_release(op.eval, &rotated);
    return bf_api_give(&op, out, &res, status);
}

/* ---- linear maps --------------------------------------------------------- */

/* A matrix, real or complex. */
typedef struct source {
    const bf_view *real; /* NULL: complex */
    const bf_complex *entries;
    size_t rows, cols, stride;
} source;

static void read_row(double complex *out, double *real, const source *m,
                     size_t i)
{
    if (m->real) {
        bf_view_row(real, m->real, i);
        for (size_t j = 0; j < m->cols; j++) out[j] = real[j];
    } else {
        memcpy(out, m->entries + i * m->stride, m->cols * sizeof *out);
    }
}

static bf_status check_matrix(const bf_ckks *c, const source *m)
{
    size_t slots = bf_ckks_slots(c);
    if (m->rows > slots || m->cols > slots)
        return bf_fail(BF_ERR_ARGUMENT,
                       "linear map: %zu x %zu: at most %zu each", m->rows,
                       m->cols, slots);
    return BF_OK;
}

/* Writes M into the corner of a matrix of zeros, dim x dim. */
static bf_status padded(double complex **out, const source *m, size_t dim)
{
    size_t count, bytes;
    double *real = bf_alloc(m->cols * sizeof *real);
    double complex *square = NULL;
    if (!bf_mul_size(dim, dim, &count) ||
        !bf_mul_size(count, sizeof *square, &bytes)) {
        bf_free(real);
        return bf_fail(BF_ERR_MEMORY, "linear map: %zu x %zu is too large", dim,
                       dim);
    }
    square = bf_alloc_zero(bytes);
    for (size_t i = 0; real && square && i < m->rows; i++)
        read_row(square + i * dim, real, m, i);
    bool made = real && square;
    bf_free(real);
    if (!made) {
        bf_free(square);
        return BF_ERR_MEMORY;
    }
    *out = square;
    return BF_OK;
}

/* The encoding of a map for this level: a product with the map, divided by the
 * level's prime, has the scale of the level below. */
static bf_status form_of(bf_lintrans_form *form, const bf_ckks *c,
                         unsigned level)
{
    BF_TRY(bf_api_check_level(c, level, "linear map"));
    if (level == 0)
        return bf_fail(BF_ERR_ARGUMENT,
                       "linear map: takes 1 level, and is to be "
                       "for level 0");
    unsigned l = bf_api_limbs(c, level);
    double q = (double)bf_context_params(c->ctx)->q[l - 1];
    *form = (bf_lintrans_form){.scale = c->scale[l - 1] * q / c->scale[l],
                               .limbs = l};
    return BF_OK;
}

/* If status is BF_OK, *out takes over *map. */
static bf_status give_map(bf_linear **out, const bf_ckks *c, unsigned level,
                          bf_lintrans *map, bf_status status)
{
    if (status != BF_OK) return status;
    bf_linear *made = bf_alloc_zero(sizeof *made);
    if (!made) {
        bf_lintrans_clear(map);
        return BF_ERR_MEMORY;
    }
    *made = (bf_linear){.ckks = c, .map = *map, .level = level};
    bf_linear_destroy(*out);
    *out = made;
    return BF_OK;
}

static bf_status create(bf_linear **out, const bf_ckks *c, const source *m,
                        unsigned level)
{
    double complex *square = NULL;
    bf_lintrans_form form;
    bf_lintrans map = {0};
    BF_TRY(check_matrix(c, m));
    BF_TRY(form_of(&form, c, level));
    size_t dim = 1;
    while (dim < m->rows || dim < m->cols) dim *= 2;
    BF_TRY(padded(&square, m, dim));
    bf_status status = bf_lintrans_matrix(&map, c->ctx, square, dim, &form);
    bf_free(square);
    return give_map(out, c, level, &map, status);
}

bf_status bf_linear_create(bf_linear **out, const bf_ckks *c, const bf_view *m,
                           unsigned level)
{
    BF_TRY(bf_view_check(m, "linear map"));
    source s = {.real = m, .rows = m->rows, .cols = m->cols};
    return create(out, c, &s, level);
}

bf_status bf_linear_create_complex(bf_linear **out, const bf_ckks *c,
                                   const bf_complex *matrix, size_t rows,
                                   size_t cols, size_t stride, unsigned level)
{
    /* bf_view_check makes the same demands of a complex matrix's shape. */
    bf_view shape = {matrix, rows, cols, stride, BF_FLOAT64};
    BF_TRY(bf_view_check(&shape, "linear map"));
    source s = {NULL, matrix, rows, cols, stride};
    return create(out, c, &s, level);
}

bf_status bf_linear_create_diagonals(bf_linear **out, const bf_ckks *c,
                                     size_t dim, const size_t *index,
                                     const bf_complex *values, size_t count,
                                     unsigned level)
{
    bf_lintrans_form form;
    bf_lintrans map = {0};
    BF_TRY(form_of(&form, c, level));
    if (dim < 1 || (dim & (dim - 1)) || dim > bf_ckks_slots(c) || count < 1 ||
        count > dim)
        return bf_fail(BF_ERR_ARGUMENT,
                       "linear map: %zu diagonals of dimension %zu: 1 to as "
                       "many as that, a power of two up to %zu",
                       count, dim, bf_ckks_slots(c));
    bf_diagonal *d = bf_alloc(count * sizeof *d);
    if (!d) return BF_ERR_MEMORY;
    for (size_t k = 0; k < count; k++)
        d[k] = (bf_diagonal){index[k], values + k * dim};
    bf_status status = bf_lintrans_make(&map, c->ctx, d, count, dim, &form);
    bf_free(d);
    return give_map(out, c, level, &map, status);
}

void bf_linear_destroy(bf_linear *map)
{
    if (!map) return;
    bf_lintrans_clear(&map->map);
    bf_free(map);
}

size_t bf_linear_bytes(const bf_linear *map)
{
    return bf_lintrans_bytes(&map->map);
}

size_t bf_linear_rotations(const bf_linear *map, int *r, size_t room)
{
    size_t count = r ? room : 0;
    bf_lintrans_rotations(&map->map, r, &count);
    return count;
}

bf_status bf_linear_apply(bf_evaluator *ev, bf_cipher **out, const bf_cipher *a,
                          const bf_linear *map)
{
    bf_op op;
    bf_ct res = {0}, tmp = {0};
    const bf_ct *x;
    BF_TRY(bf_api_begin(&op, ev, "linear map", a, NULL, 0));
    BF_TRY(bf_api_same(op.ckks, map->ckks, op.what));
    unsigned limbs = bf_api_limbs(op.ckks, map->level);
    if (a->ct.limbs < limbs)
        return bf_fail(BF_ERR_ARGUMENT,
                       "%s: made for level %u, of which the "
                       "ciphertext has %u left",
                       op.what, map->level, bf_api_level(op.ckks, a->ct.limbs));
    bf_lintrans view = map->map;
    if (bf_eval_is_symbolic(op.eval)) view.data = NULL;
    bf_status status =
        bf_api_lower(&op, &x, &tmp, &a->ct, op.ckks->scale[limbs], limbs);
    if (status == BF_OK)
        status = bf_lintrans_apply_rescale(op.eval, &res, x, &view);
    bf_eval_release(op.eval, &tmp);
    return bf_api_give(&op, out, &res, status);
}

bf_status bf_linear_apply_exact(bf_evaluator *ev, bf_cipher **out,
                                const bf_cipher *a, const bf_linear *map)
{
    bf_op op;
    bf_ct res = {0};
    BF_TRY(bf_api_begin(&op, ev, "linear map", a, NULL, 0));
    BF_TRY(bf_api_same(op.ckks, map->ckks, op.what));
    bf_lintrans view = map->map;
    if (bf_eval_is_symbolic(op.eval)) view.data = NULL;
    return bf_api_give(&op, out, &res,
                       bf_lintrans_apply(op.eval, &res, &a->ct, &view));
}
