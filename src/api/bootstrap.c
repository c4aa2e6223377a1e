/* Bootstrapping: ciphertexts get levels back. */
#include <math.h>

#include "api/api.h"

static bf_status check_made_for(const bf_ckks *c)
{
    if (c->encapsulation) return BF_OK;
    return bf_fail(BF_ERR_ARGUMENT,
                   "bootstrapping: parameters of bf_ckks_create_bootstrap are "
                   "wanted");
}

static bf_status create(bf_refresher **out, const bf_ckks *c, bool dry)
{
    BF_TRY(check_made_for(c));
    bf_refresher *made = bf_alloc_zero(sizeof *made);
    if (!made) return BF_ERR_MEMORY;
    made->ckks = c;
    bf_status status = bf_boot_create(&made->shape, c->ctx, c->encapsulation,
                                      &c->boot.p, true);
    if (status == BF_OK && !dry)
        status = bf_boot_create(&made->boot, c->ctx, c->encapsulation,
                                &c->boot.p, false);
    if (status != BF_OK) {
        bf_refresher_destroy(made);
        return status;
    }
    bf_refresher_destroy(*out);
    *out = made;
    return BF_OK;
}

bf_status bf_refresher_create(bf_refresher **out, const bf_ckks *c)
{
    return create(out, c, false);
}

bf_status bf_refresher_create_dry(bf_refresher **out, const bf_ckks *c)
{
    return create(out, c, true);
}

void bf_refresher_destroy(bf_refresher *r)
{
    if (!r) return;
    bf_boot_destroy(r->shape);
    bf_boot_destroy(r->boot);
    bf_free(r);
}

size_t bf_refresher_bytes(const bf_refresher *r)
{
    return bf_boot_bytes(r->shape);
}

size_t bf_ckks_refreshed(const bf_ckks *c)
{
    return c->encapsulation ? (size_t)1 << c->boot.p.c2s.log_slots : 0;
}

/* The refresh declares the error at a typical coefficient. Here a vector may be
 * constant, so that one large coefficient holds all of it, and every slot has
 * the bend of this coefficient: sqrt(N) times less in each of N coefficients.
 */
static void declare_bend(bf_ct *ct, const bf_ckks *c)
{
    const bf_boot_params *p = &c->boot.p;
    double bend = bf_boot_bend(p->arcsine, p->bound, p->bound * exp2(p->ratio));
    ct->noise = hypot(ct->noise, bend * ct->scale / sqrt(exp2(p->ring.log_n)));
}

/* Brings a to one limb at the planned scale. A ciphertext of one limb keeps its
 * scale; bf_boot_refresh checks that scale. */
static bf_status descend(bf_op *op, const bf_ct **out, bf_ct *tmp,
                         const bf_ct *a)
{
    *out = a;
    if (a->limbs == 1) return BF_OK;
    return bf_api_lower(op, out, tmp, a, bf_boot_scale_in(&op->ckks->boot.p),
                        1);
}

bf_status bf_bootstrap(bf_evaluator *ev, bf_cipher **out, const bf_cipher *a,
                       const bf_refresher *r)
{
    bf_op op = bf_api_op(ev, "bootstrapping");
    bf_ct res = {0}, low = {0};
    const bf_ct *x;
    BF_TRY(check_made_for(op.ckks));
    BF_TRY(bf_api_same(op.ckks, r->ckks, op.what));
    BF_TRY(bf_api_take(&op, a));
    const bf_boot *b = bf_eval_is_symbolic(op.eval) ? r->shape : r->boot;
    if (!b)
        return bf_fail(BF_ERR_ARGUMENT, "%s: a refresher of dry runs", op.what);
    bf_status status = descend(&op, &x, &low, &a->ct);
    if (status == BF_OK)
        status = bf_boot_refresh(op.eval, ev->home->encapsulation, &res, x, b);
    if (status == BF_OK) declare_bend(&res, op.ckks);
    bf_eval_release(op.eval, &low);
    return bf_api_give(&op, out, &res, status);
}
