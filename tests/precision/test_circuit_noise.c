/* Errors of compound operations (linear maps, polynomials, ring switching,
 * larger trees, folds and spreads, the sigmoid) at the least ring degree that
 * plans use, with a sufficiently long chain. test_ckks_noise.c tests the single
 * operations at all degrees. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ckks/lintrans.h"
#include "ckks/owner/ring_switch_key.h"
#include "ckks/polyeval.h"
#include "ckks/ringswitch.h"
#include "linalg/dense.h"
#include "linalg/sigmoid.h"
#include "support/noise_trials.h"

#define OK(x) assert_int_equal((x), BF_OK)

enum { LOG_N = 13, SLOTS = 1 << (LOG_N - 1) };
enum { LIMBS = 4, ALPHA = 2, Q_BITS = 45 };
enum { DIM = 8 }; /* of the linear map */
enum { FEATURES = 8, NARROW = 4, WIDE = 8 }; /* F; K hoisted, by powers */
enum { OUTPUTS = 4 };                        /* of a group */
enum { ELEMENTS = 5, LOG_M = 3, PERIOD = SLOTS / 16 }; /* of the tree */
static const double scale = 0x1p45;

typedef bf_noise_trial trial;

typedef struct world {
    bf_fixture f, small;    /* the ring, and one of half its degree */
    bf_lintrans map;
    double complex matrix[DIM * DIM];
    bf_layout narrow, wide;
    bf_masks narrow_masks, wide_masks;
    bf_sigmoid_form each, joined, late, paired;
    double complex root[SLOTS]; /* value of X in each slot */
} world;

static const world *world_of(const trial *t)
{
    return t->table->user;
}

/* Values with this period, scale and limbs as given; the bound is their root
 * mean square. */
static bf_status encode(bf_pt *out, const bf_fixture *f,
                        const double complex *v, size_t period, double at,
                        unsigned limbs)
{
    double squares = 0;
    BF_TRY(bf_encode_slots(out, f->ctx, v, period, at, limbs));
    for (size_t i = 0; i < period; i++)
        squares += creal(v[i]) * creal(v[i]) + cimag(v[i]) * cimag(v[i]);
    out->bound = sqrt(squares / (double)period);
    return BF_OK;
}

static bf_status encrypt(bf_ct *out, const bf_fixture *f,
                         const double complex *v, size_t period, double at,
                         unsigned limbs)
{
    bf_pt pt = {0};
    BF_TRY(encode(&pt, f, v, period, at, limbs));
    bf_status status = bf_encrypt_symmetric(out, f->sk, &pt);
    bf_pt_clear(&pt);
    return status;
}

static bf_status encrypt_exact(bf_ct *out, const bf_fixture *f,
                               const double complex *v, size_t period,
                               double at, unsigned limbs)
{
    bf_pt pt = {0};
    BF_TRY(encode(&pt, f, v, period, at, limbs));
    bf_status status = bf_fixture_encrypt_exact(f, out, &pt, 2);
    bf_pt_clear(&pt);
    return status;
}

/* ---- linear map ---------------------------------------------------------- */

/* Of the first DIM values of a, repeated. */
static bf_status op_linear_map(trial *t)
{
    const world *w = world_of(t);
    bf_ct x = {0};
    for (size_t i = 0; i < t->n; i++) {
        t->want[i] = 0;
        for (size_t k = 0; k < DIM; k++)
            t->want[i] += w->matrix[i % DIM * DIM + k] * t->a[k];
    }
    BF_TRY(encrypt(&x, t->f, t->a, DIM, 0x1p40, 2));
    bf_status status = bf_lintrans_apply(t->ev, &t->out, &x, &w->map);
    bf_ct_clear(&x);
    return status;
}

/* ---- polynomials --------------------------------------------------------- */

static const double poly[8] = {0.1, -0.2, 0.3, 0.15, -0.25, 0.2, -0.1, 0.3};

static bf_status polynomial(trial *t, bf_poly p, double complex *real)
{
    bf_ct x = {0};
    BF_TRY(encrypt(&x, t->f, real, t->n, scale, bf_poly_depth(&p) + 1));
    bf_status status = bf_poly_evaluate(t->ev, &t->out, &x, &p, scale);
    bf_ct_clear(&x);
    return status;
}

static bf_status op_polynomial(trial *t)
{
    bf_poly p = {BF_BASIS_POWER, 7, poly, 0, 0};
    for (size_t i = 0; i < t->n; i++) {
        double x = creal(t->a[i]), v = 0;
        for (unsigned k = 8; k-- > 0;) v = v * x + poly[k];
        t->got[i] = x;
        t->want[i] = v;
    }
    return polynomial(t, p, t->got);
}

