/* Views of the caller's memory, and copies from them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "blindfit/matrix.h"

static void strided_floats_become_doubles(void **state)
{
    (void)state;
    const float data[] = {1, 2, -1, 3, 4, -1, 5, 6};
    bf_view v = {data, 3, 2, 3, BF_FLOAT32};
    bf_matrix m = {0};
    assert_int_equal(bf_matrix_from(&m, &v), BF_OK);
    for (int i = 0; i < 6; i++) assert_true(m.data[i] == i + 1);
    /* Once more, from doubles, into the same matrix. */
    const double two[] = {7, 8, 9};
    v = bf_view_vector(two, 3);
    assert_int_equal(bf_matrix_from(&m, &v), BF_OK);
    assert_int_equal(m.rows, 1);
    assert_memory_equal(m.data, two, sizeof two);
    v = bf_view_of(&m);
    assert_ptr_equal(v.data, m.data);
    assert_int_equal(v.cols, 3);
    bf_matrix_clear(&m);
}

static void unfit_views_are_refused(void **state)
{
    (void)state;
    const double data[4] = {0};
    const struct {
        bf_view view;
        const char *why;
    } cases[] = {
        {{data, 0, 2, 2, BF_FLOAT64}, "is empty"},
        {{data, 2, 0, 2, BF_FLOAT64}, "is empty"},
        {{NULL, 2, 2, 2, BF_FLOAT64}, "is empty"},
        {{data, 2, 2, 1, BF_FLOAT64}, "1 elements apart have 2 columns"},
        {{data, 2, 2, 2, (bf_number)7}, "type 7"},
        {{data, SIZE_MAX / 8, 2, 2, BF_FLOAT64}, "more than memory"},
    };
    bf_matrix m = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(bf_matrix_from(&m, &cases[i].view), BF_ERR_ARGUMENT);
        assert_non_null(strstr(bf_last_error(), cases[i].why));
        assert_null(m.data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strided_floats_become_doubles),
        cmocka_unit_test(unfit_views_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
