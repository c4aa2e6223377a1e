/* Volley Revolver products and one training gradient, decrypted, against plain
 * matrix products; the keys come from the needs of a symbolic walk, and the
 * counters of walk and run agree. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "linalg/volley_revolver.h"
#include "support/ckks_fixture.h"

#define OK(x) assert_int_equal((x), BF_OK)

enum { LOG_N = 12, LIMBS = 7, SLOTS = 1 << (LOG_N - 1), BITS = 45 };
static const double scale_a = 0x1p30, scale_b = 0x1p36, scale_mask = 0x1p24,
                    scale_y = 0x1p45;
static uint64_t seed = 4711;

typedef struct world {
    bf_fixture f;
    bf_volley l;
    bf_matrix a, bt, y, bbar; /* inputs */
    bf_matrix c, gradient;    /* expected */
    bf_pt mask;
    bf_ct *ca, *cb, *cc, *cy, *cbar, *cg;
} world;

static double uniform(void)
{
    double complex v;
    bf_fixture_random(&v, 1, M_SQRT2, &seed);
    return creal(v);
}

static void random_matrix(bf_matrix *m, size_t rows, size_t cols, double bound)
{
    OK(bf_matrix_init(m, rows, cols));
    for (size_t i = 0; i < rows * cols; i++) m->data[i] = bound * uniform();
}

static double largest(const bf_matrix *m)
{
    double x = 0;
    for (size_t i = 0; i < m->rows * m->cols; i++)
        x = fmax(x, fabs(m->data[i]));
    return x;
}

/* c = a b and gradient = c^T a, by the definition. */
static void multiply(world *w)
{
    for (size_t i = 0; i < w->l.m; i++)
        for (size_t k = 0; k < w->l.p; k++) {
            double s = 0;
            for (size_t j = 0; j < w->l.f; j++)
                s += w->a.data[i * w->l.f + j] * w->bt.data[k * w->l.f + j];
            w->c.data[i * w->l.p + k] = s;
        }
}

static void multiply_transposed(world *w, const bf_matrix *e)
{
    for (size_t k = 0; k < w->l.p; k++)
        for (size_t j = 0; j < w->l.f; j++) {
            double s = 0;
            for (size_t i = 0; i < w->l.m; i++)
                s += e->data[i * w->l.p + k] * w->a.data[i * w->l.f + j];
            w->gradient.data[k * w->l.f + j] = s;
        }
}

static bf_ct *encrypt_all(world *w, size_t count, double scale, double bound,
                          void (*put)(const world *, size_t, double *))
{
    bf_ct *out = bf_alloc_zero(count * sizeof *out);
    double slots[SLOTS];
    double complex v[SLOTS];
    for (size_t i = 0; i < count; i++) {
        put(w, i, slots);
        for (size_t j = 0; j < SLOTS; j++) v[j] = slots[j];
        bf_fixture_encrypt(&w->f, &out[i], v, scale, LIMBS, bound);
    }
    return out;
}

static void put_a(const world *w, size_t i, double *slots)
{
    bf_volley_put_a(&w->l, &w->a, i, slots);
}

static void put_b(const world *w, size_t i, double *slots)
{
    bf_volley_put_b(&w->l, &w->bt, i, slots);
}

static void put_c(const world *w, size_t i, double *slots)
{
    bf_volley_put_c(&w->l, &w->c, i / w->l.groups, i % w->l.groups, slots);
}

static void put_y(const world *w, size_t i, double *slots)
{
    bf_volley_put_c(&w->l, &w->y, i / w->l.groups, i % w->l.groups, slots);
}

static void put_bbar(const world *w, size_t i, double *slots)
{
    bf_volley_put_b(&w->l, &w->bbar, i, slots);
}

static void put_gradient(const world *w, size_t i, double *slots)
{
    bf_volley_put_b(&w->l, &w->gradient, i, slots);
}