/* T_{k+1} = 2 x T_k - T_{k-1}. */
static bf_status op_chebyshev(trial *t)
{
    bf_poly p = {BF_BASIS_CHEBYSHEV, 7, poly, -1, 1};
    for (size_t i = 0; i < t->n; i++) {
        double x = creal(t->b[i]), v = 0, last = x, value = 1;
        for (unsigned k = 0; k < 8; k++) {
            double next = 2 * x * value - last;
            v += poly[k] * value;
            last = value;
            value = next;
        }
        t->got[i] = x;
        t->want[i] = v;
    }
    return polynomial(t, p, t->got);
}

static const bf_sigmoid cubic = {3, {0.15009364, -0.00159204}, 8, false};
static const bf_sigmoid quintic = {
    5, {0.161017339, -0.00212901663, 9.36342782e-6}, 12, false};
static const bf_sigmoid thirteen = {
    13, {0.197198016142, -5.25093120431e-3, 7.53765871649e-5, -5.45619920561e-7,
     2.05241917856e-9, -3.83324064828e-12, 2.80763922951e-15}, 8, false};

/* The sigmoid's odd part at `bits` of scale, scores within its range. */
static bf_status sigmoid(trial *t, const bf_sigmoid *p,
                         const bf_sigmoid_form *form, double bits)
{
    bf_ct z = {0};
    for (size_t i = 0; i < t->n; i++) {
        double x = p->range * creal(t->a[i]) * M_SQRT2, power = x;
        t->got[i] = x;
        t->want[i] = 0;
        for (unsigned k = 0; 2 * k + 1 <= p->degree; k++, power *= x * x)
            t->want[i] += form->sign * p->odd[k] * power;
    }
    BF_TRY(encrypt_exact(&z, t->f, t->got, t->n, exp2(bits) / form->norm,
                         form->primes + 1));
    z.scale *= form->norm;
    z.bound /= form->norm;
    bf_status status = bf_sigmoid_evaluate(t->ev, &t->out, form, &z);
    bf_ct_clear(&z);
    return status;
}

static bf_status op_sigmoid_each(trial *t)
{
    return sigmoid(t, &quintic, &world_of(t)->each, 45);
}

static bf_status op_sigmoid_joined(trial *t)
{
    return sigmoid(t, &cubic, &world_of(t)->joined, 22.5);
}

static bf_status op_sigmoid_late(trial *t)
{
    return sigmoid(t, &cubic, &world_of(t)->late, 26);
}

/* Primes of 45 bits leave z'^2 at 2 * 31 - 45 = 17 bits, whose rounding is most
 * of the error. */
static bf_status op_sigmoid_paired(trial *t)
{
    return sigmoid(t, &thirteen, &world_of(t)->paired, 31);
}

/* ---- rings --------------------------------------------------------------- */

static bf_status op_ring_up(trial *t)
{
    const world *w = world_of(t);
    bf_ct x = {0};
    for (size_t i = 0; i < t->n; i++) t->want[i] = t->a[i % (t->n / 2)];
    BF_TRY(encrypt(&x, &w->small, t->a, t->n / 2, scale, 3));
    bf_status status =
        bf_ring_switch_up(w->small.ev, t->ev, &t->out, &x);
    bf_ct_clear(&x);
    return status;
}

/* Of what op_ring_up left. */
static bf_status op_ring_down(trial *t)
{
    const world *w = world_of(t);
    bf_ct y = {0};
    BF_TRY(bf_ring_switch_down(t->ev, w->small.ev, &y, &t->out));
    bf_status status = bf_noise_measure(t, &w->small, &y);
    t->result = NULL;
    bf_eval_release(w->small.ev, &y);
    return status;
}

/* ---- trees --------------------------------------------------------------- */

/* Element number i is i + 1 times a, or b; its sum over all samples. */
static double complex trace(const trial *t, size_t element, size_t i)
{
    const double complex *x = element % 2 ? t->b : t->a;
    double complex sum = 0;
    for (size_t k = i % PERIOD; k < t->n; k += PERIOD) sum += x[k];
    return (double)(element + 1) * sum;
}

/* Five elements in eight places, one step of radix 4 and one of radix 2, and
 * one of the trace beyond. */
static bf_status op_pack(trial *t)
{
    bf_ct g[ELEMENTS] = {{0}};
    const double complex *root = world_of(t)->root;
    bf_ct x[2] = {bf_noise_low(&t->ca, 2), bf_noise_low(&t->cb, 2)};
    for (size_t i = 0; i < t->n; i++) {
        double complex step = root[i] * root[i];
        t->want[i] = 0;
        for (size_t m = ELEMENTS; m-- > 0;)
            t->want[i] = step * t->want[i] + trace(t, m, i);
    }
    for (size_t m = 0; m < ELEMENTS; m++)
        BF_TRY(bf_mul_int(t->ev, &g[m], &x[m % 2], (int64_t)m + 1));
    return bf_pack(t->ev, &t->out, g, ELEMENTS, LOG_M, PERIOD, 16 * 15);
}

