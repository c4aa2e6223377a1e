/* The processors that the program was started on.
 *
 * libgomp, which OpenBLAS brings along, binds the first thread to one processor
 * before main() where OMP_PROC_BIND, OMP_PLACES or GOMP_CPU_AFFINITY is set.
 * They are about its threads; ours, and the server that we start, would all
 * inherit that one processor. */
#include <sched.h>

#include "cli.h"

#define CPUS_MAX (1 << 16)

static union {
    cpu_set_t set;
    unsigned char bytes[CPUS_MAX / 8];
} started_on;
static bool known;

/* No sanitizer is ready yet. */
#ifdef __clang__
__attribute__((no_sanitize("address", "undefined")))
#else
__attribute__((no_sanitize_address, no_sanitize_undefined))
#endif
static void remember(void)
{
    known = sched_getaffinity(0, sizeof started_on, &started_on.set) == 0;
}

/* The only functions that run before those of shared libraries. */
__attribute__((section(".preinit_array"), used)) static void (*const
    before_libraries)(void) = remember;

void cli_restore_affinity(void)
{
    if (known) sched_setaffinity(0, sizeof started_on, &started_on.set);
}
