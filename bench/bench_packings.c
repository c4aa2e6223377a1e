/* The two packings side by side on the same shapes, ring and chain: scores
 * Z = X V^T and gradient G = E^T X, all of X, V and E encrypted.
 *
 *   volley  [Chi22], linalg/volley_revolver.h
 *   trees   linalg/layout.h, dense.h and the packing trees of ckks.h
 *
 * For each: time on all threads (speedup against volley), key switches, levels
 * used, evaluation keys and ciphertexts uploaded (both seeded and packed, as on
 * disk), and the largest error against plain products. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parallel.h"
#include "ckks/owner/owner.h"
#include "linalg/dense.h"
#include "linalg/volley_revolver.h"
#include "support/timing.h"

static const double log_x = 30, log_v = 36, log_e = 36, log_mask = 20;

typedef struct shape {
    size_t m, f, p;
} shape;

typedef struct ring_size {
    unsigned log_n, n_q, n_p;
} ring_size;

typedef struct side {
    shape s;
    bf_matrix x, v, e; /* m x f, p x f, m x p */
    bf_matrix z, g;    /* plain results */
    bf_context *ctx;
    bf_secret_key *sk;
    bf_eval_keys keys;
    bf_eval *ev;
    unsigned limbs;
    bf_ct *cx, *cv, *ce, *cz, *cg;
    size_t nx, nv, ne, nz, ng;
    bf_volley volley;
    bf_pt mask;
    bf_layout layout;
    bf_masks masks;
    bf_ct *w, *a, *spread; /* of the trees */
} side;

typedef struct packing {
    const char *name;
    bf_status (*shape)(side *);
    bf_status (*masks)(side *, bool symbolic);
    bf_status (*encode)(side *, char which, size_t i, bf_pt *out);
    bf_status (*scores)(side *);
    bf_status (*gradient)(side *);
    bf_status (*read)(side *, bf_matrix *z, bf_matrix *g);
} packing;

static void require(bf_status s)
{
    if (s == BF_OK) return;
    fprintf(stderr, "bench_packings: %s: %s\n", bf_status_name(s),
            bf_last_error());
    exit(1);
}

static void *need(void *p)
{
    if (!p) require(BF_ERR_MEMORY);
    return p;
}

static void release(side *s, bf_ct *a, size_t count)
{
    for (size_t i = 0; i < count; i++) bf_eval_release(s->ev, &a[i]);
}

/* ---- Volley Revolver ----------------------------------------------------- */

static bf_status volley_shape(side *s)
{
    BF_TRY(bf_volley_make(&s->volley, bf_context_params(s->ctx)->log_n, s->s.m,
                          s->s.f, s->s.p));
    s->nx = s->volley.blocks;
    s->nv = s->ng = s->volley.groups;
    s->ne = s->nz = s->nx * s->nv;
    return BF_OK;
}

static bf_status volley_masks(side *s, bool symbolic)
{
    bf_pt_clear(&s->mask);
    return bf_volley_mask(&s->mask, s->ctx, &s->volley, exp2(log_mask),
                          s->limbs, symbolic);
}

static bf_status volley_encode(side *s, char which, size_t i, bf_pt *out)
{
    const bf_volley *l = &s->volley;
    size_t slots = l->rows * l->width;
    double *v = need(bf_alloc(slots * sizeof *v));
    if (which == 'x') bf_volley_put_a(l, &s->x, i, v);
    if (which == 'v') bf_volley_put_b(l, &s->v, i, v);
    if (which == 'e')
        bf_volley_put_c(l, &s->e, i / l->groups, i % l->groups, v);
    double log_scale = which == 'x' ? log_x : which == 'v' ? log_v : log_e;
    bf_status status =
        bf_encode_real(out, s->ctx, v, slots, exp2(log_scale), s->limbs);
    bf_free(v);
    return status;
}

static bf_status volley_scores(side *s)
{
    return bf_volley_product(s->ev, &s->volley, &s->mask, s->cx, s->cv, s->cz,
                             4);
}

