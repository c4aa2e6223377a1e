#include "base/parallel.h"

#include <omp.h>
#include <stdio.h>

typedef struct loop {
    bf_status status;
    char message[512];
} loop;

/* Messages are per thread: the first failure's is carried to the caller. */
static void loop_fail(loop *l, bf_status s)
{
#pragma omp critical(bf_parallel_for)
    if (l->status == BF_OK) {
        snprintf(l->message, sizeof l->message, "%s", bf_last_error());
        __atomic_store_n(&l->status, s, __ATOMIC_RELAXED);
    }
}

bf_status bf_parallel_for(size_t count, bool serial,
                          bf_status (*fn)(void *user, size_t i), void *user)
{
    if (serial || count < 2 || omp_in_parallel()) {
        for (size_t i = 0; i < count; i++) {
            BF_TRY(bf_check_interrupt());
            BF_TRY(fn(user, i));
        }
        return BF_OK;
    }
    loop l = {BF_OK, ""};
#pragma omp parallel for schedule(dynamic)
    for (size_t i = 0; i < count; i++) {
        if (__atomic_load_n(&l.status, __ATOMIC_RELAXED) != BF_OK) continue;
        bf_status s = bf_check_interrupt();
        if (s == BF_OK) s = fn(user, i);
        if (s != BF_OK) loop_fail(&l, s);
    }
    return l.status == BF_OK ? BF_OK : bf_fail(l.status, "%s", l.message);
}
