/* A search for a plan that is cut short gives the error that cut it short:
 * neither "nothing fits" nor another plan. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <string.h>
#include <sys/time.h>

#include "base/cpu.h"
#include "base/memory.h"
#include "support/env.h"
#include "train/job.h"

static bf_status plan(bf_job *job, size_t n, size_t d, size_t classes)
{
    bf_recipe r;
    bf_plan p;
    bf_plan_options options = {.log_n = 13};
    if (d)
        assert_int_equal(bf_recipe_default(&r, BF_RECIPE_WHITENED, 2, 128, d),
                         BF_OK);
    bf_status s = bf_job_search(job, &p, &r, n, d, classes, &options);
    if (s == BF_OK) bf_plan_clear(&p);
    return s;
}

static bf_job full;
static double seconds;
static long allocations;

/* Beyond what a plan takes, no allocation fails. */
#define ALL (1L << 40)

static int setup(void **state)
{
    (void)state;
    double start = bf_now();
    bf_alloc_fail_for_tests(ALL);
    if (plan(&full, 128, 40, 3) != BF_OK) return -1;
    allocations = ALL - bf_alloc_left_for_tests();
    bf_alloc_fail_for_tests(-1);
    seconds = bf_now() - start;
    return 0;
}

static void is_full(const bf_job *job)
{
    assert_memory_equal(&job->ring[0], &full.ring[0], sizeof full.ring[0]);
    assert_memory_equal(&job->layout, &full.layout, sizeof full.layout);
}

static void memory_runs_out(void **state)
{
    (void)state;
    assert_true(allocations > 100);
    for (long i = 0; i < 60; i++) {
        bf_job job;
        bf_alloc_fail_for_tests(i < 20 ? i : (i - 19) * (allocations - 1) / 40);
        bf_status s = plan(&job, 128, 40, 3);
        bf_alloc_fail_for_tests(-1);
        assert_int_equal(s, BF_ERR_MEMORY);
        assert_non_null(strstr(bf_last_error(), "no memory"));
    }
}

static void on_alarm(int number)
{
    (void)number;
    bf_env_interrupt(&env_of_test, 1);
}

static void interrupted_at(double after)
{
    bf_job job;
    long micros = (long)(after * 1e6) + 1;
    struct itimerval once = {
        .it_value = {micros / 1000000, micros % 1000000}}, never = {0};
    env_interrupt(0);
    setitimer(ITIMER_REAL, &once, NULL);
    bf_status s = plan(&job, 128, 40, 3);
    setitimer(ITIMER_REAL, &never, NULL);
    env_interrupt(0);
    if (s == BF_OK)
        is_full(&job);
    else
        assert_int_equal(s, BF_ERR_INTERRUPTED);
}

static void interrupts_come(void **state)
{
    (void)state;
    bf_job job;
    signal(SIGALRM, on_alarm);
    for (int i = 0; i < 30; i++) interrupted_at(seconds * i / 25);
    env_interrupt(1);
    assert_int_equal(plan(&job, 128, 40, 3), BF_ERR_INTERRUPTED);
    env_interrupt(0);
    signal(SIGALRM, SIG_DFL);
}

static void refused(size_t n, size_t d, size_t classes, const char *words)
{
    bf_job job;
    assert_int_equal(plan(&job, n, d, classes), BF_ERR_ARGUMENT);
    assert_non_null(strstr(bf_last_error(), words));
}

static void shapes_are_checked(void **state)
{
    (void)state;
    refused(128, 40, 1, "1 classes; 2 to ");
    refused(128, 40, 0, "0 classes");
    refused(128, 40, BF_CLASSES_MAX + 1, "classes; 2 to ");
    refused(1, 40, 3, "1 samples; 2 to ");
    refused(BF_JOB_SAMPLES_MAX + 1, 40, 3, "samples; 2 to ");
    refused(128, BF_JOB_FEATURES_MAX + 1, 3, "features; 1 to ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_runs_out),
        cmocka_unit_test(interrupts_come),
        cmocka_unit_test(shapes_are_checked),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
