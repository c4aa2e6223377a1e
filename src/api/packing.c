/* Packing of many ciphertexts into one, and the inverse. */
#include <string.h>

#include "api/api.h"

/* Elements of a packing, of which a ring has no more than slots. */
static bf_status check_count(const bf_op *op, size_t count)
{
    size_t slots = bf_ckks_slots(op->ckks);
    if (count >= 1 && count <= slots) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT, "%s: %zu elements: must be 1 to %zu",
                   op->what, count, slots);
}

bf_status bf_cipher_pack(bf_evaluator *ev, bf_cipher **out,
                         const bf_cipher *const *g, size_t count,
                         unsigned log_m, unsigned f, double bound)
{
    bf_op op = bf_api_op(ev, "packing");
    bf_ct res = {0};
    BF_TRY(check_count(&op, count));
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

/* Elements that the caller makes. */
typedef struct making {
    bf_op *op;
    bf_cipher_make make;
    void *user;
    size_t count;
    uint8_t key_id[BF_KEY_ID_BYTES]; /* of the elements so far, as op's */
} making;

static bf_status make_element(making *k, bf_ct *g, size_t m)
{
    bf_cipher *c = NULL;
    bf_status status = k->make(k->user, &c, m);
    if (status == BF_OK && !c)
        status = bf_fail(BF_ERR_ARGUMENT, "%s: element %zu was not made",
                         k->op->what, m);
    if (status == BF_OK) status = bf_api_take(k->op, c);
    if (status == BF_OK) status = bf_copy(k->op->eval, g, &c->ct);
    if (status == BF_OK && k->op->key_id) {
        /* The operation outlives c. */
        memmove(k->key_id, k->op->key_id, sizeof k->key_id);
        k->op->key_id = k->key_id;
    }
    bf_cipher_destroy(c);
    return status;
}

static bf_status make_elements(void *user, bf_ct *g, size_t first, size_t n,
                               size_t stride, unsigned runs)
{
    making *k = user;
    for (unsigned run = 0; run < runs; run++)
        for (size_t i = first; i < first + n; i++) {
            size_t m = run * stride + i;
            if (m < k->count) BF_TRY(make_element(k, &g[m], m));
        }
    return BF_OK;
}

bf_status bf_cipher_pack_made(bf_evaluator *ev, bf_cipher **out, size_t count,
                              unsigned log_m, unsigned f, double bound,
                              bf_cipher_make make, void *user)
{
    bf_op op = bf_api_op(ev, "packing");
    bf_ct res = {0};
    making k = {.op = &op, .make = make, .user = user, .count = count};
    BF_TRY(check_count(&op, count));
    bf_ct *g = bf_alloc_zero(count * sizeof *g);
    if (!g) return BF_ERR_MEMORY;
    bf_status status = bf_pack_made(op.eval, &res, g, count, log_m, f, bound,
                                    make_elements, &k);
    for (size_t m = 0; m < count; m++) bf_eval_release(op.eval, &g[m]);
    bf_free(g);
    return bf_api_give(&op, out, &res, status);
}

bf_status bf_cipher_expand(bf_evaluator *ev, bf_cipher **out,
                           const bf_cipher *a, size_t count, unsigned log_m,
                           unsigned f, int sign)
{
    bf_op op;
    BF_TRY(bf_api_begin(&op, ev, "expansion", a, NULL, 0));
    BF_TRY(check_count(&op, count));
    bf_ct *res = bf_alloc_zero(count * sizeof *res);
    if (!res) return BF_ERR_MEMORY;
    bf_status status = bf_expand(op.eval, res, &a->ct, count, log_m, f, sign);
    status = bf_api_fill(out, count, status);
    for (size_t m = 0; m < count; m++)
        status = bf_api_give(&op, &out[m], &res[m], status);
    bf_free(res);
    return status;
}