static bf_status volley_gradient(side *s)
{
    return bf_volley_transposed(s->ev, &s->volley, &s->mask, s->ce, s->cx,
                                s->cg, 4);
}

static bf_status decrypt_slots(side *s, const bf_ct *ct, double complex *v)
{
    bf_pt pt = {0};
    BF_TRY(bf_decrypt(&pt, s->sk, ct));
    bf_status status = bf_decode_slots(v, &pt);
    bf_pt_clear(&pt);
    return status;
}

static bf_status volley_read(side *s, bf_matrix *z, bf_matrix *g)
{
    const bf_volley *l = &s->volley;
    double complex *v = need(bf_alloc(l->rows * l->width * sizeof *v));
    bf_status status = BF_OK;
    for (size_t i = 0; i < s->nz && status == BF_OK; i++) {
        status = decrypt_slots(s, &s->cz[i], v);
        bf_volley_get_c(l, v, i / l->groups, i % l->groups, z);
    }
    for (size_t i = 0; i < s->ng && status == BF_OK; i++) {
        status = decrypt_slots(s, &s->cg[i], v);
        bf_volley_get_b(l, v, i, g);
    }
    bf_free(v);
    return status;
}

/* ---- trees --------------------------------------------------------------- */

static size_t power_of_two_above(size_t x)
{
    size_t p = 1;
    while (p < x) p *= 2;
    return p;
}

/* One chunk of rows; the rest of the slots holds features. */
static bf_status trees_shape(side *s)
{
    unsigned log_n = bf_context_params(s->ctx)->log_n;
    size_t f = ((size_t)1 << (log_n - 1)) / power_of_two_above(s->s.m);
    size_t k = f < 8 ? f : 8;
    BF_TRY(bf_layout_make(&s->layout, log_n, s->s.m, s->s.f, s->s.p, 0, f, k));
    s->nx = s->layout.chunks * s->layout.pairs;
    s->nv = s->ng = 1;
    s->ne = s->nz = s->layout.groups;
    size_t outs = s->layout.chunks * s->s.p;
    s->w = need(bf_alloc_zero(s->layout.m * sizeof *s->w));
    s->a = need(bf_alloc_zero(outs * sizeof *s->a));
    s->spread = need(bf_alloc_zero(outs * sizeof *s->spread));
    return BF_OK;
}

static bf_status trees_masks(side *s, bool symbolic)
{
    bf_masks_clear(&s->masks);
    return bf_masks_make(&s->masks, s->ctx, &s->layout, exp2(log_mask),
                         s->limbs, symbolic);
}

/* Puts errors at the dense places of their outputs. */
static void put_errors(const side *s, size_t group, double *slots)
{
    const bf_layout *l = &s->layout;
    bf_block b = bf_layout_block(l, 0);
    memset(slots, 0, l->f * l->t * sizeof *slots);
    for (size_t i = 0; i < bf_block_group_size(l, &b, group); i++) {
        size_t out = group * l->k + i, first, rows;
        bf_layout_rows(l, out / l->classes, &first, &rows);
        for (size_t r = 0; r < rows; r++)
            for (size_t f = i; f < l->f; f += l->k)
                slots[r * l->f + f] =
                    s->e.data[(first + r) * s->s.p + out % l->classes];
    }
}

static bf_status trees_encode(side *s, char which, size_t i, bf_pt *out)
{
    const bf_layout *l = &s->layout;
    size_t slots = l->f * l->t;
    double complex *v = need(bf_alloc(slots * sizeof *v));
    double *real = need(bf_alloc(2 * slots * sizeof *real));
    bf_status status;
    if (which == 'x') {
        bf_layout_x(l, &s->x, i / l->pairs, i % l->pairs, v);
        status = bf_encode_slots(out, s->ctx, v, slots, exp2(log_x), s->limbs);
    } else if (which == 'v') {
        status = bf_layout_pack_weights(l, &s->v, real);
        if (status == BF_OK)
            status = bf_encode_coeffs(out, s->ctx, real, 2 * slots,
                                      exp2(log_v - l->log_m), s->limbs);
    } else {
        put_errors(s, i, real);
        status = bf_encode_real(out, s->ctx, real, slots, exp2(log_e),
                                s->limbs);
    }
    bf_free(v);
    bf_free(real);
    return status;
}

