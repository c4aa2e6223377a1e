/* Outputs that are inputs: every operation of the evaluator gives the same
 * bytes with its output in the place of each input as with a separate output,
 * or refuses if its contract says so. The headers declare the operations: an
 * operation that is missing here fails the test. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ckks/lintrans.h"
#include "ckks/owner/ring_switch_key.h"
#include "ckks/polyeval.h"
#include "ckks/ringswitch.h"
#include "support/ckks_fixture.h"
#include "support/declarations.h"

#define OK(x)                                                           \
    do {                                                                \
        bf_status s_ = (x);                                             \
        if (s_ != BF_OK)                                                \
            fail_msg("%s: %s: %s", #x, bf_status_name(s_),              \
                     bf_last_error());                                  \
    } while (0)

enum { LOG_N = 11, LIMBS = 5, MOST = 4, FRESH = 4, DIM = 4 };
enum { FEATURES = 8, LOG_M = 2 }; /* of the packing trees */

static bf_fixture f, large;
static bf_pt plain;
static bf_lintrans map;
/* Fresh encryptions, and products of them of three polynomials. */
static bf_ct fresh[FRESH], product[FRESH];

typedef struct operation {
    const char *name;
    unsigned inputs, outputs;
    unsigned polys; /* of the inputs */
    bf_status (*run)(bf_ct *out, bf_ct *const *in);
    bool refused; /* an output that is an input: BF_ERR_ARGUMENT */
} operation;

#define OPERATION(fn, call)                                             \
    static bf_status run_##fn(bf_ct *out, bf_ct *const *in)             \
    {                                                                   \
        return call;                                                    \
    }

#define IN ((const bf_ct *const *)in)
static const int turns[4] = {0, 1, -3, 5};

OPERATION(bf_copy, bf_copy(f.ev, out, in[0]))
OPERATION(bf_add, bf_add(f.ev, out, in[0], in[1]))
OPERATION(bf_sub, bf_sub(f.ev, out, in[0], in[1]))
OPERATION(bf_negate, bf_negate(f.ev, out, in[0]))
OPERATION(bf_add_plain, bf_add_plain(f.ev, out, in[0], &plain))
OPERATION(bf_add_const, bf_add_const(f.ev, out, in[0], 0.375))
OPERATION(bf_mul_plain, bf_mul_plain(f.ev, out, in[0], &plain))
OPERATION(bf_mul_int, bf_mul_int(f.ev, out, in[0], -77))
OPERATION(bf_adjust, bf_adjust(f.ev, out, in[0], 0.7, 0x1p40, LIMBS - 2))
OPERATION(bf_mul_monomial, bf_mul_monomial(f.ev, out, in[0], 77))
OPERATION(bf_tensor, bf_tensor(f.ev, out, in[0], in[1]))
OPERATION(bf_tensor_sum, bf_tensor_sum(f.ev, out, IN, IN + 2, 2))
OPERATION(bf_tensor_matrix, bf_tensor_matrix(f.ev, out, 2, 2, IN, IN + 2, 1))
OPERATION(bf_relinearize, bf_relinearize(f.ev, out, in[0]))
OPERATION(bf_rescale, bf_rescale(f.ev, out, in[0]))
OPERATION(bf_relinearize_rescale, bf_relinearize_rescale(f.ev, out, in[0]))
OPERATION(bf_mul, bf_mul(f.ev, out, in[0], in[1]))
OPERATION(bf_rotate, bf_rotate(f.ev, out, in[0], -3))
OPERATION(bf_conjugate, bf_conjugate(f.ev, out, in[0]))
OPERATION(bf_automorphism, bf_automorphism(f.ev, out, in[0], 1))
OPERATION(bf_rotate_many, bf_rotate_many(f.ev, out, in[0], turns, 4))
OPERATION(bf_rotate_sum, bf_rotate_sum(f.ev, out, IN, turns, 4))
OPERATION(bf_expand,
          bf_expand(f.ev, out, in[0], MOST, LOG_M, FEATURES, -1))
OPERATION(bf_lintrans_apply, bf_lintrans_apply(f.ev, out, in[0], &map))
OPERATION(bf_lintrans_apply_rescale,
          bf_lintrans_apply_rescale(f.ev, out, in[0], &map))
OPERATION(bf_ring_switch_up,
          bf_ring_switch_up(f.ev, large.ev, out, in[0]))
