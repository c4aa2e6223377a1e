/* Packing and unpacking take no branch and no index from secret coefficients:
 * under valgrind, with the coefficients marked undefined, memcheck reports
 * nothing (the method of ctgrind). Skipped if valgrind is not installed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "support/memcheck.h"
#include "wire/pack.h"

#ifdef HAVE_MEMCHECK

#define N 1024
static int8_t coeffs[N];
static uint8_t packed[N / 4];

static unsigned errors_since(unsigned before)
{
    return (unsigned)VALGRIND_COUNT_ERRORS - before;
}

static void memcheck_sees_a_branch(void **state)
{
    (void)state;
    volatile int taken = 0;
    coeffs[0] = 1;
    VALGRIND_MAKE_MEM_UNDEFINED(coeffs, 1);
    unsigned before = VALGRIND_COUNT_ERRORS;
    if (*(volatile int8_t *)coeffs) taken = 1;
    assert_true(errors_since(before) > 0);
    (void)taken;
}

static void packing_is_silent(void **state)
{
    (void)state;
    for (int i = 0; i < N; i++) coeffs[i] = (int8_t)(i % 3 - 1);
    VALGRIND_MAKE_MEM_UNDEFINED(coeffs, sizeof coeffs);
    unsigned before = VALGRIND_COUNT_ERRORS;
    bf_pack_ternary(packed, coeffs, N);
    assert_int_equal(errors_since(before), 0);
}

static void unpacking_is_silent(void **state)
{
    (void)state;
    for (int i = 0; i < N / 4; i++) packed[i] = 0x34;
    VALGRIND_MAKE_MEM_UNDEFINED(packed, sizeof packed);
    unsigned before = VALGRIND_COUNT_ERRORS;
    bf_unpack_ternary(coeffs, packed, N);
    assert_int_equal(errors_since(before), 0);
}

int main(int argc, char **argv)
{
    (void)argc;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memcheck_sees_a_branch),
        cmocka_unit_test(packing_is_silent),
        cmocka_unit_test(unpacking_is_silent),
    };
    if (!RUNNING_ON_VALGRIND) return run_under_valgrind(argv[0]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
    printf("skipped: built without valgrind's headers, or with a sanitizer\n");
    return 77;
}

#endif