static void compare(world *w, const bf_ct *ct, size_t count,
                    void (*put)(const world *, size_t, double *),
                    const char *what)
{
    double slots[SLOTS];
    double complex want[SLOTS];
    for (size_t i = 0; i < count; i++) {
        put(w, i, slots);
        for (size_t j = 0; j < SLOTS; j++) want[j] = slots[j];
        double error = bf_fixture_error(&w->f, &ct[i], want);
        double tolerance = bf_fixture_tolerance(&w->f, &ct[i]);
        if (!(error <= tolerance && tolerance <= 1e-3 * fmax(ct[i].bound, 1)))
            fail_msg("%s %zux%zux%zu, part %zu: error %g above %g (bound %g)",
                     what, w->l.m, w->l.f, w->l.p, i, error, tolerance,
                     ct[i].bound);
    }
}

/* Metadata of the same objects, for a symbolic evaluator. */
static bf_ct *shadow(const bf_ct *a, size_t count)
{
    bf_ct *out = bf_alloc(count * sizeof *out);
    memcpy(out, a, count * sizeof *out);
    for (size_t i = 0; i < count; i++) out[i].data = NULL;
    return out;
}

static void release_all(bf_eval *ev, bf_ct *a, size_t count)
{
    for (size_t i = 0; i < count; i++) bf_eval_release(ev, &a[i]);
    bf_free(a);
}

static void clear_all(bf_ct *a, size_t count)
{
    for (size_t i = 0; i < count; i++) bf_ct_clear(&a[i]);
    bf_free(a);
}

static void open_world(world *w, size_t m, size_t f, size_t p)
{
    memset(w, 0, sizeof *w);
    OK(bf_volley_make(&w->l, LOG_N, m, f, p));
    bf_fixture_open(&w->f, LOG_N, LIMBS, BITS, 2);
    random_matrix(&w->a, m, f, 1);
    random_matrix(&w->bt, p, f, 2 / sqrt((double)f));
    random_matrix(&w->y, m, p, 0.5);
    random_matrix(&w->bbar, p, f, 1);
    OK(bf_matrix_init(&w->c, m, p));
    OK(bf_matrix_init(&w->gradient, p, f));
    OK(bf_volley_mask(&w->mask, w->f.ctx, &w->l, scale_mask, LIMBS, false));
    multiply(w);
    size_t count = w->l.blocks * w->l.groups;
    w->ca = encrypt_all(w, w->l.blocks, scale_a, 1, put_a);
    w->cb = encrypt_all(w, w->l.groups, scale_b, 2 / sqrt((double)f), put_b);
    w->cc = encrypt_all(w, count, scale_b, largest(&w->c), put_c);
    w->cy = encrypt_all(w, count, scale_y, 0.5, put_y);
    w->cbar = encrypt_all(w, w->l.groups, scale_b, 1, put_bbar);
}

static void close_world(world *w)
{
    size_t count = w->l.blocks * w->l.groups;
    clear_all(w->ca, w->l.blocks);
    clear_all(w->cb, w->l.groups);
    clear_all(w->cc, count);
    clear_all(w->cy, count);
    clear_all(w->cbar, w->l.groups);
    bf_pt_clear(&w->mask);
    bf_matrix_clear(&w->a);
    bf_matrix_clear(&w->bt);
    bf_matrix_clear(&w->y);
    bf_matrix_clear(&w->bbar);
    bf_matrix_clear(&w->c);
    bf_matrix_clear(&w->gradient);
    bf_fixture_close(&w->f);
}

static const bf_sigmoid cubic = {3, {0.106795345, -0.00038503}, 8, false};

