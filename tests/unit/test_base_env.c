/* The environment of an operation belongs to its thread, or to its call. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "base/env.h"
#include "base/parallel.h"

/* ---- one env ------------------------------------------------------------- */

static bf_env env;

static void interruption_is_of_the_env(void **state)
{
    (void)state;
    bf_env other = {0};
    bf_env_interrupt(&other, 1);
    assert_int_equal(bf_check_interrupt(), BF_OK);
    assert_null(bf_env_enter(&env));
    assert_int_equal(bf_check_interrupt(), BF_OK);
    bf_env_interrupt(&env, 1);
    assert_int_equal(bf_check_interrupt(), BF_ERR_INTERRUPTED);
    bf_env_interrupt(&env, 0);
    assert_int_equal(bf_check_interrupt(), BF_OK);
    assert_ptr_equal(bf_env_enter(NULL), &env);
}

static void on_signal(int number)
{
    (void)number;
    bf_env_interrupt(&env, 1);
}

static void signals_interrupt(void **state)
{
    (void)state;
    bf_env_enter(&env);
    assert_true(signal(SIGUSR1, on_signal) != SIG_ERR);
    raise(SIGUSR1);
    assert_int_equal(bf_check_interrupt(), BF_ERR_INTERRUPTED);
    signal(SIGUSR1, SIG_DFL);
    bf_env_interrupt(&env, 0);
    bf_env_enter(NULL);
}

static bf_status under(bf_env *e, bf_env **seen, bf_status (*then)(bf_env *))
{
    BF_UNDER(e);
    *seen = bf_run_now().env;
    return then ? then(NULL) : BF_OK;
}

static bf_env *innermost;

static bf_status inner(bf_env *e)
{
    return under(e, &innermost, NULL);
}

static void calls_nest(void **state)
{
    (void)state;
    bf_env a = {0}, b = {0}, *seen;
    bf_env_enter(&a);
    assert_int_equal(under(&b, &seen, inner), BF_OK);
    assert_ptr_equal(seen, &b);
    assert_ptr_equal(innermost, &b);
    assert_int_equal(under(NULL, &seen, inner), BF_OK);
    assert_ptr_equal(seen, &a);
    assert_ptr_equal(innermost, &a);
    assert_ptr_equal(bf_env_enter(NULL), &a);
}

/* ---- telling ------------------------------------------------------------- */

typedef struct heard {
    unsigned calls;
    double done;
    char phase[32], line[64];
    int answer;
} heard;

static int hear(void *user, const char *phase, double done, double total)
{
    heard *h = user;
    assert_true(done <= total);
    strcpy(h->phase, phase);
    h->done = done;
    h->calls++;
    return h->answer;
}

static void hear_note(void *user, const char *line)
{
    strcpy(((heard *)user)->line, line);
}

static void silently(void)
{
    BF_SILENT();
    bf_report("part", 1, 2);
}

static void progress_and_notes_arrive(void **state)
{
    (void)state;
    heard h = {0};
    bf_env e = {.progress = hear, .note = hear_note, .user = &h};
    bf_report("nobody", 1, 2);
    bf_note("nobody");
    bf_env_enter(&e);
    bf_report("walk", 1, 2);
    assert_string_equal(h.phase, "walk");
    assert_int_equal(h.calls, 1);
    silently();
    assert_int_equal(h.calls, 1);
    bf_note("%d\nlines", 2);
    assert_string_equal(h.line, "2?lines");
    h.answer = 1;
    assert_int_equal(bf_check_interrupt(), BF_OK);
    bf_report("walk", 2, 2);
    assert_int_equal(bf_check_interrupt(), BF_ERR_INTERRUPTED);
    bf_env_enter(NULL);
}

/* ---- threads ------------------------------------------------------------- */

static void expect_threads(const char *number, const char *limit,
                           unsigned asked, unsigned want)
{
    bf_env e = {.threads = asked};
    if (number) setenv("OMP_NUM_THREADS", number, 1);
    if (limit) setenv("OMP_THREAD_LIMIT", limit, 1);
    assert_int_equal(bf_env_threads(&e), want);
    bf_env_enter(&e);
    assert_int_equal(bf_env_threads(NULL), want);
    bf_env_enter(NULL);
    unsetenv("OMP_NUM_THREADS");
    unsetenv("OMP_THREAD_LIMIT");
}