#undef IN

/* The sum is there before; as the input it is refused. */
static bf_status run_bf_mul_plain_add(bf_ct *out, bf_ct *const *in)
{
    bf_pt unit = plain;
    unit.scale = 1;
    if (!out->ctx) OK(bf_copy(f.ev, out, &fresh[3]));
    return bf_mul_plain_add(f.ev, out, in[0], &unit);
}

static bf_status run_bf_tensor_rows(bf_ct *out, bf_ct *const *in)
{
    const bf_ct *const *a = (const bf_ct *const *)in;
    bf_tensor_row rows[2] = {{a, 0, 1, out}, {a + 1, 0, 2, out + 1}};
    return bf_tensor_rows(f.ev, rows, 2, a + 2, 2, 1);
}

static bf_status run_bf_mod_drop(bf_ct *out, bf_ct *const *in)
{
    BF_TRY(bf_copy(f.ev, out, in[0]));
    return bf_mod_drop(f.ev, out, 2);
}

static bf_status run_bf_poly_evaluate(bf_ct *out, bf_ct *const *in)
{
    static const double c[4] = {0.1, 0.5, -0.25, 0.125};
    bf_poly p = {BF_BASIS_CHEBYSHEV, 3, c, -2, 2};
    return bf_poly_evaluate(f.ev, out, in[0], &p, 0x1p40);
}

/* Up first: the input lies in the large ring. */
static bf_status run_bf_ring_switch_down(bf_ct *out, bf_ct *const *in)
{
    bf_ct wide = {0};
    BF_TRY(bf_ring_switch_up(f.ev, large.ev, &wide, in[0]));
    bf_status s = bf_ring_switch_down(large.ev, f.ev, &wide, &wide);
    if (s == BF_OK) bf_move(f.ev, out, &wide);
    return s;
}

