#include "base/memory.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/random.h"

#define HUGE_PAGE ((size_t)2 << 20)
/* No job comes near it: a larger request is a bug or an attack. */
#define BYTES_MAX ((size_t)1 << 40)

static atomic_long successes_left = -1;

static bool injected_failure(void)
{
    long left = atomic_load_explicit(&successes_left, memory_order_relaxed);
    if (left < 0) return false;
    while (left > 0)
        if (atomic_compare_exchange_weak(&successes_left, &left, left - 1))
            return false;
    return left == 0;
}

void bf_alloc_fail_for_tests(long successes)
{
    atomic_store(&successes_left, successes);
}

static void *out_of_memory(size_t bytes)
{
    bf_fail(BF_ERR_MEMORY, "no memory for %zu bytes", bytes);
    return NULL;
}

void *bf_alloc(size_t bytes)
{
    if (bytes == 0) {
        bf_fail(BF_ERR_ARGUMENT, "allocation of 0 bytes");
        return NULL;
    }
    size_t align = bytes >= HUGE_PAGE ? HUGE_PAGE : BF_ALIGN;
    void *p;
    if (bytes > BYTES_MAX || injected_failure() ||
        posix_memalign(&p, align, bytes) != 0)
        return out_of_memory(bytes);
#ifdef MADV_HUGEPAGE
    /* Advice only: a refusal costs speed, not correctness. */
    if (bytes >= HUGE_PAGE) (void)madvise(p, bytes, MADV_HUGEPAGE);
#endif
    return p;
}

void *bf_alloc_zero(size_t bytes)
{
    void *p = bf_alloc(bytes);
    if (p) memset(p, 0, bytes);
    return p;
}

void bf_free(void *p)
{
    free(p);
}

void bf_release_tail(void *p, size_t keep, size_t bytes)
{
    if (keep >= bytes) return;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t from = (uintptr_t)p + keep, to = (uintptr_t)p + bytes;
    uintptr_t first = (from + page - 1) / page * page, last = to / page * page;
    if (first >= last ||
        madvise((void *)first, last - first, MADV_DONTNEED) != 0) {
        memset((void *)from, 0, to - from);
        return;
    }
    memset((void *)from, 0, first - from);
    memset((void *)last, 0, to - last);
}

bool bf_mul_size(size_t count, size_t size, size_t *out)
{
    return !__builtin_mul_overflow(count, size, out);
}

void bf_wipe(void *p, size_t bytes)
{
    sodium_memzero(p, bytes);
}

void bf_wipe_stack(void)
{
    sodium_stackzero((size_t)64 << 10);
}

void *bf_secret_alloc(size_t bytes)
{
    if (bytes == 0) {
        bf_fail(BF_ERR_ARGUMENT, "allocation of 0 bytes");
        return NULL;
    }
    if (bf_random_init() != BF_OK) return NULL;
    if (bytes > BYTES_MAX || injected_failure())
        return out_of_memory(bytes);
    /* sodium_malloc puts the end of the block at a page's end: a multiple of
     * the alignment in size is aligned at its start. */
    size_t rounded = (bytes + BF_ALIGN - 1) / BF_ALIGN * BF_ALIGN;
    void *p = sodium_malloc(rounded);
    return p ? p : out_of_memory(bytes);
}

void bf_secret_free(void *p)
{
    sodium_free(p);
}

size_t bf_peak_rss(void)
{
    struct rusage use;
    if (getrusage(RUSAGE_SELF, &use) != 0) return 0;
    return (size_t)use.ru_maxrss * 1024;
}