static void threads_follow_the_env_and_openmp(void **state)
{
    (void)state;
    unsigned all = bf_cpu_count();
    assert_true(all >= 1);
    expect_threads(NULL, NULL, 0, all);
    expect_threads(NULL, NULL, 3, 3);
    expect_threads("1", NULL, 0, 1);
    expect_threads("1,2", NULL, 0, 1);
    expect_threads("1", NULL, 3, 3);
    expect_threads("999", NULL, 0, all);
    expect_threads("0", "-4", 0, all);
    expect_threads("abc", "", 0, all);
    expect_threads(NULL, "1", 0, 1);
    expect_threads(NULL, "2", 3, 2);
}

/* ---- two jobs in one process --------------------------------------------- */

typedef struct job {
    bf_env env;
    heard heard;
    unsigned threads;
    atomic_uint running, most; /* pieces at once */
    atomic_uint pieces;
    bf_status status;
} job;

static atomic_bool stopped;
static pthread_barrier_t both_run;

/* Until the other job was stopped, this one does not end. */
static bf_status piece(void *user, size_t i)
{
    job *j = user;
    unsigned now = ++j->running, most = j->most;
    while (now > most && !atomic_compare_exchange_weak(&j->most, &most, now)) {}
    bf_report("pieces", (double)i, 1000);
    double end = bf_now() + 0.001;
    while (bf_now() < end) {}
    j->running--;
    j->pieces++;
    return BF_OK;
}

static bf_status run_job(job *j, bf_env *e)
{
    BF_UNDER(e);
    j->threads = bf_env_threads(NULL);
    bf_note("begins");
    for (;;) {
        BF_TRY(bf_parallel_for(20, false, piece, j));
        if (stopped) return BF_OK;
    }
}

static void *job_thread(void *user)
{
    job *j = user;
    pthread_barrier_wait(&both_run);
    j->status = run_job(j, &j->env);
    return NULL;
}

static void jobs_are_stopped_apart(void **state)
{
    (void)state;
    job a = {.env = {.threads = 1}}, b = {.env = {.threads = 3}};
    pthread_t of_a, of_b;
    a.env.progress = b.env.progress = hear;
    a.env.note = b.env.note = hear_note;
    a.env.user = &a.heard;
    b.env.user = &b.heard;
    stopped = false;
    pthread_barrier_init(&both_run, NULL, 3);
    assert_int_equal(pthread_create(&of_a, NULL, job_thread, &a), 0);
    assert_int_equal(pthread_create(&of_b, NULL, job_thread, &b), 0);
    pthread_barrier_wait(&both_run);
    while (a.pieces < 5 || b.pieces < 5) {}
    bf_env_interrupt(&a.env, 1);
    pthread_join(of_a, NULL);
    assert_int_equal(a.status, BF_ERR_INTERRUPTED);
    unsigned before = b.pieces;
    while (b.pieces < before + 5) {} /* b goes on without a */
    stopped = true;
    pthread_join(of_b, NULL);
    assert_int_equal(b.status, BF_OK);
    assert_int_equal(a.threads, 1);
    assert_int_equal(b.threads, 3);
    assert_int_equal(a.most, 1);
    assert_true(b.most >= 1 && b.most <= 3);
    assert_string_equal(a.heard.line, "begins");
    assert_true(a.heard.calls >= 5 && a.heard.calls <= a.pieces);
    assert_true(b.heard.calls >= 1 && b.heard.calls <= b.pieces);
    assert_int_equal(bf_check_interrupt(),
                     BF_OK); /* this thread's is neither */
    pthread_barrier_destroy(&both_run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(interruption_is_of_the_env),
        cmocka_unit_test(signals_interrupt),
        cmocka_unit_test(calls_nest),
        cmocka_unit_test(progress_and_notes_arrive),
        cmocka_unit_test(threads_follow_the_env_and_openmp),
        cmocka_unit_test(jobs_are_stopped_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
