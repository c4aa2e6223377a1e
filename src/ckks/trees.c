/* Packing and expansion by automorphism trees ([CDKS20] section 3.2; expansion
 * is its transpose). Rotation by r = F M'/2^{i+1} fixes X^{u m} for even m/2^i
 * and negates it for odd m/2^i, so c + rot(c) and c - rot(c) separate (or, run
 * backwards, merge) the two halves of the index set. A step of radix 4 does two
 * levels, and shares a ModUp (expansion) or a ModDown (packing).
 *
 * Example: M' = 4, c = P0 + X^u P1 + X^2u P2 + X^3u P3, R = rot_F. R^2 negates
 * X^u and X^3u, so
 *   c + R^2 c = 2 (P0 + X^2u P2),   c - R^2 c = 2 X^u (P1 + X^2u P3).
 * R fixes P0..P3 and negates X^2u. So the first line, plus and minus its image
 * under R, is 4 P0 and 4 X^2u P2. The second line times X^-u likewise gives 4
 * P1 and 4 X^2u P3. Products with X^-2u give P2 and P3. All four results have
 * four times the scale of c, and took three rotations of c, which share one
 * ModUp. */
#include <math.h>
#include <string.h>

#include "base/bits.h"
#include "base/env.h"
#include "base/parallel.h"
#include "ckks/eval_internal.h"

typedef struct tree {
    bf_eval *ev;
    size_t count;
    unsigned f, log_m;
    int64_t unit;    /* u */
    unsigned limbs;
    unsigned level;  /* current level; a radix-4 step also handles level + 1 */
    size_t first;    /* first node of the loop */
    double *mono[3]; /* monomials of the step, [limbs][N] each */
    bf_ct *nodes;
} tree;

static bf_status tree_init(tree *t, bf_eval *ev, size_t count, unsigned log_m,
                           unsigned f)
{
    size_t half = bf_eval_n(ev) / 2;
    if (!bf_is_power_of_two(f) || f > half || log_m > 63 ||
        half / f >> log_m == 0 || count == 0 || count > (size_t)1 << log_m)
        return bf_fail(BF_ERR_ARGUMENT,
                       "packing of %zu elements of period %u into 2^%u places "
                       "of %zu slots",
                       count, f, log_m, half);
    *t = (tree){.ev = ev, .count = count, .f = f, .log_m = log_m};
    t->unit = (int64_t)((half / f) >> log_m);
    return BF_OK;
}

static bf_status tree_monomials(tree *t, unsigned limbs)
{
    t->limbs = limbs;
    for (unsigned i = 0; i < 3 && t->ev->keys; i++) {
        t->mono[i] = bf_eval_scratch(t->ev, limbs);
        if (!t->mono[i]) return BF_ERR_MEMORY;
    }
    return BF_OK;
}

static void tree_close(tree *t)
{
    for (unsigned i = 0; i < 3; i++)
        bf_eval_scratch_give(t->ev, t->mono[i], t->limbs);
}

/* The rotation that separates the halves of a level. */
static int tree_rotation(const tree *t, unsigned level)
{
    return (int)((size_t)t->f << (t->log_m - level - 1));
}

/* mono[i] = X^e. */
static void set_monomial(tree *t, unsigned i, int64_t e)
{
    const bf_ring *ring = t->ev->ctx->ring;
    int64_t two_n = 2 * (int64_t)bf_eval_n(t->ev);
    if (!t->mono[i]) return;
    e = ((e % two_n) + two_n) % two_n;
    for (unsigned l = 0; l < t->limbs; l++)
        bf_limb_monomial(ring, l, t->mono[i] + l * ring->n, (uint32_t)e);
}

/* e times 5^r: the exponent of X^e rotated by r. */
static int64_t rotated_exponent(const tree *t, int64_t e, int r)
{
    int64_t two_n = 2 * (int64_t)bf_eval_n(t->ev);
    return e % two_n * (int64_t)bf_galois_rotation(t->ev->ctx, r) % two_n;
}

/* A slice of one limb of each node of a step: all arithmetic of the step runs
 * while the slice is in cache. */
