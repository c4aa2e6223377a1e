/* Inputs at the limits of the operations' contracts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/ckks_fixture.h"

enum { LOG_N = 12, LIMBS = 2 };
static const double scale = 0x1p30;

static void open_fixture(bf_fixture *f)
{
    bf_fixture_open(f, LOG_N, LIMBS, 45, 1);
    bf_fixture_keys(f, NULL, 0);
}

static void encrypt_at(bf_fixture *f, bf_ct *ct, double at)
{
    double complex one[1] = {1};
    bf_pt pt = {0};
    assert_int_equal(bf_encode_slots(&pt, f->ctx, one, 1, at, LIMBS), BF_OK);
    assert_int_equal(bf_encrypt_symmetric(ct, f->sk, &pt), BF_OK);
    bf_pt_clear(&pt);
}

/* A term of the second row or of the second column is at another scale. */
static void test_matrix_scales(void **state)
{
    (void)state;
    bf_fixture f;
    open_fixture(&f);
    bf_ct x = {0}, y = {0}, out[4] = {{0}};
    encrypt_at(&f, &x, scale);
    encrypt_at(&f, &y, 2 * scale);
    const bf_ct *same[4] = {&x, &x, &x, &x}, *other[4] = {&x, &x, &x, &y};
    assert_int_equal(bf_tensor_matrix(f.ev, out, 2, 2, same, same, 2), BF_OK);
    for (unsigned i = 0; i < 4; i++) bf_eval_release(f.ev, &out[i]);
    assert_int_equal(bf_tensor_matrix(f.ev, out, 2, 2, other, same, 2),
                     BF_ERR_MISMATCH);
    assert_int_equal(bf_tensor_matrix(f.ev, out, 2, 2, same, other, 2),
                     BF_ERR_MISMATCH);
    bf_ct_clear(&x);
    bf_ct_clear(&y);
    bf_fixture_close(&f);
}

static void test_symbolic_plaintext(void **state)
{
    (void)state;
    bf_fixture f;
    open_fixture(&f);
    bf_ct x = {0}, out = {0};
    encrypt_at(&f, &x, scale);
    bf_pt pt = {.ctx = f.ctx, .limbs = LIMBS, .scale = scale, .bound = 1};
    assert_int_equal(bf_add_plain(f.ev, &out, &x, &pt), BF_ERR_ARGUMENT);
    assert_int_equal(bf_mul_plain(f.ev, &out, &x, &pt), BF_ERR_ARGUMENT);
    assert_int_equal(bf_mul_plain_add(f.ev, &x, &x, &pt), BF_ERR_ARGUMENT);
    bf_ct_clear(&x);
    bf_fixture_close(&f);
}

static bf_status make(void *user, bf_ct *g, size_t first, size_t n,
                      size_t stride, unsigned runs)
{
    bf_fixture *f = user;
    for (unsigned k = 0; k < runs; k++)
        for (size_t i = first; i < first + n && k * stride + i < 3; i++)
            encrypt_at(f, &g[k * stride + i], scale);
    return BF_OK;
}

/* Fewer elements than the parts in which those of large trees are made. */
static void test_pack_few(void **state)
{
    (void)state;
    bf_fixture f;
    bf_fixture_open(&f, LOG_N, LIMBS, 45, 1);
    int rotations[2 * LOG_N - 3], count = 0; /* the trees' */
    for (unsigned i = 0; i < LOG_N - 1; i++) rotations[count++] = 1 << i;
    for (unsigned i = 0; i < LOG_N - 2; i++) rotations[count++] = 3 << i;
    bf_fixture_keys(&f, rotations, (size_t)count);
    bf_ct g[3] = {{0}}, packed = {0}, out[3] = {{0}};
    assert_int_equal(bf_pack_made(f.ev, &packed, g, 3, 6, 32, (double)f.slots,
                                  make, &f),
                     BF_OK);

    assert_int_equal(bf_expand(f.ev, out, &packed, 3, 6, 32, 1), BF_OK);
    double complex *want = bf_alloc(f.slots * sizeof *want);
    for (size_t i = 0; i < f.slots; i++) want[i] = (double)f.slots / 32;
    for (unsigned m = 0; m < 3; m++) {
        double tolerance = bf_fixture_tolerance(&f, &out[m]);
        assert_true(tolerance < 1e-2);
        assert_true(bf_fixture_error(&f, &out[m], want) <= tolerance);
        bf_eval_release(f.ev, &out[m]);
    }
    bf_free(want);
    bf_eval_release(f.ev, &packed);
    bf_fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matrix_scales),
        cmocka_unit_test(test_symbolic_plaintext),
        cmocka_unit_test(test_pack_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
