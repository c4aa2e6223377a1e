#include "base/allocator.h"

#include <limits.h>
#include <malloc.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#define HUGE_PAGE ((size_t)2 << 20)

static atomic_long successes_left = -1;

bool bf_alloc_injected_failure(void)
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

long bf_alloc_left_for_tests(void)
{
    return atomic_load(&successes_left);
}

void *bf_out_of_memory(size_t bytes)
{
    bf_fail(BF_ERR_MEMORY, "no memory for %zu bytes", bytes);
    return NULL;
}

/* The heap grows by this size at a time when freed memory is kept. */
#define HEAP_STEP (256 << 20)
static atomic_size_t heap_step; /* HEAP_STEP after bf_keep_freed_memory */

/* Advises whole huge pages, including the bytes beside the block in the first
 * and the last page, which likely belong to a block of the same kind. The
 * advice covers the rest of the heap too: the allocator writes a word after the
 * next block before that block can be advised, and one small page there
 * prevents a huge page. The kernel may refuse the advice, which costs speed but
 * not correctness. */
static void advise_huge(void *p, size_t bytes)
{
#ifdef MADV_HUGEPAGE
    size_t after = bytes + HUGE_PAGE - 1 + atomic_load(&heap_step);
    uintptr_t from = (uintptr_t)p & ~(HUGE_PAGE - 1);
    uintptr_t to = ((uintptr_t)p + after) & ~(HUGE_PAGE - 1);
    (void)madvise((void *)from, to - from, MADV_HUGEPAGE);
#else
    (void)p, (void)bytes;
#endif
}

void *bf_alloc(size_t bytes)
{
    if (bytes == 0) {
        bf_fail(BF_ERR_ARGUMENT, "allocation of 0 bytes");
        return NULL;
    }
    void *p;
    if (bytes > BF_ALLOC_MAX || bf_alloc_injected_failure() ||
        posix_memalign(&p, BF_ALIGN, bytes) != 0)
        return bf_out_of_memory(bytes);
    if (bytes >= HUGE_PAGE) advise_huge(p, bytes);
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

bf_status bf_shrink(void **p, size_t bytes)
{
    if (bytes == 0) return bf_fail(BF_ERR_ARGUMENT, "a block of no bytes");
    void *q = realloc(*p, bytes), *aligned;
    if (!q) return BF_OK; /* as large as it was */
    *p = q;
    if ((uintptr_t)q % BF_ALIGN == 0) return BF_OK;
    /* An allocator that moves shrinking blocks need not keep the alignment. */
    aligned = bf_alloc(bytes);
    if (aligned) memcpy(aligned, q, bytes);
    free(q);
    *p = aligned;
    return aligned ? BF_OK : BF_ERR_MEMORY;
}

void bf_keep_freed_memory(void)
{
#ifdef __GLIBC__
    /* One heap for all threads and blocks (of up to 32 MiB, glibc's limit),
     * grown and never trimmed. */
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, INT_MAX);
    mallopt(M_TOP_PAD, HEAP_STEP);
    atomic_store(&heap_step, HEAP_STEP);
#endif
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

size_t bf_peak_rss(void)
{
    struct rusage use;
    if (getrusage(RUSAGE_SELF, &use) != 0) return 0;
    return (size_t)use.ru_maxrss * 1024;
}