/* The three operations under test, real or symbolic. */
static void run_all(world *w, bf_eval *ev, const bf_pt *mask, const bf_ct *ca,
                    const bf_ct *cb, const bf_ct *cc, const bf_ct *cy,
                    const bf_ct *cbar, bf_ct *c, bf_ct *g, bf_ct *step)
{
    bf_sigmoid_form form;
    double bound = largest(&w->c) + 1e-3;
    multiply_transposed(w, &w->c);
    double gradient = largest(&w->gradient) + 1e-3;
    OK(bf_sigmoid_form_make(&form, &cubic));
    OK(bf_volley_product(ev, &w->l, mask, ca, cb, c, bound));
    OK(bf_volley_transposed(ev, &w->l, mask, cc, ca, g, gradient));
    bf_volley_bounds bounds = {bound, (double)w->l.m};
    OK(bf_volley_step(ev, &w->l, mask, &form, ca, cy, cb, cbar, &bounds, step));
}

/* Expected result of the step, in w->gradient. */
static void plain_step(world *w)
{
    bf_matrix e;
    OK(bf_matrix_init(&e, w->l.m, w->l.p));
    for (size_t i = 0; i < w->l.m * w->l.p; i++) {
        double z = w->c.data[i];
        double p = z * (cubic.odd[0] + cubic.odd[1] * z * z);
        e.data[i] = w->y.data[i] - p;
    }
    multiply_transposed(w, &e);
    for (size_t i = 0; i < w->l.p * w->l.f; i++)
        w->gradient.data[i] *= w->bbar.data[i];
    bf_matrix_clear(&e);
}

static void same_work(const bf_eval *a, const bf_eval *b)
{
    bf_counters x, y;
    bf_eval_counters(a, &x);
    bf_eval_counters(b, &y);
    assert_memory_equal(x.key_switches, y.key_switches, sizeof x.key_switches);
    assert_memory_equal(x.mod_ups, y.mod_ups, sizeof x.mod_ups);
    assert_memory_equal(x.mod_downs, y.mod_downs, sizeof x.mod_downs);
    assert_int_equal(x.tensor_products, y.tensor_products);
    assert_int_equal(x.plain_products, y.plain_products);
    assert_int_equal(x.rescales, y.rescales);
}

/* Walks symbolically and makes the keys that the walk asked for. */
static bf_eval *plan(world *w)
{
    size_t count = w->l.blocks * w->l.groups;
    bf_eval *symbolic;
    const bf_key_need *needs;
    bf_pt mask = {0};
    OK(bf_eval_create(&symbolic, w->f.ctx, NULL));
    OK(bf_volley_mask(&mask, w->f.ctx, &w->l, scale_mask, LIMBS, true));
    assert_true(fabs(mask.noise - w->mask.noise) <= 1e-12);
    bf_ct *in[5] = {shadow(w->ca, w->l.blocks), shadow(w->cb, w->l.groups),
                    shadow(w->cc, count), shadow(w->cy, count),
                    shadow(w->cbar, w->l.groups)};
    bf_ct *c = bf_alloc_zero(count * sizeof *c);
    bf_ct *g = bf_alloc_zero(w->l.groups * sizeof *g);
    bf_ct *step = bf_alloc_zero(w->l.groups * sizeof *step);
    run_all(w, symbolic, &mask, in[0], in[1], in[2], in[3], in[4], c, g, step);
    for (size_t i = 0; i < 5; i++) bf_free(in[i]);
    release_all(symbolic, c, count);
    release_all(symbolic, g, w->l.groups);
    release_all(symbolic, step, w->l.groups);
    size_t keys = bf_eval_key_needs(symbolic, &needs);
    OK(bf_eval_keys_generate(&w->f.keys, w->f.sk, needs, keys,
                             NULL));
    OK(bf_eval_create(&w->f.ev, w->f.ctx, &w->f.keys));
    return symbolic;
}

