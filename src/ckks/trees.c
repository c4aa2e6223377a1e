/* Packing and expansion by automorphism trees ([CDKS20] section 3.2; expansion
 * is its transpose). Rotation by r = F M'/2^{i+1} fixes X^{u m} for even m/2^i
 * and negates it for odd m/2^i, so c + rot(c) and c - rot(c) separate (or, run
 * backwards, merge) the two halves of the index set. */
#include <string.h>

#include "base/parallel.h"
#include "ckks/eval_internal.h"

typedef struct tree {
    bf_eval *ev;
    size_t count;
    unsigned f, log_m;
    int64_t unit;  /* u, with the sign of the packing */
    double *mono;  /* X^{+-u 2^i} for the level at hand, [limbs][N] */
    unsigned limbs;
    unsigned level; /* at hand */
    bf_ct *nodes;
} tree;

static bf_status tree_open(tree *t, bf_eval *ev, size_t count, unsigned log_m,
                           unsigned f, unsigned limbs)
{
    size_t half = bf_eval_n(ev) / 2;
    memset(t, 0, sizeof *t);
    if (f == 0 || (f & (f - 1)) || ((size_t)f << log_m) > half || count == 0 ||
        count > (size_t)1 << log_m)
        return bf_fail(BF_ERR_ARGUMENT,
                       "packing of %zu elements of period %u into 2^%u places "
                       "of %zu slots",
                       count, f, log_m, half);
    t->ev = ev;
    t->count = count;
    t->f = f;
    t->log_m = log_m;
    t->unit = (int64_t)((half / f) >> log_m);
    t->limbs = limbs;
    if (!ev->keys) return BF_OK;
    t->mono = bf_eval_scratch(ev, limbs);
    return t->mono ? BF_OK : BF_ERR_MEMORY;
}

static void tree_close(tree *t)
{
    bf_eval_scratch_give(t->ev, t->mono, t->limbs);
}

static int tree_rotation(const tree *t, unsigned level)
{
    return (int)((size_t)t->f << (t->log_m - level - 1));
}

static void tree_monomial(tree *t, unsigned level, int sign)
{
    const bf_ring *ring = t->ev->ctx->ring;
    int64_t two_n = 2 * (int64_t)ring->n;
    int64_t e = (sign * t->unit * ((int64_t)1 << level)) % two_n;
    if (!t->mono) return;
    for (unsigned i = 0; i < t->limbs; i++)
        bf_limb_monomial(ring, i, t->mono + i * ring->n,
                         (uint32_t)(e < 0 ? e + two_n : e));
}

/* a *= the level's monomial, in place. */
static void apply_monomial(const tree *t, bf_ct *a)
{
    const bf_ring *ring = t->ev->ctx->ring;
    if (!a->data) return;
    for (unsigned i = 0; i < a->limbs; i++)
        for (unsigned k = 0; k < 2; k++) {
            double *x = bf_ct_limb(a, k, i, ring->n);
            bf_limb_mul(ring, i, x, x, t->mono + i * ring->n);
        }
}

/* ---- expansion --------------------------------------------------------------- */

/* Node m becomes its even half, node m + 2^level (if there is one) the odd. */
static bf_status expand_node(void *user, size_t m)
{
    const tree *t = user;
    bf_eval *ev = t->ev;
    size_t partner = m + ((size_t)1 << t->level);
    bf_ct *even = &t->nodes[m];
    if (partner >= t->count) return bf_mul_int(ev, even, even, 2);
    bf_ct *odd = &t->nodes[partner], turned = {0};
    BF_TRY(bf_rotate(ev, &turned, even, tree_rotation(t, t->level)));
    bf_status status = bf_sub(ev, odd, even, &turned);
    if (status == BF_OK) {
        apply_monomial(t, odd);
        status = bf_add(ev, even, even, &turned);
    }
    bf_eval_release(ev, &turned);
    return status;
}

static size_t tree_nodes(const tree *t, unsigned level)
{
    size_t nodes = (size_t)1 << level;
    return nodes < t->count ? nodes : t->count;
}

bf_status bf_expand(bf_eval *ev, bf_ct *out, const bf_ct *packed, size_t count,
                    unsigned log_m, unsigned f, int sign)
{
    tree t;
    bf_status status;
    BF_TRY(bf_eval_check(ev, packed, 2, "expansion"));
    BF_GOTO(tree_open(&t, ev, count, log_m, f, packed->limbs), done);
    BF_GOTO(bf_copy(ev, &out[0], packed), done);
    t.nodes = out;
    for (t.level = 0; t.level < log_m; t.level++) {
        tree_monomial(&t, t.level, -sign);
        BF_GOTO(bf_parallel_for(tree_nodes(&t, t.level), !ev->keys, expand_node,
                                &t),
                done);
    }
    for (size_t m = 0; m < count; m++) {
        /* Values were doubled log_m times; that belongs to the scale. */
        out[m].scale = packed->scale * (double)((size_t)1 << log_m);
        out[m].bound = packed->bound;
    }
done:
    if (t.ev) tree_close(&t);
    return status;
}

/* ---- packing ------------------------------------------------------------------ */

/* low = (low + X high) + rot(low - X high), high being node m + 2^level or
 * nothing. */
static bf_status pack_node(void *user, size_t m)
{
    const tree *t = user;
    bf_eval *ev = t->ev;
    size_t partner = m + ((size_t)1 << t->level);
    bf_ct *low = &t->nodes[m], diff = {0};
    bf_ct *high = partner < t->count ? &t->nodes[partner] : NULL;
    bf_status status = BF_OK;
    if (high) {
        apply_monomial(t, high);
        BF_GOTO(bf_sub(ev, &diff, low, high), done);
        BF_GOTO(bf_add(ev, low, low, high), done);
        bf_eval_release(ev, high);
    }
    BF_GOTO(bf_rotate(ev, &diff, high ? &diff : low,
                      tree_rotation(t, t->level)),
            done);
    BF_GOTO(bf_add(ev, low, low, &diff), done);
done:
    bf_eval_release(ev, &diff);
    return status;
}

bf_status bf_pack(bf_eval *ev, bf_ct *out, bf_ct *g, size_t count,
                  unsigned log_m, unsigned f, double bound)
{
    tree t;
    bf_status status;
    unsigned limbs = g[0].limbs;
    for (size_t m = 0; m < count; m++) {
        BF_TRY(bf_eval_check(ev, &g[m], 2, "packing"));
        if (g[m].limbs < limbs) limbs = g[m].limbs;
    }
    BF_GOTO(tree_open(&t, ev, count, log_m, f, limbs), done);
    t.nodes = g;
    for (t.level = log_m; t.level-- > 0;) {
        size_t nodes = tree_nodes(&t, t.level);
        tree_monomial(&t, t.level, 1);
        BF_GOTO(bf_parallel_for(nodes, !ev->keys, pack_node, &t), done);
        t.count = nodes;
    }
    for (size_t r = (size_t)f << log_m; r < bf_eval_n(ev) / 2; r *= 2) {
        bf_ct turned = {0};
        status = bf_rotate(ev, &turned, &g[0], (int)r);
        if (status == BF_OK) status = bf_add(ev, &g[0], &g[0], &turned);
        bf_eval_release(ev, &turned);
        if (status != BF_OK) goto done;
    }
    g[0].bound = bound;
    bf_move(ev, out, &g[0]);
done:
    if (t.ev) tree_close(&t);
    return status;
}