static bf_status op_expand(trial *t)
{
    bf_ct out[ELEMENTS] = {{0}};
    bf_status status =
        bf_expand(t->ev, out, &t->out, ELEMENTS, LOG_M, PERIOD, 1);
    t->result = NULL;
    for (size_t m = 0; m < ELEMENTS && status == BF_OK; m++) {
        for (size_t i = 0; i < t->n; i++) t->want[i] = trace(t, m, i);
        status = bf_noise_measure(t, t->f, &out[m]);
    }
    for (size_t m = 0; m < ELEMENTS; m++) bf_eval_release(t->ev, &out[m]);
    return status;
}

/* ---- fold and spread ----------------------------------------------------- */

/* Output k of slot i's sample: the sum of a, or b, over its features. */
static double complex score(const trial *t, size_t k, size_t i)
{
    const double complex *x = k % 2 ? t->b : t->a;
    double complex sum = 0;
    for (size_t f = 0; f < FEATURES; f++)
        sum += x[i / FEATURES * FEATURES + f];
    return sum;
}

/* Output k at the places k mod K. */
static bf_status fold(trial *t, const bf_layout *l, const bf_masks *masks)
{
    bf_ct g[OUTPUTS] = {{0}};
    bf_ct x[2] = {bf_noise_low(&t->ca, 3), bf_noise_low(&t->cb, 3)};
    for (size_t i = 0; i < t->n; i++) {
        size_t place = i % l->f % l->k;
        t->want[i] = place < OUTPUTS ? score(t, place, i) : 0;
    }
    for (size_t k = 0; k < OUTPUTS; k++) {
        BF_TRY(bf_copy(t->ev, &g[k], &x[k % 2]));
        g[k].bound = FEATURES; /* of every partial sum */
    }
    BF_TRY(bf_fold(t->ev, masks, g, OUTPUTS, &t->out));
    t->out.bound = FEATURES;
    BF_TRY(bf_fold_periodic(t->ev, masks, &t->out));
    return bf_rescale(t->ev, &t->out, &t->out);
}

/* Every output of a fold, spread to all features of its row. */
static bf_status spread(trial *t, const bf_masks *masks)
{
    bf_ct out[OUTPUTS] = {{0}};
    bf_status status = bf_spread(t->ev, masks, &t->out, OUTPUTS, out);
    t->result = NULL;
    for (size_t k = 0; k < OUTPUTS && status == BF_OK; k++) {
        for (size_t i = 0; i < t->n; i++) t->want[i] = score(t, k, i);
        status = bf_noise_measure(t, t->f, &out[k]);
    }
    for (size_t k = 0; k < OUTPUTS; k++) bf_eval_release(t->ev, &out[k]);
    return status;
}

static bf_status op_fold_narrow(trial *t)
{
    return fold(t, &world_of(t)->narrow, &world_of(t)->narrow_masks);
}

static bf_status op_spread_narrow(trial *t)
{
    return spread(t, &world_of(t)->narrow_masks);
}

static bf_status op_fold_wide(trial *t)
{
    return fold(t, &world_of(t)->wide, &world_of(t)->wide_masks);
}

static bf_status op_spread_wide(trial *t)
{
    return spread(t, &world_of(t)->wide_masks);
}

/* Measured part of the estimated variance, where the estimate is a bound.
 *
 * Polynomials add errors up as if all had one sign and, in Chebyshev's basis,
 * each step doubled them. Sigmoids: bounds of w and b are added in factors
 * w + b, whose signs differ. */
#define POLYNOMIAL 0.650
#define CHEBYSHEV 0.0196
#define SIGMOID_EACH 0.524
#define SIGMOID_LATE 0.372
/* Declared for normally distributed scores; these are uniform. */
#define SIGMOID_PAIRED 1.094
/* Half of the coefficients to switch are zero, which halves the key's part,
 * 7/16 of N, but not the rounding's, 1/18. On the way down the switch is a full
 * one, but its rounding is multiplied by a secret of half as many coefficients.
 */
#define KEY (7. / 16)
#define ROUNDING (1. / 18)
#define RING_UP ((KEY / 2 + ROUNDING) / (KEY + ROUNDING))
#define RING_DOWN ((1.5 * KEY + 1.5 * ROUNDING) / (2 * KEY + 2 * ROUNDING))
/* The tree declares the noise of coefficients that its last step keeps, half of
 * them. Of eight places three are empty, whose errors the expansion counts for
 * those present. */
#define PACK 0.486
#define EXPAND 0.323

