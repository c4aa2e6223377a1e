/* The number of OpenBLAS's own threads, in place of OpenBLAS: one while anybody
 * is inside, then what it was; unless OpenBLAS runs on OpenMP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <cblas.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/parallel.h"
#include "train/owner/blas.h"

static int variant;
static atomic_int threads, calls;

int openblas_get_parallel(void)
{
    return variant;
}

int openblas_get_num_threads(void)
{
    return threads;
}

void openblas_set_num_threads(int n)
{
    threads = n;
    calls++;
}

static int with_threads(void **state)
{
    (void)state;
    variant = OPENBLAS_THREAD;
    threads = 7;
    calls = 0;
    return 0;
}

static void alone(int times)
{
    BF_BLAS_ALONE();
    assert_int_equal(threads, 1);
    if (times > 1) alone(times - 1);
    assert_int_equal(threads, 1);
}

static void number_comes_back(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        alone(3);
        assert_int_equal(threads, 7);
    }
    assert_int_equal(calls, 4);
}

static atomic_int wrong;

static void enter_often(void *user, size_t i)
{
    (void)user, (void)i;
    BF_BLAS_ALONE();
    for (int look = 0; look < 50; look++)
        if (threads != 1) wrong++;
}

static void any_threads_enter_and_leave(void **state)
{
    (void)state;
    bf_parallel(20000, enter_often, NULL);
    assert_int_equal(wrong, 0);
    assert_int_equal(threads, 7);
}

static void openmp_is_left_to_openmp(void **state)
{
    (void)state;
    variant = OPENBLAS_OPENMP;
    BF_BLAS_ALONE();
    assert_int_equal(threads, 7);
    assert_int_equal(calls, 0);
}

static pthread_barrier_t meet;

static void *stay_inside(void *unused)
{
    BF_BLAS_ALONE();
    pthread_barrier_wait(&meet);
    pthread_barrier_wait(&meet);
    return unused;
}

static void children_begin_outside(void **state)
{
    (void)state;
    pthread_t other;
    pthread_barrier_init(&meet, NULL, 2);
    assert_int_equal(pthread_create(&other, NULL, stay_inside, NULL), 0);
    pthread_barrier_wait(&meet);
    pid_t child = fork();
    if (child == 0) {
        threads = 5;
        bf_blas_enter();
        int inside = threads;
        bf_blas_leave(NULL);
        _exit(inside == 1 && threads == 5 ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    pthread_barrier_wait(&meet);
    pthread_join(other, NULL);
    assert_int_equal(threads, 7);
    pthread_barrier_destroy(&meet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(number_comes_back, with_threads),
        cmocka_unit_test_setup(any_threads_enter_and_leave, with_threads),
        cmocka_unit_test_setup(openmp_is_left_to_openmp, with_threads),
        cmocka_unit_test_setup(children_begin_outside, with_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
