/* Operations of one step, at scales that the caller follows. */
#include <string.h>

#include "api/api.h"

/* A plaintext as the evaluator takes it: in a dry run without its numbers. */
static bf_pt operand(const bf_op *op, const bf_plain *b)
{
    bf_pt pt = b->pt;
    if (bf_eval_is_symbolic(op->eval)) pt.data = NULL;
    return pt;
}

static bf_status with_plain(bf_evaluator *ev, bf_cipher **out,
                            const bf_cipher *a, const bf_plain *b,
                            bf_status (*f)(bf_eval *, bf_ct *, const bf_ct *,
                                           const bf_pt *),
                            const char *what)
{
    bf_op op;
    bf_ct res = {0};
    BF_TRY(bf_api_begin(&op, ev, what, a, NULL, 0));
    BF_TRY(bf_api_same(op.ckks, b->ckks, what));
    bf_pt pt = operand(&op, b);
    return bf_api_give(&op, out, &res, f(op.eval, &res, &a->ct, &pt));
}

bf_status bf_cipher_add_plain(bf_evaluator *ev, bf_cipher **out,
                              const bf_cipher *a, const bf_plain *b)
{
    return with_plain(ev, out, a, b, bf_add_plain, "sum with a plaintext");
}

bf_status bf_cipher_mul_plain(bf_evaluator *ev, bf_cipher **out,
                              const bf_cipher *a, const bf_plain *b)
{
    return with_plain(ev, out, a, b, bf_mul_plain, "product with a plaintext");
}

bf_status bf_cipher_tensor(bf_evaluator *ev, bf_cipher **out,
                           const bf_cipher *const *a, const bf_cipher *const *b,
                           size_t count)
{
    bf_op op = bf_api_op(ev, "tensor product");
    bf_ct res = {0};
    if (count == 0) return bf_fail(BF_ERR_ARGUMENT, "%s of no terms", op.what);
    const bf_ct **at = bf_alloc(2 * count * sizeof *at);
    if (!at) return BF_ERR_MEMORY;
    bf_status status = BF_OK;
    for (size_t k = 0; k < 2 * count && status == BF_OK; k++) {
        const bf_cipher *c = k < count ? a[k] : b[k - count];
        status = bf_api_take(&op, c);
        at[k] = &c->ct;
    }
    if (status == BF_OK)
        status = bf_tensor_sum(op.eval, &res, at, at + count, count);
    bf_free((void *)at);
    return bf_api_give(&op, out, &res, status);
}

bf_status bf_cipher_relinearize(bf_evaluator *ev, bf_cipher **out,
                                const bf_cipher *a)
{
    return bf_api_one(ev, out, a, bf_relinearize, "relinearisation");
}

bf_status bf_cipher_rescale(bf_evaluator *ev, bf_cipher **out,
                            const bf_cipher *a)
{
    return bf_api_one(ev, out, a, bf_rescale, "rescaling");
}

bf_status bf_cipher_mod_drop(bf_evaluator *ev, bf_cipher **out,
                             const bf_cipher *a, unsigned limbs)
{
    bf_op op;
    bf_ct res = {0};
    BF_TRY(bf_api_begin(&op, ev, "dropping of primes", a, NULL, 0));
    bf_status status = bf_copy(op.eval, &res, &a->ct);
    if (status == BF_OK) status = bf_mod_drop(op.eval, &res, limbs);
    return bf_api_give(&op, out, &res, status);
}

bf_status bf_cipher_adjust(bf_evaluator *ev, bf_cipher **out,
                           const bf_cipher *a, double factor, double scale,
                           unsigned limbs)
{
    bf_op op;
    bf_ct res = {0};
    BF_TRY(bf_api_begin(&op, ev, "adjustment", a, NULL, 0));
    return bf_api_give(&op, out, &res,
                       bf_adjust(op.eval, &res, &a->ct, factor, scale, limbs));
}

bf_status bf_cipher_lower(bf_evaluator *ev, bf_cipher **out, const bf_cipher *a,
                          unsigned level)
{
    bf_op op = bf_api_op(ev, "lowering");
    BF_TRY(bf_api_check_level(op.ckks, level, op.what));
    unsigned limbs = bf_api_limbs(op.ckks, level);
    double scale = op.ckks->scale[limbs];
    if (a->ct.limbs == limbs && a->ct.scale == scale)
        return bf_cipher_copy(ev, out, a);
    return bf_cipher_adjust(ev, out, a, 1, scale, limbs);
}

bf_status bf_cipher_mul_monomial(bf_evaluator *ev, bf_cipher **out,
                                 const bf_cipher *a, int64_t e)
{
    bf_op op;
    bf_ct res = {0};
    BF_TRY(bf_api_begin(&op, ev, "product with a monomial", a, NULL, 0));
    return bf_api_give(&op, out, &res,
                       bf_mul_monomial(op.eval, &res, &a->ct, e));
}

bf_status bf_cipher_automorphism(bf_evaluator *ev, bf_cipher **out,
                                 const bf_cipher *a, uint32_t g)
{
    bf_op op;
    bf_ct res = {0};
    BF_TRY(bf_api_begin(&op, ev, "automorphism", a, NULL, 0));
    BF_TRY(bf_api_check_element(op.ckks, g, op.what));
    return bf_api_give(&op, out, &res,
                       bf_automorphism(op.eval, &res, &a->ct, g));
}

bf_status bf_cipher_pack(bf_evaluator *ev, bf_cipher **out,
                         const bf_cipher *const *g, size_t count,
                         unsigned log_m, unsigned f, double bound)
{
    bf_op op = bf_api_op(ev, "packing");
    bf_ct res = {0};
    if (count == 0) return bf_fail(BF_ERR_ARGUMENT, "%s of nothing", op.what);
    bf_ct *copies = bf_alloc_zero(count * sizeof *copies);
    if (!copies) return BF_ERR_MEMORY;
    bf_status status = BF_OK;
    for (size_t m = 0; m < count && status == BF_OK; m++) {
        status = bf_api_take(&op, g[m]);
        if (status == BF_OK) status = bf_copy(op.eval, &copies[m], &g[m]->ct);
    }
    if (status == BF_OK)
        status = bf_pack(op.eval, &res, copies, count, log_m, f, bound);
    for (size_t m = 0; m < count; m++) bf_eval_release(op.eval, &copies[m]);
    bf_free(copies);
    return bf_api_give(&op, out, &res, status);
}

bf_status bf_cipher_expand(bf_evaluator *ev, bf_cipher **out,
                           const bf_cipher *a, size_t count, unsigned log_m,
                           unsigned f, int sign)
{
    bf_op op;
    BF_TRY(bf_api_begin(&op, ev, "expansion", a, NULL, 0));
    if (count == 0) return bf_fail(BF_ERR_ARGUMENT, "%s to nothing", op.what);
    bf_ct *res = bf_alloc_zero(count * sizeof *res);
    if (!res) return BF_ERR_MEMORY;
    bf_status status = bf_expand(op.eval, res, &a->ct, count, log_m, f, sign);
    for (size_t m = 0; m < count; m++)
        status = bf_api_give(&op, &out[m], &res[m], status);
    bf_free(res);
    return status;
}