/* out = X times b, or X^T times b. */
static bf_status trees_product(side *s, bf_ct *out, bool transposed,
                               const bf_ct *b)
{
    size_t chunks = s->layout.chunks, pairs = s->layout.pairs;
    size_t rows = transposed ? pairs : chunks;
    size_t terms = transposed ? chunks : pairs, classes = s->s.p;
    const bf_ct **x = need(bf_alloc((rows + classes) * terms * sizeof *x));
    const bf_ct **y = x + rows * terms;
    for (size_t r = 0; r < rows; r++)
        for (size_t k = 0; k < terms; k++)
            x[r * terms + k] =
                &s->cx[transposed ? k * pairs + r : r * pairs + k];
    for (size_t i = 0; i < terms * classes; i++) y[i] = &b[i];
    bf_status status =
        bf_tensor_matrix(s->ev, out, rows, classes, x, y, terms);
    bf_free(x);
    return status;
}

static bf_status trees_relinearize(void *user, size_t i)
{
    side *s = user;
    return bf_relinearize(s->ev, &s->a[i], &s->a[i]);
}

static bf_status trees_fold(void *user, size_t g)
{
    side *s = user;
    const bf_layout *l = &s->layout;
    bf_block b = bf_layout_block(l, 0);
    bf_ct *z = &s->cz[g], conj = {0};
    BF_TRY(bf_fold(s->ev, &s->masks, &s->a[g * l->k],
                   bf_block_group_size(l, &b, g), z));
    z->bound = 4;
    BF_TRY(bf_rescale(s->ev, z, z));
    BF_TRY(bf_conjugate(s->ev, &conj, z));
    bf_status status = bf_add(s->ev, z, z, &conj);
    z->scale *= 2;
    z->bound = 4;
    bf_eval_release(s->ev, &conj);
    return status;
}

static bf_status trees_scores(side *s)
{
    const bf_layout *l = &s->layout;
    bool serial = bf_eval_is_symbolic(s->ev);
    bf_ct conj = {0};
    BF_TRY(bf_conjugate(s->ev, &conj, &s->cv[0]));
    bf_status status = bf_expand(s->ev, s->w, &conj, l->m, l->log_m,
                                 (unsigned)l->f, -1);
    bf_eval_release(s->ev, &conj);
    BF_TRY(status);
    BF_TRY(trees_product(s, s->a, false, s->w));
    BF_TRY(bf_parallel_for(l->chunks * s->s.p, serial, trees_relinearize, s));
    return bf_parallel_for(l->groups, serial, trees_fold, s);
}

static bf_status trees_spread(void *user, size_t g)
{
    side *s = user;
    bf_block b = bf_layout_block(&s->layout, 0);
    return bf_spread(s->ev, &s->masks, &s->ce[g],
                     bf_block_group_size(&s->layout, &b, g),
                     &s->spread[g * s->layout.k]);
}

static bf_status trees_relinearize_gradient(void *user, size_t i)
{
    side *s = user;
    return bf_relinearize(s->ev, &s->w[i], &s->w[i]);
}

static bf_status trees_gradient(side *s)
{
    const bf_layout *l = &s->layout;
    bool serial = bf_eval_is_symbolic(s->ev);
    BF_TRY(bf_parallel_for(l->groups, serial, trees_spread, s));
    BF_TRY(trees_product(s, s->w, true, s->spread));
    BF_TRY(bf_parallel_for(l->m, serial, trees_relinearize_gradient, s));
    BF_TRY(bf_pack(s->ev, &s->cg[0], s->w, l->m, l->log_m, (unsigned)l->f, 4));
    return bf_rescale(s->ev, &s->cg[0], &s->cg[0]);
}

