#include "base/timing.h"

#include "base/cpu.h"

#define CALLS_MIN 3
#define CALLS_MAX 256

bf_status bf_time_calls(double *median, double budget,
                         bf_status (*call)(void *), void *user)
{
    double times[CALLS_MAX], begin = bf_now();
    size_t n = 0;
    BF_TRY(call(user)); /* warm */
    *median = bf_now() - begin;
    if (*median > budget) return BF_OK;
    begin = bf_now();
    while (n < CALLS_MAX && (n < CALLS_MIN || bf_now() - begin < budget)) {
        double start = bf_now();
        BF_TRY(call(user));
        double t = bf_now() - start;
        size_t i = n++;
        for (; i > 0 && times[i - 1] > t; i--) times[i] = times[i - 1];
        times[i] = t;
    }
    *median = times[n / 2];
    return BF_OK;
}
