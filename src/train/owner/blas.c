#include "train/owner/blas.h"

#include <cblas.h>
#include <pthread.h>
#include <stdbool.h>

/* OpenBLAS has one number of threads for the whole process, which a program
 * around this library may use, too. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t told = PTHREAD_ONCE_INIT;
static unsigned inside;
static int before;

static void before_fork(void)
{
    pthread_mutex_lock(&lock);
}

static void after_fork(void)
{
    pthread_mutex_unlock(&lock);
}

/* The child has none of the threads that were inside. Its OpenBLAS keeps one
 * thread, as a handler of forks may not start others. */
static void in_child(void)
{
    static const pthread_mutex_t fresh = PTHREAD_MUTEX_INITIALIZER;
    lock = fresh;
    inside = 0;
}

static void tell_of_forks(void)
{
    pthread_atfork(before_fork, after_fork, in_child);
}

static bool has_threads(void)
{
    return openblas_get_parallel() == OPENBLAS_THREAD;
}

void bf_blas_enter(void)
{
    if (!has_threads()) return;
    pthread_once(&told, tell_of_forks);
    pthread_mutex_lock(&lock);
    if (inside++ == 0) {
        before = openblas_get_num_threads();
        openblas_set_num_threads(1);
    }
    pthread_mutex_unlock(&lock);
}

void bf_blas_leave(const int *unused)
{
    (void)unused;
    if (!has_threads()) return;
    pthread_mutex_lock(&lock);
    if (--inside == 0) openblas_set_num_threads(before);
    pthread_mutex_unlock(&lock);
}