static bf_status trees_read(side *s, bf_matrix *z, bf_matrix *g)
{
    const bf_layout *l = &s->layout;
    bf_block b = bf_layout_block(l, 0);
    size_t slots = l->f * l->t;
    bf_pt pt = {0};
    double complex *v = need(bf_alloc(slots * sizeof *v));
    double *coeffs = need(bf_alloc(2 * slots * sizeof *coeffs));
    bf_status status = BF_OK;
    for (size_t i = 0; i < s->nz && status == BF_OK; i++) {
        status = decrypt_slots(s, &s->cz[i], v);
        for (size_t k = 0; k < bf_block_group_size(l, &b, i); k++) {
            size_t out = i * l->k + k, first, rows;
            bf_layout_rows(l, out / l->classes, &first, &rows);
            for (size_t r = 0; r < rows; r++)
                z->data[(first + r) * s->s.p + out % l->classes] =
                    creal(v[r * l->f + k]);
        }
    }
    if (status == BF_OK) status = bf_decrypt(&pt, s->sk, &s->cg[0]);
    if (status == BF_OK) status = bf_decode_coeffs(coeffs, &pt);
    bf_matrix_clear(g);
    if (status == BF_OK) status = bf_layout_unpack_weights(l, coeffs, g);
    bf_pt_clear(&pt);
    bf_free(v);
    bf_free(coeffs);
    return status;
}

static const packing packings[] = {
    {"volley", volley_shape, volley_masks, volley_encode, volley_scores,
     volley_gradient, volley_read},
    {"trees", trees_shape, trees_masks, trees_encode, trees_scores,
     trees_gradient, trees_read},
};

/* ---- the comparison ------------------------------------------------------ */

static void random_matrix(bf_matrix *m, size_t rows, size_t cols, double bound)
{
    require(bf_matrix_init(m, rows, cols));
    for (size_t i = 0; i < rows * cols; i++)
        m->data[i] = bound * (2.0 * (double)random() / RAND_MAX - 1);
}

static void plain_products(side *s)
{
    size_t m = s->s.m, f = s->s.f, p = s->s.p;
    require(bf_matrix_init(&s->z, m, p));
    require(bf_matrix_init(&s->g, p, f));
    for (size_t i = 0; i < m; i++)
        for (size_t c = 0; c < p; c++)
            for (size_t j = 0; j < f; j++) {
                double x = s->x.data[i * f + j];
                s->z.data[i * p + c] += x * s->v.data[c * f + j];
                s->g.data[c * f + j] += x * s->e.data[i * p + c];
            }
}

static bf_ct *inputs(side *s, const packing *p, char which, size_t count)
{
    bf_ct *out = need(bf_alloc_zero(count * sizeof *out));
    bf_pt pt = {0};
    for (size_t i = 0; i < count; i++) {
        require(p->encode(s, which, i, &pt));
        require(bf_encrypt_symmetric(&out[i], s->sk, &pt));
    }
    bf_pt_clear(&pt);
    return out;
}

static void side_open(side *s, const packing *p, ring_size r, shape what)
{
    unsigned q[BF_MAX_Q], special[BF_MAX_P];
    bf_params params;
    memset(s, 0, sizeof *s);
    s->s = what;
    s->limbs = r.n_q;
    for (unsigned i = 0; i < r.n_q; i++) q[i] = 46;
    for (unsigned i = 0; i < r.n_p; i++) special[i] = 47;
    require(bf_params_make(&params, r.log_n, q, r.n_q, special, r.n_p, r.n_p));
    require(bf_context_create(&s->ctx, &params, BF_BACKEND_AUTO));
    require(bf_secret_key_generate(&s->sk, s->ctx, 0));
    srandom(1);
    random_matrix(&s->x, what.m, what.f, 1);
    random_matrix(&s->v, what.p, what.f, 0.1);
    random_matrix(&s->e, what.m, what.p, 0.1);
    plain_products(s);
    require(p->shape(s));
    s->cx = inputs(s, p, 'x', s->nx);
    s->cv = inputs(s, p, 'v', s->nv);
    s->ce = inputs(s, p, 'e', s->ne);
    s->cz = need(bf_alloc_zero(s->nz * sizeof *s->cz));
    s->cg = need(bf_alloc_zero(s->ng * sizeof *s->cg));
}

