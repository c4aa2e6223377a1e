#include "train/rows.h"

#include "base/memory.h"
#include "base/parallel.h"
#include "wire/wire.h"

bf_status bf_rows_open(bf_rows *r, bf_eval *ev, const bf_inputs *in,
                       size_t most, unsigned limbs)
{
    *r = (bf_rows){.in = in, .ev = ev};
    if (!in->packed) return BF_OK;
    r->limb = (size_t)2 << bf_context_params(bf_eval_context(ev))->log_n;
    r->most = most;
    r->bytes = (uint64_t)most * limbs * r->limb * sizeof(double);
    r->own = bf_alloc_zero(most * sizeof *r->own);
    if (!bf_eval_is_symbolic(ev)) r->data = bf_alloc(r->bytes);
    if (r->own && (r->data || bf_eval_is_symbolic(ev))) return BF_OK;
    bf_rows_close(r);
    return BF_ERR_MEMORY;
}

void bf_rows_close(bf_rows *r)
{
    bf_free(r->own);
    bf_free(r->data);
    *r = (bf_rows){0};
}

typedef struct unpacking {
    const bf_rows *r;
    const size_t *index;
    unsigned limbs;
} unpacking;

static bf_status unpack(void *user, size_t i)
{
    const unpacking *u = user;
    const bf_rows *r = u->r;
    bf_ct *ct = &r->own[i];
    *ct = r->in->at[BF_INPUT_ROWS][u->index[i]];
    if (u->limbs < ct->limbs) ct->limbs = u->limbs;
    bf_eval_count_unpacked(r->ev, ct->limbs);
    if (!r->data) return BF_OK;
    ct->data = r->data + i * u->limbs * r->limb;
    return bf_wire_fill_ct(ct, &r->in->rows[u->index[i]]);
}

bf_status bf_rows_take(bf_rows *r, const bf_ct **out, const size_t *index,
                       size_t count, unsigned limbs)
{
    if (!r->in->packed) {
        for (size_t i = 0; i < count; i++)
            out[i] = &r->in->at[BF_INPUT_ROWS][index[i]];
        return BF_OK;
    }
    if (count > r->most || count * limbs * r->limb * sizeof(double) > r->bytes)
        return bf_fail(BF_ERR_INTERNAL, "no room for %zu rows of %u limbs",
                       count, limbs);
    unpacking u = {r, index, limbs};
    for (size_t i = 0; i < count; i++) out[i] = &r->own[i];
    return bf_parallel_for(count, bf_eval_is_symbolic(r->ev), unpack, &u);
}
