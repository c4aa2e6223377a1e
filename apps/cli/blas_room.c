/* OpenBLAS allocates a buffer for each thread before main(), and another buffer
 * for each thread that calls OpenBLAS. If a limit on address space leaves no
 * room, OpenBLAS retries without end. */
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli.h"

/* BUFFER_SIZE of its common_x86_64.h and common_arm64.h, the largest. */
#define BUFFER_BYTES ((size_t)128 << 20)

#ifndef __SANITIZE_ADDRESS__ /* the sanitizer takes all address space */
static size_t threads(void)
{
    cpu_set_t set;
    bool known = sched_getaffinity(0, sizeof set, &set) == 0;
    int all = known ? CPU_COUNT(&set) : 64; /* OpenBLAS's limit in Debian */
    const char *text = getenv("OMP_NUM_THREADS");
    int asked = text ? atoi(text) : 0;
    return (size_t)(asked > 0 && asked < all ? asked : all);
}

static void check(void)
{
    static const char trouble[] =
        "blindfit: no memory: the limit on addresses (ulimit -v) leaves "
        "less than the 256 MiB a thread that OpenBLAS may take; "
        "OMP_NUM_THREADS sets their number\n";
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return;
    size_t bytes = 2 * threads() * BUFFER_BYTES;
    void *room = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                      0);
    if (room != MAP_FAILED) {
        munmap(room, bytes);
        return;
    }
    ssize_t told = write(STDERR_FILENO, trouble, sizeof trouble - 1);
    (void)told;
    _exit(CLI_EXIT_MEMORY);
}

/* Functions in .preinit_array run before the constructors of shared libraries.
 */
__attribute__((section(".preinit_array"), used)) static void (*const
    before_libraries)(void) = check;
#endif
