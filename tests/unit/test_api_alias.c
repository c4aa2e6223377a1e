/* Outputs of the public interface that are inputs: every operation of
 * blindfit/ckks.h gives the same ciphertexts with an input in the place of each
 * output as with new objects, or refuses if its contract says so. An operation
 * that is missing here fails the test. test_ckks_alias compares the operations
 * below; here are the objects around them. Without memory, at any place, every
 * operation leaves its outputs as they were. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "blindfit/ckks.h"
#include "support/declarations.h"
#include "support/status.h"

enum { COUNT = 8, MOST = 4, DEPTH = 3 };

static bf_ckks *ckks;
static bf_secret *secret;
static bf_keys *keys;
static bf_evaluator *ev;
static bf_plain *plain;
static bf_linear *map;
static bf_cipher *fresh[MOST], *product[MOST]; /* of 2 and 3 polynomials */
static unsigned period;
static const double value[COUNT] = {0.5, -0.25, 1, 0.125, -1, 0.75, 0.3, -0.6};

typedef struct operation {
    const char *name;
    unsigned inputs, outputs, polys;
    bf_status (*run)(bf_cipher **out, bf_cipher *const *in);
    bool refused; /* an output that is an input: BF_ERR_ARGUMENT */
} operation;

#define OPERATION(fn, ...)                                              \
    static bf_status run_##fn(bf_cipher **out, bf_cipher *const *in)    \
    {                                                                   \
        return fn(ev, out, __VA_ARGS__);                                \
    }

#define IN ((const bf_cipher *const *)in)
#define SCALE (bf_ckks_scale(ckks, DEPTH))
static const int turns[] = {0, 1, -3};

OPERATION(bf_cipher_copy, in[0])
OPERATION(bf_cipher_add, in[0], in[1])
OPERATION(bf_cipher_sub, in[0], in[1])
OPERATION(bf_cipher_negate, in[0])
OPERATION(bf_cipher_add_const, in[0], 0.375)
OPERATION(bf_cipher_add_values, in[0], value, COUNT)
OPERATION(bf_cipher_mul_int, in[0], -7)
OPERATION(bf_cipher_mul, in[0], in[1])
OPERATION(bf_cipher_mul_const, in[0], 0.7)
OPERATION(bf_cipher_mul_values, in[0], value, COUNT)
OPERATION(bf_cipher_dot, IN, IN + 2, 2)
OPERATION(bf_cipher_rotate, in[0], -3)
OPERATION(bf_cipher_rotate_many, in[0], turns + 1, 2)
OPERATION(bf_cipher_rotate_sum, IN, turns, 3)
OPERATION(bf_cipher_sum, in[0], 4)
OPERATION(bf_cipher_conjugate, in[0])
OPERATION(bf_cipher_add_plain, in[0], plain)
OPERATION(bf_cipher_mul_plain, in[0], plain)
OPERATION(bf_cipher_tensor, IN, IN + 2, 2)
OPERATION(bf_cipher_tensor_matrix, IN, IN + 2, 2, 1, 1)
OPERATION(bf_cipher_relinearize, in[0])
OPERATION(bf_cipher_rescale, in[0])
OPERATION(bf_cipher_relinearize_rescale, in[0])
OPERATION(bf_cipher_mod_drop, in[0], 2)
OPERATION(bf_cipher_adjust, in[0], 0.7, SCALE, 2)
OPERATION(bf_cipher_lower, in[0], 1)
OPERATION(bf_cipher_mul_monomial, in[0], 77)
OPERATION(bf_cipher_automorphism, in[0], 5)
OPERATION(bf_cipher_pack, IN, 2, 1, period, 4)
OPERATION(bf_cipher_expand, in[0], 2, 1, period, -1)
OPERATION(bf_cipher_power_series, in[0], value, 3)
OPERATION(bf_cipher_chebyshev, in[0], value, 3, -4, 4)
OPERATION(bf_cipher_power_series_at, in[0], value, 3, SCALE)
OPERATION(bf_cipher_chebyshev_at, in[0], value, 3, -4, 4, SCALE)
OPERATION(bf_linear_apply, in[0], map)
OPERATION(bf_linear_apply_exact, in[0], map)