/* The order matters: an operation may use results of the previous operation. */
static const bf_noise_op operations[] = {
    {"linear map", op_linear_map, 0, 0},
    {"polynomial", op_polynomial, 0, POLYNOMIAL},
    {"polynomial, Chebyshev", op_chebyshev, 0, CHEBYSHEV},
    {"sigmoid, each", op_sigmoid_each, 0, SIGMOID_EACH},
    {"sigmoid, joined", op_sigmoid_joined, 0, 0},
    {"sigmoid, late", op_sigmoid_late, 0, SIGMOID_LATE},
    {"sigmoid, paired", op_sigmoid_paired, 0, SIGMOID_PAIRED},
    {"ring up", op_ring_up, 0, RING_UP},
    {"ring down", op_ring_down, 0, RING_DOWN},
    {"pack", op_pack, 0, PACK},
    {"expand", op_expand, ELEMENTS, EXPAND},
    {"fold, hoisted", op_fold_narrow, 0, 0},
    {"spread, hoisted", op_spread_narrow, OUTPUTS, 0},
    {"fold by powers", op_fold_wide, 0, 0},
    {"spread by powers", op_spread_wide, OUTPUTS, 0},
};

/* ---- world --------------------------------------------------------------- */

static void make_keys(world *w)
{
    int r[64];
    size_t count = 64;
    bf_lintrans_rotations(&w->map, r, &count);
    const int others[] = {1, 2, 3, 4, 5, 6, 7, -1, -2, -3, -4, 256, 512, 768,
                          1024, 2048};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        bool have = false;
        for (size_t k = 0; k < count; k++) have |= r[k] == others[i];
        if (!have) r[count++] = others[i];
    }
    bf_fixture_keys(&w->f, r, count);
    bf_switch_key key = {0};
    OK(bf_ring_up_key_generate(&key, w->small.sk, w->f.sk, 3));
    OK(bf_eval_keys_add(&w->f.keys, &key));
    OK(bf_ring_down_key_generate(&key, w->small.sk, w->f.sk, 3));
    OK(bf_eval_keys_add(&w->f.keys, &key));
}

static void make_rings(world *w)
{
    bf_params small;
    bf_fixture_open(&w->f, LOG_N, LIMBS, Q_BITS, ALPHA);
    OK(bf_ring_switch_params(&small, bf_context_params(w->f.ctx), LOG_N - 1, 3,
                             2, ALPHA));
    bf_fixture_open_params(&w->small, &small);
    bf_fixture_keys(&w->small, NULL, 0);
}

static void make_layout(bf_layout *l, bf_masks *masks, const bf_context *ctx,
                        size_t k)
{
    OK(bf_layout_make(l, LOG_N, SLOTS / FEATURES, FEATURES, 2, 0, FEATURES, k));
    OK(bf_masks_make(masks, ctx, l, 0x1p30, 3, false));
}

static void make_sigmoids(world *w)
{
    OK(bf_sigmoid_form_make(&w->each, &quintic));
    OK(bf_sigmoid_form_make(&w->joined, &cubic));
    OK(bf_sigmoid_form_make(&w->paired, &thirteen));
    w->late = w->joined;
    assert_true(bf_sigmoid_form_divide(&w->joined, BF_DIVIDE_JOINED, 0));
    assert_true(bf_sigmoid_form_divide(&w->late, BF_DIVIDE_LATE, 1));
    assert_true(bf_sigmoid_form_divide(&w->paired, BF_DIVIDE_PAIRED, 0));
}

static void open_world(world *w)
{
    uint64_t state = 41, power = 1;
    make_rings(w);
    bf_fixture_random(w->matrix, DIM * DIM, 1, &state);
    for (size_t i = 0; i < DIM * DIM; i++) w->matrix[i] /= cabs(w->matrix[i]);
    OK(bf_lintrans_matrix(&w->map, w->f.ctx, w->matrix, DIM,
                          &(bf_lintrans_form){.scale = 0x1p40, .limbs = 2}));
    make_keys(w);
    make_layout(&w->narrow, &w->narrow_masks, w->f.ctx, NARROW);
    make_layout(&w->wide, &w->wide_masks, w->f.ctx, WIDE);
    make_sigmoids(w);
    for (size_t i = 0; i < SLOTS; i++) {
        w->root[i] = cexp(I * M_PI * (double)power / (2 * SLOTS));
        power = power * 5 % (4 * SLOTS);
    }
}

static void close_world(world *w)
{
    bf_lintrans_clear(&w->map);
    bf_masks_clear(&w->narrow_masks);
    bf_masks_clear(&w->wide_masks);
    bf_fixture_close(&w->small);
    bf_fixture_close(&w->f);
}

static void test_circuits(void **state)
{
    (void)state;
    static world w;
    open_world(&w);
    const bf_noise_table table = {&w.f, &w, operations,
                                  sizeof operations / sizeof *operations,
                                  scale, 3};
    bf_noise_run(&table);
    close_world(&w);
}

int main(void)
{
    bf_noise_start();
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_circuits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
