/* Layouts: how many ciphertexts they may have; weights taken out of
 * coefficients are right by the definition, or left alone. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "linalg/layout.h"

enum { LOG_N = 6, N = 1 << LOG_N, COLS = 5, CLASSES = 3, F = 2 };

static bf_layout small_layout(void)
{
    bf_layout l;
    assert_int_equal(bf_layout_make(&l, LOG_N, 20, COLS, CLASSES, 0, F, 1),
                     BF_OK);
    return l;
}

/* Element m's coefficients Y^j are those of X^{jT + um}; its slot f is their
 * polynomial at exp(i pi 5^f/2F). */
static double by_definition(const bf_layout *l, const double *coeffs, size_t c,
                            size_t column)
{
    size_t m = column / (2 * F) * CLASSES + c, place = column % F;
    double complex sum = 0;
    for (size_t j = 0; j < 2 * F; j++) {
        double turn = acos(-1) / (2 * F) * pow(5, (double)place) * (double)j;
        sum += coeffs[j * l->t + (l->t >> l->log_m) * m] *
               CMPLX(cos(turn), sin(turn));
    }
    return column / F % 2 ? cimag(sum) : creal(sum);
}

static void weights_are_as_defined(void **state)
{
    (void)state;
    bf_layout l = small_layout();
    bf_matrix w;
    double coeffs[N];
    for (size_t i = 0; i < N; i++) coeffs[i] = (double)(i * i % 17) - 8;
    assert_int_equal(bf_layout_unpack_weights(&l, coeffs, &w), BF_OK);
    assert_true(w.rows == CLASSES && w.cols == COLS);
    for (size_t c = 0; c < CLASSES; c++)
        for (size_t j = 0; j < COLS; j++)
            assert_true(fabs(w.data[c * COLS + j] -
                             by_definition(&l, coeffs, c, j)) < 1e-9);
    bf_matrix_clear(&w);
}

/* Whatever allocation fails, the last ones within an embedding. */
static void failures_leave_it_alone(void **state)
{
    (void)state;
    bf_layout l = small_layout();
    bf_matrix w = {0};
    double coeffs[N] = {1};
    bf_status s = BF_ERR_MEMORY;
    long left = 0;
    for (; s != BF_OK; left++) {
        bf_alloc_fail_for_tests(left);
        s = bf_layout_unpack_weights(&l, coeffs, &w);
        bf_alloc_fail_for_tests(-1);
        if (s == BF_OK) break;
        assert_int_equal(s, BF_ERR_MEMORY);
        assert_true(!w.data && !w.rows && !w.cols);
    }
    assert_true(left > 3);
    bf_matrix_clear(&w);
}

/* One row a chunk, so that chunks are counted; 3 of scores and 1 of features
 * for each. */
static void most_ciphertexts(void **state)
{
    (void)state;
    bf_layout l;
    const size_t most = (1 << 20) / 4;
    assert_int_equal(bf_layout_make(&l, 13, most, 8, 3, 1, 4, 1), BF_OK);
    assert_int_equal(l.chunks, most);
    assert_int_equal(bf_layout_make(&l, 13, most + 1, 8, 3, 1, 4, 1),
                     BF_ERR_ARGUMENT);
    assert_int_equal(bf_layout_make(&l, 13, (size_t)1 << 30, 8, 3, 1, 4, 1),
                     BF_ERR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_are_as_defined),
        cmocka_unit_test(failures_leave_it_alone),
        cmocka_unit_test(most_ciphertexts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