static void hide_data(bf_ct *a, size_t count, double **data)
{
    for (size_t i = 0; i < count; i++) {
        double *t = a[i].data;
        a[i].data = data[i];
        data[i] = t;
    }
}

/* Walks symbolically, without the inputs' data, and makes the keys of the walk.
 */
static void make_keys(side *s, const packing *p)
{
    const bf_key_need *needs;
    size_t count = s->nx + s->nv + s->ne;
    double **data = need(bf_alloc_zero(count * sizeof *data));
    for (int pass = 0; pass < 2; pass++) {
        hide_data(s->cx, s->nx, data);
        hide_data(s->cv, s->nv, data + s->nx);
        hide_data(s->ce, s->ne, data + s->nx + s->nv);
        if (pass == 1) break;
        require(bf_eval_create(&s->ev, s->ctx, NULL));
        require(p->masks(s, true));
        require(p->scores(s));
        require(p->gradient(s));
    }
    bf_free(data);
    release(s, s->cz, s->nz);
    release(s, s->cg, s->ng);
    if (s->w) release(s, s->w, s->layout.m);
    if (s->spread) release(s, s->spread, s->layout.chunks * s->s.p);
    size_t keys = bf_eval_key_needs(s->ev, &needs);
    require(bf_eval_keys_generate(&s->keys, s->sk, needs, keys,
                                  NULL));
    bf_eval_destroy(s->ev);
    require(bf_eval_create(&s->ev, s->ctx, &s->keys));
    require(p->masks(s, false));
}

static void ct_array_clear(bf_ct *a, size_t count)
{
    for (size_t i = 0; a && i < count; i++) bf_ct_clear(&a[i]);
    bf_free(a);
}

static void side_close(side *s)
{
    if (s->w) release(s, s->w, s->layout.m);
    if (s->a) release(s, s->a, s->layout.chunks * s->s.p);
    if (s->spread) release(s, s->spread, s->layout.chunks * s->s.p);
    release(s, s->cz, s->nz);
    release(s, s->cg, s->ng);
    ct_array_clear(s->cx, s->nx);
    ct_array_clear(s->cv, s->nv);
    ct_array_clear(s->ce, s->ne);
    bf_free(s->cz);
    bf_free(s->cg);
    bf_free(s->w);
    bf_free(s->a);
    bf_free(s->spread);
    bf_pt_clear(&s->mask);
    bf_masks_clear(&s->masks);
    bf_matrix_clear(&s->x);
    bf_matrix_clear(&s->v);
    bf_matrix_clear(&s->e);
    bf_matrix_clear(&s->z);
    bf_matrix_clear(&s->g);
    bf_eval_destroy(s->ev);
    bf_eval_keys_clear(&s->keys);
    bf_secret_key_destroy(s->sk);
    bf_context_destroy(s->ctx);
}

static double difference(const bf_matrix *a, const bf_matrix *b)
{
    double worst = 0;
    for (size_t i = 0; i < a->rows * a->cols; i++)
        worst = fmax(worst, fabs(a->data[i] - b->data[i]));
    return worst;
}

static double largest_error(side *s, const packing *p)
{
    bf_matrix z, g;
    require(bf_matrix_init(&z, s->s.m, s->s.p));
    require(bf_matrix_init(&g, s->s.p, s->s.f));
    require(p->read(s, &z, &g));
    double error = fmax(difference(&z, &s->z), difference(&g, &s->g));
    bf_matrix_clear(&z);
    bf_matrix_clear(&g);
    return error;
}

static uint64_t key_switches(const side *s)
{
    bf_counters c;
    uint64_t sum = 0;
    bf_eval_counters(s->ev, &c);
    for (unsigned l = 0; l <= BF_MAX_Q; l++) sum += c.key_switches[l];
    return sum;
}

typedef struct job {
    const packing *p;
    side *s;
} job;

static void call_scores(void *user)
{
    job *j = user;
    require(j->p->scores(j->s));
}