static void check_shape(size_t m, size_t f, size_t p)
{
    world w;
    open_world(&w, m, f, p);
    size_t count = w.l.blocks * w.l.groups;
    bf_eval *symbolic = plan(&w);
    bf_ct *c = bf_alloc_zero(count * sizeof *c);
    bf_ct *g = bf_alloc_zero(w.l.groups * sizeof *g);
    bf_ct *step = bf_alloc_zero(w.l.groups * sizeof *step);
    run_all(&w, w.f.ev, &w.mask, w.ca, w.cb, w.cc, w.cy, w.cbar, c, g, step);
    same_work(symbolic, w.f.ev);
    compare(&w, c, count, put_c, "A B");
    assert_int_equal(c[0].limbs, LIMBS - 1);
    compare(&w, g, w.l.groups, put_gradient, "C^T A");
    assert_int_equal(g[0].limbs, LIMBS - 1);
    plain_step(&w);
    compare(&w, step, w.l.groups, put_gradient, "step");
    assert_int_equal(step[0].limbs, LIMBS - 5);
    release_all(w.f.ev, c, count);
    release_all(w.f.ev, g, w.l.groups);
    release_all(w.f.ev, step, w.l.groups);
    bf_eval_destroy(symbolic);
    close_world(&w);
}

static void test_products(void **state)
{
    (void)state;
    check_shape(1, 1, 1);
    check_shape(5, 7, 3);
    check_shape(300, 8, 3);  /* two blocks */
    check_shape(9, 100, 20); /* two groups */
    check_shape(20, 401, 10); /* five blocks, three groups */
    check_shape(3, 2048, 2); /* one row a ciphertext */
}

/* Encodings read back; each entry of A, B and C has a slot. */
static void test_encoding(void **state)
{
    (void)state;
    bf_volley l;
    bf_matrix m, back;
    double slots[SLOTS];
    double complex v[SLOTS];
    OK(bf_volley_make(&l, LOG_N, 21, 300, 11));
    assert_int_equal(l.width, 512);
    assert_int_equal(l.rows, 4);
    assert_int_equal(l.period, 4);
    assert_int_equal(l.blocks, 6);
    assert_int_equal(l.groups, 3);
    random_matrix(&m, l.p, l.f, 1);
    OK(bf_matrix_init(&back, l.p, l.f));
    for (size_t g = 0; g < l.groups; g++) {
        bf_volley_put_b(&l, &m, g, slots);
        for (size_t j = 0; j < SLOTS; j++) v[j] = slots[j];
        bf_volley_get_b(&l, v, g, &back);
    }
    assert_memory_equal(m.data, back.data, l.p * l.f * sizeof(double));
    bf_matrix_clear(&m);
    bf_matrix_clear(&back);
    random_matrix(&m, l.m, l.p, 1);
    OK(bf_matrix_init(&back, l.m, l.p));
    for (size_t i = 0; i < l.blocks * l.groups; i++) {
        bf_volley_put_c(&l, &m, i / l.groups, i % l.groups, slots);
        for (size_t j = 0; j < SLOTS; j++) v[j] = slots[j];
        bf_volley_get_c(&l, v, i / l.groups, i % l.groups, &back);
    }
    assert_memory_equal(m.data, back.data, l.m * l.p * sizeof(double));
    bf_matrix_clear(&m);
    bf_matrix_clear(&back);
}

static void test_refusals(void **state)
{
    (void)state;
    bf_volley l;
    assert_int_equal(bf_volley_make(&l, LOG_N, 0, 1, 1), BF_ERR_ARGUMENT);
    assert_int_equal(bf_volley_make(&l, LOG_N, 1, 0, 1), BF_ERR_ARGUMENT);
    assert_int_equal(bf_volley_make(&l, LOG_N, 1, 1, 0), BF_ERR_ARGUMENT);
    assert_int_equal(bf_volley_make(&l, LOG_N, 1, 2049, 1), BF_ERR_ARGUMENT);
    OK(bf_volley_make(&l, LOG_N, 1, 2048, 1));
}

int main(void)
{
    const char *given = getenv("BLINDFIT_TEST_SEED");
    if (given) seed = strtoull(given, NULL, 0);
    printf("seed %llu\n", (unsigned long long)seed);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encoding),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_products),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
