/* Sums and products that choose levels and scales. */
#include <math.h>
#include <string.h>

#include "api/api.h"

typedef bf_status (*binary)(bf_eval *ev, bf_ct *out, const bf_ct *a,
                            const bf_ct *b);

/* Two operands; tmp holds the adjusted copy of an operand. */
typedef struct pair {
    const bf_ct *a, *b;
    bf_ct tmp[2];
} pair;

static void release(bf_op *op, pair *p)
{
    for (int i = 0; i < 2; i++) bf_eval_release(op->eval, &p->tmp[i]);
}

/* Relinearises an operand of three polynomials, since the other operand has
 * two, or an adjustment or a product takes two. */
static bf_status relinearized(bf_op *op, const bf_ct **a, bf_ct *tmp)
{
    if ((*a)->polys != 3) return BF_OK;
    BF_TRY(bf_relinearize(op->eval, tmp, *a));
    *a = tmp;
    return BF_OK;
}

/* Brings the operand of more limbs to the limbs and the scale of the other. */
static bf_status meet(bf_op *op, pair *p)
{
    unsigned limbs = p->a->limbs < p->b->limbs ? p->a->limbs : p->b->limbs;
    bool uneven = p->a->limbs != p->b->limbs;
    if (uneven || p->a->polys != p->b->polys) {
        BF_TRY(relinearized(op, &p->a, &p->tmp[0]));
        BF_TRY(relinearized(op, &p->b, &p->tmp[1]));
    }
    if (!uneven) return BF_OK;
    double scale = p->a->limbs == limbs ? p->a->scale : p->b->scale;
    const bf_ct **high = p->a->limbs == limbs ? &p->b : &p->a;
    return bf_api_lower(op, high, &p->tmp[high == &p->b], *high, scale, limbs);
}

static bf_status sum(bf_evaluator *ev, bf_cipher **out, const bf_cipher *a,
                     const bf_cipher *b, binary add, const char *what)
{
    bf_op op;
    bf_ct res = {0};
    BF_TRY(bf_api_begin(&op, ev, what, a, b, 0));
    pair p = {.a = &a->ct, .b = &b->ct};
    bf_status status = meet(&op, &p);
    if (status == BF_OK) status = add(op.eval, &res, p.a, p.b);
    release(&op, &p);
    return bf_api_give(&op, out, &res, status);
}

bf_status bf_cipher_add(bf_evaluator *ev, bf_cipher **out, const bf_cipher *a,
                        const bf_cipher *b)
{
    return sum(ev, out, a, b, bf_add, "sum");
}

bf_status bf_cipher_sub(bf_evaluator *ev, bf_cipher **out, const bf_cipher *a,
                        const bf_cipher *b)
{
    return sum(ev, out, a, b, bf_sub, "difference");
}

bf_status bf_cipher_mul_int(bf_evaluator *ev, bf_cipher **out,
                            const bf_cipher *a, int64_t c)
{
    bf_op op;
    bf_ct res = {0};
    BF_TRY(bf_api_begin(&op, ev, "product with an integer", a, NULL, 0));
    return bf_api_give(&op, out, &res, bf_mul_int(op.eval, &res, &a->ct, c));
}

bf_status bf_cipher_negate(bf_evaluator *ev, bf_cipher **out,
                           const bf_cipher *a)
{
    return bf_cipher_mul_int(ev, out, a, -1);
}

bf_status bf_cipher_copy(bf_evaluator *ev, bf_cipher **out, const bf_cipher *a)
{
    return bf_api_one(ev, out, a, bf_copy, "copy");
}

bf_status bf_cipher_add_const(bf_evaluator *ev, bf_cipher **out,
                              const bf_cipher *a, double c)
{
    bf_op op;
    bf_ct res = {0};
    BF_TRY(bf_api_begin(&op, ev, "sum with a constant", a, NULL, 0));
    if (!(fabs(c) <= op.ckks->largest))
        return bf_fail(BF_ERR_RANGE,
                       "%s: %g; values are up to %g with these parameters",
                       op.what, c, op.ckks->largest);
    return bf_api_give(&op, out, &res, bf_add_const(op.eval, &res, &a->ct, c));
}

/* Encodes values as an operand for ct. A dry run keeps only the shape. */
static bf_status operand(bf_op *op, bf_pt *pt, const bf_ct *ct,
                         const double *values, size_t count, double scale)
{
    BF_TRY(bf_api_encode(pt, op->ckks, values, count, scale, ct->limbs));
    if (!bf_eval_is_symbolic(op->eval)) return BF_OK;
    bf_pt shape = {.ctx = pt->ctx,
                   .limbs = pt->limbs,
                   .scale = pt->scale,
                   .bound = pt->bound,
                   .noise = pt->noise};
    bf_pt_clear(pt);
    *pt = shape;
    return BF_OK;
}

bf_status bf_cipher_add_values(bf_evaluator *ev, bf_cipher **out,
                               const bf_cipher *a, const double *values,
                               size_t count)
{
    bf_op op;
    bf_ct res = {0};
    bf_pt pt = {0};
    BF_TRY(bf_api_begin(&op, ev, "sum with values", a, NULL, 0));
    bf_status status = operand(&op, &pt, &a->ct, values, count, a->ct.scale);
    if (status == BF_OK) status = bf_add_plain(op.eval, &res, &a->ct, &pt);
    bf_pt_clear(&pt);
    return bf_api_give(&op, out, &res, status);
}