typedef struct slice {
    const tree *t;
    unsigned limb;
    size_t at, len;
    double *x[4]; /* NULL: no such node */
} slice;

static void times_monomial(const slice *s, unsigned i, unsigned mono)
{
    const bf_ring *ring = s->t->ev->ctx->ring;
    bf_span_mul(ring, s->limb, s->x[i], s->x[i],
                s->t->mono[mono] + s->limb * ring->n + s->at, s->len);
}

static void butterfly(const slice *s, unsigned i, unsigned k)
{
    bf_span_butterfly(s->t->ev->ctx->ring, s->limb, s->x[i], s->x[k], s->len);
}

/* Calls fn for every slice of the nodes; all nodes that exist have the same
 * shape. */
static void for_slices(const tree *t, bf_ct *const *node, unsigned count,
                       void (*fn)(const slice *))
{
    size_t n = bf_eval_n(t->ev);
    slice s = {.t = t, .len = BF_ROW_LEN};
    const bf_ct *shape = node[0];
    if (!shape->data) return;
    for (s.limb = 0; s.limb < shape->limbs; s.limb++)
        for (unsigned k = 0; k < shape->polys; k++)
            for (s.at = 0; s.at < n; s.at += s.len) {
                for (unsigned i = 0; i < count; i++)
                    s.x[i] = node[i]->ctx
                                 ? bf_ct_limb(node[i], k, s.limb, n) + s.at
                                 : NULL;
                fn(&s);
            }
}

/* Sets noise and bound for sums and differences of all nodes. */
static void mix(bf_ct *const *node, unsigned count)
{
    double variance = 0, bound = 0;
    for (unsigned i = 0; i < count; i++) {
        variance += node[i]->noise * node[i]->noise;
        bound += node[i]->bound;
    }
    for (unsigned i = 0; i < count; i++) {
        node[i]->noise = sqrt(variance);
        node[i]->bound = bound;
    }
}

static size_t tree_nodes(const tree *t, unsigned level)
{
    size_t nodes = (size_t)1 << level;
    return nodes < t->count ? nodes : t->count;
}

/* Node m + offset * 2^level, or NULL when there is none. */
static bf_ct *tree_node(const tree *t, size_t m, size_t offset)
{
    size_t i = m + (offset << t->level);
    return i < t->count ? &t->nodes[i] : NULL;
}

/* ---- expansion ----------------------------------------------------------- */

static void expand_two_slice(const slice *s)
{
    butterfly(s, 0, 1);
    times_monomial(s, 1, 0);
}

/* Radix 2: node m becomes its even half c + R c, node m + 2^level the odd one
 * X^-u' (c - R c), u' = u 2^level. */
static bf_status expand_two(void *user, size_t number)
{
    const tree *t = user;
    size_t m = t->first + number;
    bf_eval *ev = t->ev;
    bf_ct *node[2] = {tree_node(t, m, 0), tree_node(t, m, 1)};
    if (!node[1]) return bf_mul_int(ev, node[0], node[0], 2);
    BF_TRY(bf_rotate(ev, node[1], node[0], tree_rotation(t, t->level)));
    mix(node, 2);
    for_slices(t, node, 2, expand_two_slice);
    return BF_OK;
}

/* The error of a node is spread over the children from which the node was
 * packed. If some children are missing, each of the others has a larger part of
 * the error. */
static void concentrate_noise(bf_ct *const *child)
{
    unsigned present = 0;
    for (unsigned i = 0; i < 4; i++) present += child[i] != NULL;
    for (unsigned i = 0; i < 4; i++)
        if (child[i]) child[i]->noise *= sqrt(4.0 / present);
}

/* c, R c, R^2 c, R^3 c -> e0, e1, o0, o1. */
static void expand_four_slice(const slice *s)
{
    butterfly(s, 0, 2); /* c + R2 c, c - R2 c */
    butterfly(s, 1, 3); /* R c + R3 c, R c - R3 c */
    butterfly(s, 0, 1);
    times_monomial(s, 1, 1);
    times_monomial(s, 2, 0);
    times_monomial(s, 3, 2);
    butterfly(s, 2, 3);
    times_monomial(s, 3, 1);
}