#define ROW(fn, inputs, outputs, polys, refused)                        \
    {#fn, inputs, outputs, polys, run_##fn, refused}

static const operation operations[] = {
    ROW(bf_copy, 1, 1, 3, false),
    ROW(bf_add, 2, 1, 2, false),
    ROW(bf_sub, 2, 1, 3, false),
    ROW(bf_negate, 1, 1, 3, false),
    ROW(bf_add_plain, 1, 1, 2, false),
    ROW(bf_add_const, 1, 1, 2, false),
    ROW(bf_mul_plain, 1, 1, 3, false),
    ROW(bf_mul_plain_add, 1, 1, 2, true),
    ROW(bf_mul_int, 1, 1, 2, false),
    ROW(bf_adjust, 1, 1, 2, false),
    ROW(bf_mul_monomial, 1, 1, 3, false),
    ROW(bf_tensor, 2, 1, 2, false),
    ROW(bf_tensor_sum, 4, 1, 2, false),
    ROW(bf_tensor_matrix, 4, 4, 2, false),
    ROW(bf_tensor_rows, 4, 3, 2, false),
    ROW(bf_relinearize, 1, 1, 3, false),
    ROW(bf_rescale, 1, 1, 2, false),
    ROW(bf_relinearize_rescale, 1, 1, 3, false),
    ROW(bf_mul, 2, 1, 2, false),
    ROW(bf_mod_drop, 1, 1, 3, false),
    ROW(bf_rotate, 1, 1, 2, false),
    ROW(bf_conjugate, 1, 1, 2, false),
    ROW(bf_automorphism, 1, 1, 2, false),
    ROW(bf_rotate_many, 1, 4, 2, true),
    ROW(bf_rotate_sum, 4, 1, 3, false),
    ROW(bf_expand, 1, MOST, 2, false),
    ROW(bf_lintrans_apply, 1, 1, 2, false),
    ROW(bf_lintrans_apply_rescale, 1, 1, 2, false),
    ROW(bf_poly_evaluate, 1, 1, 2, false),
    ROW(bf_ring_switch_up, 1, 1, 2, false),
    ROW(bf_ring_switch_down, 1, 1, 2, false),
};
#define OPERATIONS (sizeof operations / sizeof *operations)

/* Of the ring that ct belongs to. */
static void release(bf_ct *ct)
{
    bf_eval_release(ct->ctx == large.ctx ? large.ev : f.ev, ct);
}

static void check_equal(const char *name, const bf_ct *got, const bf_ct *want)
{
    if (got->ctx != want->ctx || got->limbs != want->limbs ||
        got->polys != want->polys || got->scale != want->scale ||
        got->noise != want->noise || got->bound != want->bound)
        fail_msg("%s: limbs %u and %u, scale 2^%g and 2^%g, noise %g and %g, "
                 "bound %g and %g", name, got->limbs, want->limbs,
                 log2(got->scale), log2(want->scale), got->noise, want->noise,
                 got->bound, want->bound);
    size_t bytes = ((size_t)want->limbs * want->polys * sizeof(double))
                   << bf_context_params(want->ctx)->log_n;
    if (memcmp(got->data, want->data, bytes))
        fail_msg("%s: other residues", name);
}

static const bf_ct *source(const operation *op, unsigned i)
{
    return op->polys == 3 ? &product[i] : &fresh[i];
}

/* Input `at` is also output `to`; with `all`, so are all other inputs. */
static void run_aliased(const operation *op, unsigned at, unsigned to, bool all)
{
    bf_ct own[MOST] = {{0}}, out[MOST] = {{0}}, want[MOST] = {{0}};
    bf_ct *in[MOST];
    for (unsigned i = 0; i < op->inputs; i++) {
        OK(bf_copy(f.ev, &own[i], source(op, all ? at : i)));
        in[i] = &own[all ? at : i];
    }
    OK(op->run(want, in));
    OK(bf_copy(f.ev, &out[to], source(op, at)));
    for (unsigned i = 0; i < op->inputs; i++)
        if (all || i == at) in[i] = &out[to];
    bf_status s = op->run(out, in);
    if (op->refused) {
        assert_int_equal(s, BF_ERR_ARGUMENT);
        check_equal(op->name, &out[to], source(op, at));
    } else {
        if (s != BF_OK) fail_msg("%s: %s", op->name, bf_last_error());
        for (unsigned k = 0; k < op->outputs; k++)
            check_equal(op->name, &out[k], &want[k]);
    }
    for (unsigned i = 0; i < MOST; i++) {
        release(&own[i]);
        release(&out[i]);
        release(&want[i]);
    }
}

static void test_operations(void **state)
{
    (void)state;
    for (size_t k = 0; k < OPERATIONS; k++) {
        const operation *op = &operations[k];
        for (unsigned at = 0; at < op->inputs; at++)
            for (unsigned to = 0; to < op->outputs; to++) {
                run_aliased(op, at, to, false);
                run_aliased(op, at, to, true);
            }
    }
}

/* An element consumed, or the input itself: the array is the output's. */
static bf_status pack(bf_ct *out, bf_ct *g, bool made)
{
    return made ? bf_pack_made(f.ev, out, g, MOST, LOG_M, FEATURES, 9, NULL,
                               NULL)
                : bf_pack(f.ev, out, g, MOST, LOG_M, FEATURES, 9);
}

static void test_packing(void **state)
{
    (void)state;
    for (unsigned made = 0; made < 2; made++)
        for (unsigned to = 0; to < MOST; to++) {
            bf_ct g[MOST] = {{0}}, h[MOST] = {{0}}, want = {0};
            for (unsigned i = 0; i < MOST; i++) {
                OK(bf_copy(f.ev, &g[i], &product[i]));
                OK(bf_copy(f.ev, &h[i], &product[i]));
            }
            OK(pack(&want, g, made));
            OK(pack(&h[to], h, made));
            check_equal("packing", &h[to], &want);
            for (unsigned i = 0; i < MOST; i++) {
                assert_null(g[i].data);
                if (i != to) assert_null(h[i].data);
                release(&h[i]);
            }
            release(&want);
        }
}

static void test_move(void **state)
{
    (void)state;
    bf_ct a = {0}, b = {0};
    OK(bf_copy(f.ev, &a, &fresh[0]));
    bf_move(f.ev, &a, &a);
    check_equal("move to itself", &a, &fresh[0]);
    bf_move(f.ev, &b, &a);
    assert_null(a.data);
    check_equal("move", &b, &fresh[0]);
    release(&b);
}

/* An input that becomes an element of the other ring returns its memory to its
 * own ring's pool: the pool never counts more than in the first round. */
static void test_rings(void **state)
{
    (void)state;
    size_t small_peak = 0, large_peak = 0;
    bf_env alone = {.threads = 1}; /* scratch is one thread's, every time */
    bf_env *before = bf_env_enter(&alone);
    for (unsigned i = 0; i < 50; i++) {
        bf_ct a = {0};
        OK(bf_copy(f.ev, &a, &fresh[0]));
        OK(bf_ring_switch_up(f.ev, large.ev, &a, &a));
        OK(bf_ring_switch_down(large.ev, f.ev, &a, &a));
        release(&a);
        if (i == 0) {
            small_peak = bf_eval_peak_bytes(f.ev);
            large_peak = bf_eval_peak_bytes(large.ev);
        }
    }
    bf_env_enter(before);
    assert_int_equal(bf_eval_peak_bytes(f.ev), small_peak);
    assert_int_equal(bf_eval_peak_bytes(large.ev), large_peak);
}

/* ---- are these all? ------------------------------------------------------ */

static const char *const apart[] = {"bf_pack", "bf_pack_made"};

static const char *tested(size_t i)
{
    if (i < OPERATIONS) return operations[i].name;
    i -= OPERATIONS;
    return i < sizeof apart / sizeof *apart ? apart[i] : NULL;
}

/* Takes an evaluator. */
static bool is_operation(const char *parameters)
{
    return strstr(parameters, "bf_eval *") && !strstr(parameters, "bf_eval **");
}

static void test_all_are_here(void **state)
{
    static const char *const headers[] = {
        "src/ckks/ckks.h", "src/ckks/lintrans.h", "src/ckks/polyeval.h",
        "src/ckks/ringswitch.h", NULL};
    (void)state;
    check_declared(headers, is_operation, tested);
}

/* ---- objects ------------------------------------------------------------- */

static void open_rings(void)
{
    unsigned q[LIMBS], p[2] = {45, 45};
    int rotations[64];
    size_t count = 0;
    bf_params of_large, of_small;
    for (unsigned i = 0; i < LIMBS; i++) q[i] = 40;
    OK(bf_params_make(&of_large, LOG_N + 1, q, LIMBS, p, 2, 2));
    OK(bf_ring_switch_params(&of_small, &of_large, LOG_N, LIMBS, 2, 2));
    bf_fixture_open_params(&f, &of_small);
    bf_fixture_open_params(&large, &of_large);
    for (unsigned i = 1; i < 4; i++) rotations[count++] = turns[i];
    for (int r = 2; r < (int)f.slots; r *= 2) rotations[count++] = r;
    rotations[count++] = 3;
    rotations[count++] = 3 * FEATURES;
    bf_fixture_keys(&f, rotations, count);
    bf_fixture_keys(&large, NULL, 0);
    bf_switch_key key = {0};
    OK(bf_ring_up_key_generate(&key, f.sk, large.sk, LIMBS));
    OK(bf_eval_keys_add(&large.keys, &key));
    OK(bf_ring_down_key_generate(&key, f.sk, large.sk, LIMBS));
    OK(bf_eval_keys_add(&large.keys, &key));
}

static int open_all(void **state)
{
    (void)state;
    uint64_t seed = 5;
    double complex v[1 << (LOG_N - 1)], diagonal[DIM];
    open_rings();
    for (unsigned i = 0; i < FRESH; i++) {
        bf_fixture_random(v, f.slots, 1, &seed);
        bf_fixture_encrypt(&f, &fresh[i], v, 0x1p40, LIMBS, 1);
    }
    for (unsigned i = 0; i < FRESH; i++)
        OK(bf_tensor(f.ev, &product[i], &fresh[i], &fresh[(i + 1) % FRESH]));
    OK(bf_encode_slots(&plain, f.ctx, v, f.slots, 0x1p40, LIMBS));
    bf_fixture_random(diagonal, DIM, 1, &seed);
    bf_diagonal d[3] = {{0, diagonal}, {1, diagonal}, {3, diagonal}};
    bf_lintrans_form form = {.scale = 0x1p40, .limbs = LIMBS};
    OK(bf_lintrans_make(&map, f.ctx, d, 3, DIM, &form));
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FRESH; i++) {
        bf_ct_clear(&fresh[i]);
        release(&product[i]);
    }
    bf_pt_clear(&plain);
    bf_lintrans_clear(&map);
    bf_fixture_close(&f);
    bf_fixture_close(&large);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_are_here),
        cmocka_unit_test(test_operations),
        cmocka_unit_test(test_packing),
        cmocka_unit_test(test_move),
        cmocka_unit_test(test_rings),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