/* The scale of a factor such that the product with ct, divided by ct's last
 * prime, has the scale of the next level. */
static double factor_scale(const bf_op *op, const bf_ct *ct)
{
    return op->ckks->scale[ct->limbs - 1] *
           (double)bf_context_params(op->ckks->ctx)->q[ct->limbs - 1] /
           ct->scale;
}

bf_status bf_cipher_mul_values(bf_evaluator *ev, bf_cipher **out,
                               const bf_cipher *a, const double *values,
                               size_t count)
{
    bf_op op;
    bf_ct res = {0};
    bf_pt pt = {0};
    bf_status status;
    BF_TRY(bf_api_begin(&op, ev, "product with values", a, NULL, 1));
    BF_GOTO(operand(&op, &pt, &a->ct, values, count, factor_scale(&op, &a->ct)),
            done);
    BF_GOTO(bf_mul_plain(op.eval, &res, &a->ct, &pt), done);
    status = bf_rescale(op.eval, &res, &res);
done:
    bf_pt_clear(&pt);
    return bf_api_give(&op, out, &res, status);
}

bf_status bf_cipher_mul_const(bf_evaluator *ev, bf_cipher **out,
                              const bf_cipher *a, double c)
{
    bf_op op;
    bf_ct res = {0};
    BF_TRY(bf_api_begin(&op, ev, "product with a constant", a, NULL, 1));
    unsigned limbs = a->ct.limbs - 1;
    double scale = op.ckks->scale[limbs];
    bf_status status =
        bf_adjust(op.eval, &res, &a->ct, c == 0 ? 1 : c, scale, limbs);
    if (status == BF_OK && c == 0) status = bf_mul_int(op.eval, &res, &res, 0);
    return bf_api_give(&op, out, &res, status);
}

bf_status bf_cipher_mul(bf_evaluator *ev, bf_cipher **out, const bf_cipher *a,
                        const bf_cipher *b)
{
    bf_op op;
    bf_ct res = {0};
    BF_TRY(bf_api_begin(&op, ev, "product", a, b, 1));
    pair p = {.a = &a->ct, .b = &b->ct};
    bf_status status = relinearized(&op, &p.a, &p.tmp[0]);
    if (status == BF_OK) status = relinearized(&op, &p.b, &p.tmp[1]);
    if (status == BF_OK) status = meet(&op, &p);
    if (status == BF_OK) status = bf_tensor(op.eval, &res, p.a, p.b);
    if (status == BF_OK) status = bf_relinearize_rescale(op.eval, &res, &res);
    release(&op, &p);
    return bf_api_give(&op, out, &res, status);
}

/* The terms of an inner product, brought to the level of the lowest. */
typedef struct terms {
    bf_ct *tmp;       /* [2 count] */
    const bf_ct **at; /* [2 count]: those of a, then those of b */
    size_t count;
} terms;

static bf_status lower_terms(bf_op *op, terms *t)
{
    unsigned limbs = t->at[0]->limbs;
    for (size_t k = 0; k < 2 * t->count; k++)
        if (t->at[k]->limbs < limbs) limbs = t->at[k]->limbs;
    for (size_t k = 0; k < 2 * t->count; k++)
        if (t->at[k]->limbs > limbs)
            BF_TRY(bf_api_lower(op, &t->at[k], &t->tmp[k], t->at[k],
                                op->ckks->scale[limbs], limbs));
    return BF_OK;
}

bf_status bf_cipher_dot(bf_evaluator *ev, bf_cipher **out,
                        const bf_cipher *const *a, const bf_cipher *const *b,
                        size_t count)
{
    bf_op op = bf_api_op(ev, "inner product");
    bf_ct res = {0};
    if (count == 0) return bf_fail(BF_ERR_ARGUMENT, "%s of no terms", op.what);
    terms t = {bf_api_array(count, 2 * sizeof *t.tmp),
               bf_api_array(count, 2 * sizeof *t.at), count};
    bf_status status = BF_ERR_MEMORY;
    if (!t.tmp || !t.at) goto done;
    for (size_t k = 0; k < 2 * count; k++) {
        const bf_cipher *c = k < count ? a[k] : b[k - count];
        BF_GOTO(bf_api_take(&op, c), done);
        BF_GOTO(bf_api_need(&op, &c->ct, 1), done);
        t.at[k] = &c->ct;
    }
    BF_GOTO(lower_terms(&op, &t), done);
    BF_GOTO(bf_tensor_sum(op.eval, &res, t.at, t.at + count, count), done);
    status = bf_relinearize_rescale(op.eval, &res, &res);
done:
    for (size_t k = 0; t.tmp && k < 2 * count; k++)
        bf_eval_release(op.eval, &t.tmp[k]);
    bf_free(t.tmp);
    bf_free((void *)t.at);
    return bf_api_give(&op, out, &res, status);
}
