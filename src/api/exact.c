/* Operations of one step, at scales that the caller chooses. */
#include <string.h>

#include "api/api.h"

/* A plaintext as the evaluator takes it; a dry run takes it without its data.
 */
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

bf_status bf_cipher_mul_plain_add(bf_evaluator *ev, bf_cipher **out,
                                  const bf_cipher *a, const bf_plain *b)
{
    bf_op op;
    if (!*out) return bf_cipher_mul_plain(ev, out, a, b);
    BF_TRY(
        bf_api_begin(&op, ev, "sum of products with plaintexts", a, *out, 0));
    BF_TRY(bf_api_same(op.ckks, b->ckks, op.what));
    if (*out == a)
        return bf_fail(BF_ERR_ARGUMENT, "%s: the sum is its own term", op.what);
    if ((*out)->ct.polys != a->ct.polys)
        return bf_fail(BF_ERR_ARGUMENT,
                       "%s: the sum has %u polynomials, the term %u", op.what,
                       (*out)->ct.polys, a->ct.polys);
    bf_pt pt = operand(&op, b);
    BF_TRY(bf_mul_plain_add(op.eval, &(*out)->ct, &a->ct, &pt));
    bf_api_changed(&op, *out);
    return BF_OK;
}

static bf_status take_all(bf_op *op, const bf_ct **at,
                          const bf_cipher *const *a, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        BF_TRY(bf_api_take(op, a[k]));
        at[k] = &a[k]->ct;
    }
    return BF_OK;
}

bf_status bf_cipher_tensor_matrix(bf_evaluator *ev, bf_cipher **out,
                                  const bf_cipher *const *a,
                                  const bf_cipher *const *b, size_t rows,
                                  size_t terms, size_t cols)
{
    bf_op op = bf_api_op(ev, "tensor product");
    size_t left, right, made;
    bf_status status = BF_ERR_MEMORY;
    if (rows == 0 || terms == 0 || cols == 0)
        return bf_fail(BF_ERR_ARGUMENT, "%s of no terms", op.what);
    if (!bf_mul_size(rows, terms, &left) || !bf_mul_size(terms, cols, &right) ||
        !bf_mul_size(rows, cols, &made) || left > SIZE_MAX - right)
        return bf_fail(BF_ERR_ARGUMENT, "%s: %zu x %zu x %zu", op.what, rows,
                       terms, cols);
    const bf_ct **at = bf_api_array(left + right, sizeof *at);
    bf_ct *res = bf_api_array(made, sizeof *res);
    if (!at || !res) goto done;
    BF_GOTO(take_all(&op, at, a, left), done);
    BF_GOTO(take_all(&op, at + left, b, right), done);
    status = bf_tensor_matrix(op.eval, res, rows, cols, at, at + left, terms);
    status = bf_api_fill(out, made, status);
    for (size_t i = 0; i < made; i++)
        status = bf_api_give(&op, &out[i], &res[i], status);
done:
    bf_free((void *)at);
    bf_free(res);
    return status;
}

bf_status bf_cipher_tensor(bf_evaluator *ev, bf_cipher **out,
                           const bf_cipher *const *a, const bf_cipher *const *b,
                           size_t terms)
{
    return bf_cipher_tensor_matrix(ev, out, a, b, 1, terms, 1);
}

bf_status bf_cipher_relinearize(bf_evaluator *ev, bf_cipher **out,
                                const bf_cipher *a)
{
    return bf_api_one(ev, out, a, bf_relinearize, "relinearisation");
}

bf_status bf_cipher_relinearize_rescale(bf_evaluator *ev, bf_cipher **out,
                                        const bf_cipher *a)
{
    return bf_api_one(ev, out, a, bf_relinearize_rescale,
                      "relinearisation and rescaling");
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
    if (bf_api_has(&a->ct, scale, limbs)) return bf_cipher_copy(ev, out, a);
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