/* Radix 4, two levels at once with R = rot of the lower one: R c, R^2 c, R^3 c
 * share one ModUp. mono = X^-u', X^-2u', R X^-u'. */
static bf_status expand_four(void *user, size_t number)
{
    const tree *t = user;
    size_t m = t->first + number;
    bf_eval *ev = t->ev;
    bf_ct *child[4] = {tree_node(t, m, 0), tree_node(t, m, 2),
                       tree_node(t, m, 1), tree_node(t, m, 3)};
    int r = tree_rotation(t, t->level + 1), rotations[3] = {r, 2 * r, 3 * r};
    bf_ct c[3] = {{0}};
    bf_ct *node[4] = {child[0], &c[0], &c[1], &c[2]};
    bf_status status;
    BF_GOTO(bf_rotate_many(ev, c, child[0], rotations, 3), done);
    mix(node, 4);
    for_slices(t, node, 4, expand_four_slice);
    for (unsigned i = 1; i < 4; i++)
        if (child[i]) bf_move(ev, child[i], node[i]);
    concentrate_noise(child);
done:
    for (unsigned i = 0; i < 3; i++) bf_eval_release(ev, &c[i]);
    return status;
}

bf_status bf_expand(bf_eval *ev, bf_ct *out, const bf_ct *packed, size_t count,
                    unsigned log_m, unsigned f, int sign)
{
    tree t;
    bf_status status;
    BF_TRY(bf_eval_check(ev, packed, 2, "expansion"));
    /* packed may be one of out[]. */
    const double scale = packed->scale, bound = packed->bound;
    if (sign != 1 && sign != -1)
        return bf_fail(BF_ERR_ARGUMENT, "expansion with the sign %d: 1 or -1",
                       sign);
    BF_TRY(tree_init(&t, ev, count, log_m, f));
    BF_GOTO(tree_monomials(&t, packed->limbs), done);
    BF_GOTO(bf_copy(ev, &out[0], packed), done);
    t.nodes = out;
    while (t.level < log_m) {
        /* With an odd number of levels, the first step, at the level with one
         * node, has radix 2. */
        bool four = (log_m - t.level) % 2 == 0;
        int64_t e = -sign * (t.unit << t.level);
        set_monomial(&t, 0, e);
        if (four) {
            set_monomial(&t, 1, 2 * e);
            set_monomial(
                &t, 2, rotated_exponent(&t, e, tree_rotation(&t, t.level + 1)));
        }
        BF_GOTO(bf_parallel_for(tree_nodes(&t, t.level), !ev->keys,
                                four ? expand_four : expand_two, &t),
                done);
        t.level += four ? 2 : 1;
    }
    for (size_t m = 0; m < count; m++) {
        /* Values were doubled log_m times; the scale takes this factor. */
        out[m].scale = scale * (double)((size_t)1 << log_m);
        out[m].bound = bound;
    }
done:
    for (size_t m = 0; status != BF_OK && t.nodes && m < count; m++)
        bf_eval_release(ev, &out[m]);
    tree_close(&t);
    return status;
}

/* ---- packing ------------------------------------------------------------- */

static void pack_two_slice(const slice *s)
{
    times_monomial(s, 1, 0);
    butterfly(s, 0, 1);
}

/* Radix 2: low = (low + X^u' high) + R (low - X^u' high). */
static bf_status pack_two(void *user, size_t number)
{
    const tree *t = user;
    size_t m = t->first + number;
    bf_eval *ev = t->ev;
    bf_ct *node[2] = {tree_node(t, m, 0), tree_node(t, m, 1)};
    int rotations[2] = {0, tree_rotation(t, t->level)};
    if (node[1]) {
        mix(node, 2);
        for_slices(t, node, 2, pack_two_slice);
    }
    const bf_ct *term[2] = {node[0], node[1] ? node[1] : node[0]};
    bf_status status = bf_rotate_sum(ev, node[0], term, rotations, 2);
    if (node[1]) bf_eval_release(ev, node[1]);
    return status;
}

/* c0, c1, c2, c3 -> D0, D2, D1, D3; what is missing counts as zero, and
 * x[2], x[3] are there wherever x[0], x[1] are. */