/* The sum is there before; as the input it is refused. */
static void *file;
static size_t file_bytes;
static bf_status run_bf_cipher_read(bf_cipher **out, bf_cipher *const *in)
{
    (void)in;
    return bf_cipher_read(out, 2, ckks, file, file_bytes);
}

static bf_status run_bf_cipher_mul_plain_add(bf_cipher **out,
                                             bf_cipher *const *in)
{
    if (!*out) assert_ok(bf_cipher_mul_plain(ev, out, fresh[3], plain));
    return bf_cipher_mul_plain_add(ev, out, in[0], plain);
}

#define ROW(fn, inputs, outputs, polys)                                 \
    {#fn, inputs, outputs, polys, run_##fn, false}

static const operation operations[] = {
    ROW(bf_cipher_copy, 1, 1, 3),
    ROW(bf_cipher_add, 2, 1, 2),
    ROW(bf_cipher_sub, 2, 1, 2),
    ROW(bf_cipher_negate, 1, 1, 2),
    ROW(bf_cipher_add_const, 1, 1, 2),
    ROW(bf_cipher_add_values, 1, 1, 2),
    ROW(bf_cipher_mul_int, 1, 1, 2),
    ROW(bf_cipher_mul, 2, 1, 2),
    ROW(bf_cipher_mul_const, 1, 1, 2),
    ROW(bf_cipher_mul_values, 1, 1, 2),
    ROW(bf_cipher_dot, 4, 1, 2),
    ROW(bf_cipher_rotate, 1, 1, 2),
    ROW(bf_cipher_rotate_many, 1, 2, 2),
    ROW(bf_cipher_rotate_sum, 3, 1, 2),
    ROW(bf_cipher_sum, 1, 1, 2),
    ROW(bf_cipher_conjugate, 1, 1, 2),
    ROW(bf_cipher_add_plain, 1, 1, 2),
    ROW(bf_cipher_mul_plain, 1, 1, 2),
    {"bf_cipher_mul_plain_add", 1, 1, 2, run_bf_cipher_mul_plain_add, true},
    ROW(bf_cipher_tensor, 4, 1, 2),
    ROW(bf_cipher_tensor_matrix, 3, 2, 2),
    ROW(bf_cipher_relinearize, 1, 1, 3),
    ROW(bf_cipher_rescale, 1, 1, 2),
    ROW(bf_cipher_relinearize_rescale, 1, 1, 3),
    ROW(bf_cipher_mod_drop, 1, 1, 2),
    ROW(bf_cipher_adjust, 1, 1, 2),
    ROW(bf_cipher_lower, 1, 1, 2),
    ROW(bf_cipher_mul_monomial, 1, 1, 3),
    ROW(bf_cipher_automorphism, 1, 1, 2),
    ROW(bf_cipher_pack, 2, 1, 2),
    ROW(bf_cipher_expand, 1, 2, 2),
    ROW(bf_cipher_power_series, 1, 1, 2),
    ROW(bf_cipher_chebyshev, 1, 1, 2),
    ROW(bf_cipher_power_series_at, 1, 1, 2),
    ROW(bf_cipher_chebyshev_at, 1, 1, 2),
    ROW(bf_linear_apply, 1, 1, 2),
    ROW(bf_linear_apply_exact, 1, 1, 2),
};
#define OPERATIONS (sizeof operations / sizeof *operations)

/* Facts and residues. Files hold two polynomials: three are relinearised. */
static void check_equal(const char *name, const bf_cipher *got,
                        const bf_cipher *want)
{
    const bf_cipher *const both[2] = {got, want};
    bf_cipher_facts f[2];
    void *data[2];
    size_t bytes[2];
    for (int i = 0; i < 2; i++) {
        bf_cipher *two = NULL;
        f[i] = bf_cipher_describe(both[i]);
        assert_ok(f[i].polys == 3 ? bf_cipher_relinearize(ev, &two, both[i])
                                  : bf_cipher_copy(ev, &two, both[i]));
        assert_ok(bf_cipher_write(&data[i], &bytes[i],
                                  (const bf_cipher *const *)&two, 1));
        bf_cipher_destroy(two);
    }
    if (f[0].limbs != f[1].limbs || f[0].polys != f[1].polys ||
        f[0].scale != f[1].scale || f[0].error != f[1].error ||
        f[0].bound != f[1].bound)
        fail_msg("%s: other facts", name);
    if (bytes[0] != bytes[1] || memcmp(data[0], data[1], bytes[0]))
        fail_msg("%s: other residues", name);
    for (int i = 0; i < 2; i++) bf_free(data[i]);
}

/* Input `at` is also output `to`; with `all`, so are all other inputs. */
static void run_aliased(const operation *op, unsigned at, unsigned to, bool all)
{
    bf_cipher *const *source = op->polys == 3 ? product : fresh;
    bf_cipher *in[MOST], *out[MOST] = {NULL}, *want[MOST] = {NULL};
    for (unsigned i = 0; i < op->inputs; i++) in[i] = source[all ? at : i];
    assert_ok(op->run(want, in));
    assert_ok(bf_cipher_copy(ev, &out[to], source[at]));
    for (unsigned i = 0; i < op->inputs; i++)
        if (all || i == at) in[i] = out[to];
    bf_status s = op->run(out, in);
    if (op->refused) {
        assert_int_equal(s, BF_ERR_ARGUMENT);
        check_equal(op->name, out[to], source[at]);
    } else {
        if (s != BF_OK) fail_msg("%s: %s", op->name, bf_last_error());
        for (unsigned k = 0; k < op->outputs; k++)
            check_equal(op->name, out[k], want[k]);
    }
    for (unsigned k = 0; k < MOST; k++) {
        bf_cipher_destroy(out[k]);
        bf_cipher_destroy(want[k]);
    }
}

static void outputs_that_are_inputs(void **state)
{
    (void)state;
    for (size_t k = 0; k < OPERATIONS; k++) {
        const operation *op = &operations[k];
        for (unsigned at = 0; at < op->inputs; at++)
            for (unsigned to = 0; to < op->outputs; to++)
                run_aliased(op, at, to, false);
        if (op->inputs > 1) run_aliased(op, 0, 0, true);
    }
}

/* With two outputs, the first is there before. */
static void run_without_memory(const operation *op)
{
    bf_cipher *const *in = op->polys == 3 ? product : fresh;
    bf_cipher *out[MOST] = {NULL};
    bf_status s = BF_ERR_MEMORY;
    if (op->outputs > 1) assert_ok(bf_cipher_copy(ev, &out[0], fresh[1]));
    bf_cipher *before = out[0];
    for (long left = 0; s != BF_OK; left++) {
        bf_alloc_fail_for_tests(left);
        s = op->run(out, in);
        bf_alloc_fail_for_tests(-1);
        if (s == BF_OK) break;
        if (s != BF_ERR_MEMORY) fail_msg("%s: %s", op->name, bf_last_error());
        if (out[0] != before || out[1]) fail_msg("%s: new outputs", op->name);
        if (before) check_equal(op->name, before, fresh[1]);
    }
    for (unsigned k = 0; k < MOST; k++) bf_cipher_destroy(out[k]);
}

static void outputs_without_memory(void **state)
{
    (void)state;
    const operation reads = {"bf_cipher_read", 0, 2, 2, run_bf_cipher_read,
                             false};
    assert_ok(bf_cipher_write(&file, &file_bytes,
                              (const bf_cipher *const *)fresh, 2));
    for (size_t k = 0; k < OPERATIONS; k++)
        if (!operations[k].refused) run_without_memory(&operations[k]);
    run_without_memory(&reads);
    bf_free(file);
}

/* test_api_bootstrap and test_api_rings have the first two in place; the inputs
 * of the third are made while it runs. */
static const char *const apart[] = {"bf_bootstrap", "bf_cipher_switch_ring",
                                    "bf_cipher_pack_made"};

static const char *tested(size_t i)
{
    if (i < OPERATIONS) return operations[i].name;
    i -= OPERATIONS;
    return i < sizeof apart / sizeof *apart ? apart[i] : NULL;
}

/* Takes an evaluator and gives ciphertexts. */
static bool is_operation(const char *parameters)
{
    return strstr(parameters, "bf_evaluator *") &&
           !strstr(parameters, "bf_evaluator **") &&
           strstr(parameters, "bf_cipher **out");
}

static void all_are_here(void **state)
{
    static const char *const headers[] = {"include/blindfit/ckks.h", NULL};
    (void)state;
    check_declared(headers, is_operation, tested);
}

/* Runs every operation dry, and makes its keys. */
static void make_keys(void)
{
    bf_evaluator *dry = NULL;
    bf_cipher *in[MOST] = {NULL};
    assert_ok(bf_evaluator_create_dry(&dry, ckks));
    ev = dry;
    for (unsigned i = 0; i < MOST; i++) {
        assert_ok(bf_cipher_stand_in(&fresh[i], ckks, DEPTH));
        assert_ok(bf_cipher_tensor(ev, &product[i],
                                   (const bf_cipher *const *)&fresh[i],
                                   (const bf_cipher *const *)&fresh[i], 1));
        bf_cipher *two = NULL; /* for check_equal, at all levels */
        assert_ok(bf_cipher_relinearize(ev, &two, product[i]));
        bf_cipher_destroy(two);
    }
    for (size_t k = 0; k < OPERATIONS; k++) {
        bf_cipher *out[MOST] = {NULL};
        for (unsigned i = 0; i < MOST; i++)
            in[i] = operations[k].polys == 3 ? product[i] : fresh[i];
        if (operations[k].run(out, in) != BF_OK)
            fail_msg("%s: %s", operations[k].name, bf_last_error());
        for (unsigned i = 0; i < MOST; i++) bf_cipher_destroy(out[i]);
    }
    for (unsigned i = 0; i < MOST; i++) {
        bf_cipher_destroy(product[i]);
        bf_cipher_destroy(fresh[i]);
        fresh[i] = product[i] = NULL;
    }
    assert_ok(bf_keys_create_for(&keys, secret, dry, NULL));
    bf_evaluator_destroy(dry);
    ev = NULL;
}

static int open_all(void **state)
{
    (void)state;
    const bf_view m = bf_view_vector(value, 4);
    assert_ok(bf_ckks_create(
        &ckks, &(bf_ckks_request){.depth = DEPTH, .largest = 4}));
    period = (unsigned)(bf_ckks_slots(ckks) / 4);
    assert_ok(bf_secret_generate(&secret, ckks));
    assert_ok(bf_plain_encode(&plain, ckks, value, COUNT));
    assert_ok(bf_linear_create(&map, ckks, &m, DEPTH));
    make_keys();
    assert_ok(bf_evaluator_create(&ev, ckks, keys));
    for (unsigned i = 0; i < MOST; i++)
        assert_ok(bf_secret_encrypt(&fresh[i], secret, value + i, COUNT - i));
    for (unsigned i = 0; i < MOST; i++)
        assert_ok(bf_cipher_tensor(
            ev, &product[i], (const bf_cipher *const *)&fresh[i],
            (const bf_cipher *const *)&fresh[(i + 1) % MOST], 1));
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MOST; i++) {
        bf_cipher_destroy(fresh[i]);
        bf_cipher_destroy(product[i]);
    }
    bf_linear_destroy(map);
    bf_plain_destroy(plain);
    bf_evaluator_destroy(ev);
    bf_keys_destroy(keys);
    bf_secret_destroy(secret);
    bf_ckks_destroy(ckks);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_are_here),
        cmocka_unit_test(outputs_that_are_inputs),
        cmocka_unit_test(outputs_without_memory),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
