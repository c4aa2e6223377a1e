#include "base/env.h"
#include "base/parallel.h"

#include <omp.h>

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
    bf_first_error failed = {0};
    bf_run caller = bf_run_now();
#pragma omp parallel for schedule(dynamic)
    for (size_t i = 0; i < count; i++) {
        if (bf_first_error_seen(&failed)) continue;
        bf_run mine = caller;
        if (omp_get_thread_num() != 0) mine.silent = true;
        bf_run before = bf_run_set(mine);
        bf_status s = bf_check_interrupt();
        if (s == BF_OK) s = fn(user, i);
        bf_first_error_keep(&failed, s);
        bf_run_set(before);
    }
    return bf_first_error_raise(&failed);
}