static void pack_four_slice(const slice *s)
{
    for (unsigned i = 0; i < 2; i++) {
        if (!s->x[i]) continue;
        times_monomial(s, i + 2, 1);
        butterfly(s, i, i + 2); /* A, B and C, D */
    }
    if (!s->x[1]) return;
    times_monomial(s, 1, 0);
    times_monomial(s, 3, 2);
    butterfly(s, 0, 1);
    butterfly(s, 2, 3);
}

/* Makes a missing node: zero, with the shape of another node. */
static bf_status make_zero(bf_eval *ev, bf_ct *out, const bf_ct *shape)
{
    if (!shape->ctx || out->ctx) return BF_OK;
    BF_TRY(bf_eval_new(ev, out, shape->limbs, shape->polys));
    out->scale = shape->scale;
    if (out->data)
        memset(out->data, 0,
               bf_eval_n(ev) * out->limbs * out->polys * sizeof(double));
    return BF_OK;
}

/* Radix 4, two levels at once with R = rot of the lower one; mono = X^u',
 * X^2u', R^-1 X^u'. With A, B = c0 +- X^2u' c2 and C, D = c1 +- X^2u' c3,
 *   (A + X^u' C) + R (B + mono2 D) + R^2 (A - X^u' C) + R^3 (B - mono2 D):
 * the three rotations share one ModDown. */
static bf_status pack_four(void *user, size_t number)
{
    const tree *t = user;
    size_t m = t->first + number;
    bf_eval *ev = t->ev;
    bf_ct *node[4], c[4] = {{0}};
    bf_ct *all[4] = {&c[0], &c[1], &c[2], &c[3]};
    int r = tree_rotation(t, t->level + 1), rotations[4] = {0, r, 2 * r, 3 * r};
    bf_status status = BF_OK;
    for (unsigned i = 0; i < 4; i++) {
        node[i] = tree_node(t, m, i);
        if (node[i]) bf_move(ev, &c[i], node[i]);
    }
    for (unsigned i = 0; i < 2; i++)
        BF_GOTO(make_zero(ev, &c[i + 2], &c[i]), done);
    bool both = c[1].ctx;
    mix(all, 4);
    for_slices(t, all, 4, pack_four_slice);
    const bf_ct *term[4] = {&c[0], &c[2], both ? &c[1] : &c[0],
                            both ? &c[3] : &c[2]};
    BF_GOTO(bf_rotate_sum(ev, node[0], term, rotations, 4), done);
done:
    for (unsigned i = 0; i < 4; i++) bf_eval_release(ev, &c[i]);
    return status;
}

/* Packs the levels below `left` in one step: radix 4 while two levels are left.
 * With an odd number of levels the last step, at the level with one node, has
 * radix 2. */
static bool pack_level(tree *t, unsigned left)
{
    bool four = left >= 2;
    t->level = left - (four ? 2 : 1);
    int64_t e = t->unit << t->level;
    set_monomial(t, 0, e);
    if (four) {
        set_monomial(t, 1, 2 * e);
        set_monomial(t, 2,
                     rotated_exponent(t, e, -tree_rotation(t, t->level + 1)));
    }
    return four;
}

static bf_status pack_nodes(tree *t, size_t first, size_t end, bool four)
{
    t->first = first;
    return bf_parallel_for(end - first, !t->ev->keys,
                           four ? pack_four : pack_two, t);
}

/* Node m must have the level and scale of node 0, which may already be packed,
 * and as many polynomials as node `first`. */
static bf_status check_alike(const tree *t, size_t m, size_t first)
{
    const bf_ct *g = &t->nodes[m], *zero = &t->nodes[0];
    BF_TRY(bf_eval_check(t->ev, g, 3, "packing"));
    if (g->limbs != zero->limbs || g->polys != t->nodes[first].polys)
        return bf_fail(BF_ERR_MISMATCH,
                       "packing: elements of different levels or sizes");
    return bf_eval_check_scales(zero->scale, g->scale, "packing");
}

