/* Workers that any thread's loop can use.
 *
 * A loop is on its caller's stack, and in a list of open loops while it needs
 * helpers. Idle workers join the first loop of the list; caller and helpers
 * take pieces from the loop's counter. The caller waits for helpers that
 * joined, and not for workers that were woken: a worker that gets no processor
 * in time finds the loop closed. A waiting thread polls for some microseconds,
 * the time that a thread needs to wake up, and then sleeps, so that it takes no
 * processor from others. */
#include "base/parallel.h"

#include <pthread.h>
#include <signal.h>

#include "base/cpu.h"

#define WORKERS_MAX 4096
#define LOOK_SECONDS 20e-6

typedef struct loop {
    void (*piece)(void *user, size_t i);
    void *user;
    size_t count;
    atomic_size_t next; /* piece */
    bf_run run;
    unsigned wanted, joined; /* helpers still wanted, and joined so far */
    atomic_uint inside;      /* helpers at work */
    struct loop *later;
} loop;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t opened = PTHREAD_COND_INITIALIZER;
static pthread_cond_t left = PTHREAD_COND_INITIALIZER;
/* Protected by the lock; `wanted` is also read without the lock. */
static loop *open_loops;
static atomic_uint wanted; /* wanted by all open loops */
static unsigned workers, sleeping;

static _Thread_local bool in_loop;
static _Thread_local unsigned worker;

bool bf_in_parallel(void)
{
    return in_loop;
}

unsigned bf_worker(void)
{
    return worker;
}

/* ---- working ------------------------------------------------------------- */

static void draw_pieces(loop *l, unsigned as)
{
    in_loop = true;
    worker = as;
    for (;;) {
        size_t i = atomic_fetch_add(&l->next, 1);
        if (i >= l->count) break;
        l->piece(l->user, i);
    }
    worker = 0;
    in_loop = false;
}

static void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

/* Polls: true if the counter became zero (or nonzero) within LOOK_SECONDS. */
static bool look(const atomic_uint *counter, bool zero)
{
    double end = bf_now() + LOOK_SECONDS;
    do
        for (int i = 0; i < 32; i++) {
            if ((atomic_load(counter) == 0) == zero) return true;
            relax();
        }
    while (bf_now() < end);
    return false;
}

/* ---- helpers ------------------------------------------------------------- */

/* Under the lock. */
static void close_loop(loop *l)
{
    loop **at = &open_loops;
    while (*at && *at != l) at = &(*at)->later;
    if (*at) *at = l->later;
    atomic_fetch_sub(&wanted, l->wanted);
    l->wanted = 0;
}

/* Called with the lock, which it releases during the work. */
static void help(loop *l)
{
    unsigned as = ++l->joined;
    atomic_fetch_add(&l->inside, 1);
    atomic_fetch_sub(&wanted, 1);
    if (--l->wanted == 0) close_loop(l);
    pthread_mutex_unlock(&lock);
    bf_run before = bf_run_set(l->run);
    draw_pieces(l, as);
    bf_run_set(before);
    pthread_mutex_lock(&lock);
    /* After this the loop's memory may be gone: the caller may continue. */
    if (atomic_fetch_sub(&l->inside, 1) == 1) pthread_cond_broadcast(&left);
}

static void *work(void *unused)
{
    pthread_mutex_lock(&lock);
    for (;;) {
        while (open_loops) help(open_loops);
        pthread_mutex_unlock(&lock);
        look(&wanted, false);
        pthread_mutex_lock(&lock);
        sleeping++;
        while (!open_loops) pthread_cond_wait(&opened, &lock);
        sleeping--;
    }
    return unused;
}

/* In a child process there are no workers, and nobody holds the lock. */
static void before_fork(void)
{
    pthread_mutex_lock(&lock);
}

static void after_fork(void)
{
    pthread_mutex_unlock(&lock);
}

static void in_child(void)
{
    static const pthread_mutex_t fresh_lock = PTHREAD_MUTEX_INITIALIZER;
    static const pthread_cond_t fresh_cond = PTHREAD_COND_INITIALIZER;
    lock = fresh_lock;
    opened = left = fresh_cond;
    open_loops = NULL;
    atomic_store(&wanted, 0);
    workers = sleeping = 0;
}

/* Called with the lock. If no thread can be created, the loop runs with fewer
 * threads. */
static void add_worker(void)
{
    static bool told;
    pthread_t thread;
    pthread_attr_t attr;
    sigset_t all, before;
    if (!told) told = pthread_atfork(before_fork, after_fork, in_child) == 0;
    if (!told || pthread_attr_init(&attr) != 0) return;
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    sigfillset(&all); /* signals are for the program's threads */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&thread, &attr, work, NULL) == 0) workers++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
}

static void open_loop(loop *l)
{
    pthread_mutex_lock(&lock);
    loop **end = &open_loops;
    while (*end) end = &(*end)->later;
    *end = l;
    unsigned all = atomic_fetch_add(&wanted, l->wanted) + l->wanted;
    while (workers < all && workers < WORKERS_MAX) {
        unsigned before = workers;
        add_worker();
        if (workers == before) break;
    }
    /* Workers that do not sleep poll the list themselves. */
    for (unsigned i = 0; i < l->wanted && i < sleeping; i++)
        pthread_cond_signal(&opened);
    pthread_mutex_unlock(&lock);
}

static void wait_for_helpers(loop *l)
{
    pthread_mutex_lock(&lock);
    close_loop(l);
    pthread_mutex_unlock(&lock);
    if (look(&l->inside, true)) return;
    pthread_mutex_lock(&lock);
    while (atomic_load(&l->inside)) pthread_cond_wait(&left, &lock);
    pthread_mutex_unlock(&lock);
}

/* ---- loops --------------------------------------------------------------- */

void bf_parallel(size_t count, void (*piece)(void *user, size_t i), void *user)
{
    unsigned threads = in_loop || count < 2 ? 1 : bf_env_threads(NULL);
    if (threads > count) threads = (unsigned)count;
    if (threads == 1) {
        for (size_t i = 0; i < count; i++) piece(user, i);
        return;
    }
    loop l = {.piece = piece, .user = user, .count = count,
              .run = bf_run_silent(), .wanted = threads - 1};
    open_loop(&l);
    draw_pieces(&l, 0);
    wait_for_helpers(&l);
}

typedef struct careful {
    bf_status (*fn)(void *user, size_t i);
    void *user;
    bf_first_error failed;
} careful;

static void careful_piece(void *user, size_t i)
{
    careful *c = user;
    if (bf_first_error_seen(&c->failed)) return;
    bf_status s = bf_check_interrupt();
    if (s == BF_OK) s = c->fn(c->user, i);
    bf_first_error_keep(&c->failed, s);
}

bf_status bf_parallel_for(size_t count, bool serial,
                          bf_status (*fn)(void *user, size_t i), void *user)
{
    if (serial || count < 2 || in_loop) {
        for (size_t i = 0; i < count; i++) {
            BF_TRY(bf_check_interrupt());
            BF_TRY(fn(user, i));
        }
        return BF_OK;
    }
    careful c = {.fn = fn, .user = user};
    bf_parallel(count, careful_piece, &c);
    return bf_first_error_raise(&c.failed);
}