static void call_gradient(void *user)
{
    job *j = user;
    require(j->p->gradient(j->s));
}

typedef struct result {
    bf_timing scores, gradient;
    uint64_t score_switches, gradient_switches;
    unsigned score_levels, gradient_levels;
    size_t keys, ciphertexts;
    double key_bytes, upload_bytes, error;
} result;

static void measure(const bf_bench *b, side *s, const packing *p, result *out)
{
    job j = {p, s};
    size_t n = (size_t)1 << bf_context_params(s->ctx)->log_n;
    call_scores(&j);
    out->score_switches = key_switches(s);
    call_gradient(&j);
    out->gradient_switches = key_switches(s) - out->score_switches;
    out->score_levels = s->limbs - s->cz[0].limbs;
    out->gradient_levels = s->limbs - s->cg[0].limbs;
    out->error = largest_error(s, p);
    out->keys = s->keys.count;
    out->ciphertexts = s->nx + s->nv + s->ne;
    out->key_bytes = 0;
    for (size_t i = 0; i < s->keys.count; i++) {
        const bf_switch_key *k = &s->keys.keys[i];
        out->key_bytes += (double)k->digits *
                          (k->limbs + bf_context_params(s->ctx)->n_p) *
                          (double)n * 46 / 8; /* seeded, packed */
    }
    out->upload_bytes =
        (double)out->ciphertexts * s->limbs * (double)n * 46 / 8;
    out->scores = bf_bench_time(b, call_scores, &j);
    out->gradient = bf_bench_time(b, call_gradient, &j);
}

/* Times as rows of every benchmark, volley the baseline; the costs as a line,
 * or an object, of their own. */
static void print_result(bf_bench *b, const packing *p, ring_size r, shape w,
                         const result *x, const result *base)
{
    char variant[64];
    snprintf(variant, sizeof variant, "2^%u %zux%zux%zu %s x%u", r.log_n, w.m,
             w.f, w.p, p->name, bf_env_threads(NULL));
    bf_bench_row(b, "scores", variant, x->scores, base ? &base->scores : NULL);
    bf_bench_row(b, "gradient", variant, x->gradient,
                 base ? &base->gradient : NULL);
    const char *format =
        b->json ? ",\n  {\"operation\": \"cost\", \"variant\": \"%s\", "
                  "\"scores_key_switches\": %llu, "
                  "\"gradient_key_switches\": %llu, "
                  "\"scores_levels\": %u, \"gradient_levels\": %u, "
                  "\"keys\": %zu, \"key_bytes\": %.0f, "
                  "\"ciphertexts\": %zu, \"upload_bytes\": %.0f, "
                  "\"max_error\": %.3e}"
                : "  %s: key switches %llu + %llu, levels %u + %u, %zu keys of "
                  "%.3g bytes, %zu ciphertexts of %.3g bytes, error %.1e\n";
    printf(format, variant, (unsigned long long)x->score_switches,
           (unsigned long long)x->gradient_switches, x->score_levels,
           x->gradient_levels, x->keys, x->key_bytes, x->ciphertexts,
           x->upload_bytes, x->error);
}

static void compare(bf_bench *b, ring_size r, shape w)
{
    result x[2];
    for (size_t p = 0; p < 2; p++) {
        side s;
        if (!bf_bench_wants(b, packings[p].name)) continue;
        side_open(&s, &packings[p], r, w);
        make_keys(&s, &packings[p]);
        measure(b, &s, &packings[p], &x[p]);
        print_result(b, &packings[p], r, w, &x[p],
                     p == 1 && !b->filter ? &x[0] : NULL);
        side_close(&s);
    }
}

int main(int argc, char **argv)
{
    static const ring_size rings[] = {{14, 6, 3}, {15, 10, 4}};
    static const shape shapes[] = {{128, 401, 10}, {100, 300, 3}};
    bf_bench b;
    bf_bench_begin(&b, argc, argv);
    for (size_t i = 0; i < sizeof rings / sizeof *rings; i++)
        for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++)
            compare(&b, rings[i], shapes[k]);
    return bf_bench_end(&b);
}
