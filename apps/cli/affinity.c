/* Restores the set of processors on which the program was started.
 *
 * libgomp, a dependency of OpenBLAS, binds the first thread to one processor
 * before main() if OMP_PROC_BIND, OMP_PLACES or GOMP_CPU_AFFINITY is set. These
 * variables are meant for OpenMP's threads, but the program's own threads, and
 * the server process, would inherit that one processor. */
#include <sched.h>

#include "cli.h"

#define CPUS_MAX (1 << 16)

static union {
    cpu_set_t set;
    unsigned char bytes[CPUS_MAX / 8];
} started_on;
static bool known;

/* Runs before any sanitizer is initialised. */
#ifdef __clang__
__attribute__((no_sanitize("address", "undefined")))
#else
__attribute__((no_sanitize_address, no_sanitize_undefined))
#endif
static void remember(void)
{
    known = sched_getaffinity(0, sizeof started_on, &started_on.set) == 0;
}

/* Functions in .preinit_array run before the constructors of shared libraries.
 */
__attribute__((section(".preinit_array"), used)) static void (*const
    before_libraries)(void) = remember;

void cli_restore_affinity(void)
{
    if (known) sched_setaffinity(0, sizeof started_on, &started_on.set);
}