/* Elements of nodes first..end-1 of the first step, made and checked. */
static bf_status pack_elements(tree *t, size_t first, size_t end,
                               bf_pack_make make, void *user)
{
    unsigned runs = t->log_m >= 2 ? 4 : 1u << t->log_m;
    size_t stride = ((size_t)1 << t->log_m) / runs;
    if (make) BF_TRY(make(user, t->nodes, first, end - first, stride, runs));
    for (unsigned k = 0; k < runs; k++)
        for (size_t m = k * stride + first;
             m < k * stride + end && m < t->count; m++)
            BF_TRY(check_alike(t, m, first));
    return BF_OK;
}

/* The elements of a large tree are made in PARTS parts, so that memory holds a
 * quarter of the elements at a time. */
enum { PARTS = 4, PARTS_LOG_MIN = 6 };

/* The first step, part by part. The first elements determine the level of the
 * tree. */
static bf_status pack_first(tree *t, bf_pack_make make, void *user)
{
    unsigned log_m = t->log_m;
    size_t nodes = (size_t)1 << (log_m >= 2 ? log_m - 2 : 0);
    bool four = false;
    if (nodes > t->count) nodes = t->count;
    unsigned parts = log_m >= PARTS_LOG_MIN && nodes >= PARTS ? PARTS : 1;
    for (unsigned i = 0; i < parts; i++) {
        size_t first = nodes * i / parts, end = nodes * (i + 1) / parts;
        BF_TRY(bf_check_interrupt());
        BF_TRY(pack_elements(t, first, end, make, user));
        if (i == 0) {
            BF_TRY(tree_monomials(t, t->nodes[0].limbs));
            if (log_m == 0) break;
            four = pack_level(t, log_m);
        }
        BF_TRY(pack_nodes(t, first, end, four));
    }
    t->count = nodes;
    return log_m == 0 && t->nodes[0].polys == 3
               ? bf_relinearize(t->ev, &t->nodes[0], &t->nodes[0])
               : BF_OK;
}

static bf_status pack_rest(tree *t)
{
    for (unsigned left = t->log_m >= 2 ? t->log_m - 2 : 0; left > 0;
         left = t->level) {
        bool four = pack_level(t, left);
        size_t nodes = tree_nodes(t, t->level);
        BF_TRY(pack_nodes(t, 0, nodes, four));
        t->count = nodes;
    }
    bf_ct *sum = &t->nodes[0];
    for (size_t r = (size_t)t->f << t->log_m; r < bf_eval_n(t->ev) / 2;
         r *= 2) {
        bf_ct rotated = {0};
        /* Coefficients of the subring are doubled, the others vanish. */
        double doubled = 2 * sum->noise;
        bf_status status = bf_rotate(t->ev, &rotated, sum, (int)r);
        if (status == BF_OK) status = bf_add(t->ev, sum, sum, &rotated);
        if (status == BF_OK) sum->noise = fmax(sum->noise, doubled);
        bf_eval_release(t->ev, &rotated);
        BF_TRY(status);
    }
    return BF_OK;
}

bf_status bf_pack_made(bf_eval *ev, bf_ct *out, bf_ct *g, size_t count,
                       unsigned log_m, unsigned f, double bound,
                       bf_pack_make make, void *user)
{
    tree t;
    BF_TRY(tree_init(&t, ev, count, log_m, f));
    if (!(bound >= 0) || !isfinite(bound))
        return bf_fail(BF_ERR_ARGUMENT, "packing of sums up to %g", bound);
    t.nodes = g;
    bf_status status = pack_first(&t, make, user);
    if (status == BF_OK) status = pack_rest(&t);
    tree_close(&t);
    BF_TRY(status);
    g[0].bound = bound;
    bf_move(ev, out, &g[0]);
    return BF_OK;
}

bf_status bf_pack(bf_eval *ev, bf_ct *out, bf_ct *g, size_t count,
                  unsigned log_m, unsigned f, double bound)
{
    unsigned limbs = BF_MAX_Q;
    for (size_t m = 0; m < count; m++)
        if (g[m].limbs < limbs) limbs = g[m].limbs;
    for (size_t m = 0; m < count; m++) g[m].limbs = limbs;
    return bf_pack_made(ev, out, g, count, log_m, f, bound, NULL, NULL);
}
