/* Loops on the workers of the process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/parallel.h"
#include "support/env.h"

#define PIECES 1000

typedef struct tally {
    atomic_uint of[PIECES];
    atomic_uint too_high;
    unsigned threads;
} tally;

static void count(void *user, size_t i)
{
    tally *t = user;
    t->of[i]++;
    if (bf_worker() >= t->threads) t->too_high++;
}

static void check_once(tally *t, size_t pieces)
{
    for (size_t i = 0; i < PIECES; i++)
        assert_int_equal(t->of[i], i < pieces ? 1 : 0);
    assert_int_equal(t->too_high, 0);
}

static void every_piece_comes_once(void **state)
{
    (void)state;
    static const size_t pieces[] = {0, 1, 2, 3, 17, PIECES};
    for (unsigned threads = 1; threads <= 5; threads++)
        for (size_t k = 0; k < sizeof pieces / sizeof *pieces; k++) {
            tally t = {.threads = threads};
            env_threads(threads);
            bf_parallel(pieces[k], count, &t);
            check_once(&t, pieces[k]);
        }
    env_threads(0);
}

/* ---- one level at a time ------------------------------------------------- */

typedef struct nest {
    atomic_uint inner, elsewhere;
    pthread_t self;
} nest;

static void inner_piece(void *user, size_t i)
{
    nest *n = user;
    (void)i;
    n->inner++;
    if (!pthread_equal(n->self, pthread_self())) n->elsewhere++;
}

static void outer_piece(void *user, size_t i)
{
    nest mine = {.self = pthread_self()};
    nest *sum = user;
    (void)i;
    bf_parallel(10, inner_piece, &mine);
    sum->inner += mine.inner;
    sum->elsewhere += mine.elsewhere;
    if (!bf_in_parallel()) sum->elsewhere++;
}

static void loops_within_loops_stay_on_their_thread(void **state)
{
    (void)state;
    nest sum = {0};
    env_threads(3);
    bf_parallel(20, outer_piece, &sum);
    assert_int_equal(sum.inner, 200);
    assert_int_equal(sum.elsewhere, 0);
    assert_false(bf_in_parallel());
    env_threads(0);
}

/* ---- failures ------------------------------------------------------------ */

static bf_status fail_at_7(void *user, size_t i)
{
    ++*(atomic_uint *)user;
    return i == 7 ? bf_fail(BF_ERR_RANGE, "piece %zu", i) : BF_OK;
}

static void failures_come_back(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 3; threads++) {
        atomic_uint done = 0;
        env_threads(threads);
        bf_fail(BF_ERR_ARGUMENT, "before");
        assert_int_equal(bf_parallel_for(100000, false, fail_at_7, &done),
                         BF_ERR_RANGE);
        assert_string_equal(bf_last_error(), "piece 7");
        assert_true(done < 100000);
    }
    env_threads(0);
}

/* ---- many callers -------------------------------------------------------- */

static void *caller(void *user)
{
    bf_env env = {.threads = 3};
    bf_env_enter(&env);
    for (int i = 0; i < 200; i++) {
        tally t = {.threads = 3};
        bf_parallel(PIECES / 10, count, &t);
        for (size_t k = 0; k < PIECES / 10; k++)
            if (t.of[k] != 1) ++*(atomic_uint *)user;
    }
    return NULL;
}

static void callers_do_not_mix(void **state)
{
    (void)state;
    pthread_t thread[4];
    atomic_uint wrong = 0;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, caller, &wrong), 0);
    for (int i = 0; i < 4; i++) pthread_join(thread[i], NULL);
    assert_int_equal(wrong, 0);
}

/* ---- a helper that gets no processor ------------------------------------- */

typedef struct delay {
    atomic_bool held; /* a helper sits in its piece of another loop */
    atomic_bool go;
} delay;

static void hold(void *user, size_t i)
{
    delay *d = user;
    (void)i;
    if (bf_worker() > 0) d->held = true;
    while (!d->go) usleep(1000);
}

static void *holder(void *user)
{
    bf_env env = {.threads = 2};
    bf_env_enter(&env);
    bf_parallel(2, hold, user);
    return NULL;
}

/* All workers there are being held, a loop is done by its caller alone. */
static void loops_wait_for_no_one_who_did_not_come(void **state)
{
    (void)state;
    delay d = {0};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, holder, &d), 0);
    while (!d.held) usleep(1000);
    tally t = {.threads = 2};
    env_threads(2);
    bf_parallel(PIECES, count, &t);
    check_once(&t, PIECES);
    d.go = true;
    pthread_join(thread, NULL);
    env_threads(0);
}

/* ---- children ------------------------------------------------------------ */

static void children_have_workers_of_their_own(void **state)
{
    (void)state;
    int status;
    tally t = {.threads = 3};
    env_threads(3);
    bf_parallel(PIECES, count, &t);
    pid_t pid = fork();
    if (pid < 0) fail_msg("fork: %s", strerror(errno));
    if (pid == 0) {
        tally mine = {.threads = 3};
        bf_parallel(PIECES, count, &mine);
        for (size_t i = 0; i < PIECES; i++)
            if (mine.of[i] != 1) _exit(1);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    env_threads(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_piece_comes_once),
        cmocka_unit_test(loops_within_loops_stay_on_their_thread),
        cmocka_unit_test(failures_come_back),
        cmocka_unit_test(callers_do_not_mix),
        cmocka_unit_test(loops_wait_for_no_one_who_did_not_come),
        cmocka_unit_test(children_have_workers_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
