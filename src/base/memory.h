/* Aligned memory, size arithmetic, wiping, secret memory, block pools. */
#ifndef BF_BASE_MEMORY_H
#define BF_BASE_MEMORY_H

#include "base/status.h"

#define BF_ALIGN 64

/* 64-byte aligned, not zeroed; blocks of 2 MiB and more ask for huge pages.
 * NULL (with the message set) when out of memory or bytes is 0. */
void *bf_alloc(size_t bytes);
void *bf_alloc_zero(size_t bytes);
/* bf_free, of blindfit.h, frees them. */

/* Makes a bf_alloc block smaller; it keeps its first `bytes`, at least one
 * (BF_ERR_ARGUMENT). BF_ERR_MEMORY only if the allocator moves shrinking blocks
 * (*p is then NULL). */
BF_MUST_CHECK bf_status bf_shrink(void **p, size_t bytes);

/* count * size with overflow check; false on overflow. */
bool bf_mul_size(size_t count, size_t size, size_t *out);

/* Overwrites memory; the compiler cannot remove the writes. */
void bf_wipe(void *p, size_t bytes);

/* Overwrites 64 KiB of stack below the caller's frame, where functions that the
 * caller called have spilled registers: libsodium's hashes spill their input.
 */
void bf_wipe_stack(void);

/* Guarded memory for secrets (sodium_malloc), 64-byte aligned, locked as far as
 * RLIMIT_MEMLOCK allows; contents undefined. NULL with the message set, like
 * bf_alloc. Freeing wipes; a few blocks, of 32 MiB at most, are kept for later
 * requests of their size. */
void *bf_secret_alloc(size_t bytes);
void bf_secret_free(void *p); /* NULL is fine */

/* Recycles blocks of equal size: after warm-up bf_pool_take never calls the
 * allocator. Thread-safe. A pool must outlive the blocks taken from it. */
typedef struct bf_pool bf_pool;
BF_MUST_CHECK bf_status bf_pool_create(bf_pool **out);
void bf_pool_destroy(bf_pool *pool);
/* As bf_alloc. The pool frees idle blocks before it runs out of memory, and
 * when it needs a fresh block while many bytes are idle. */
void *bf_pool_take(bf_pool *pool, size_t bytes);
/* The same, but may return an idle block up to a quarter larger; return the
 * block with bf_pool_give as *capacity bytes. When sizes change between phases,
 * this saves fresh pages, which the system would clear. */
void *bf_pool_take_any(bf_pool *pool, size_t bytes, size_t *capacity);
/* Returns a block to the pool. bytes: the requested size, or *capacity; p may
 * be NULL. */
void bf_pool_give(bf_pool *pool, void *p, size_t bytes);
/* Frees the idle blocks; for use between phases of different sizes. */
void bf_pool_trim(bf_pool *pool);
/* Largest total of blocks handed out at one time, in bytes. */
size_t bf_pool_peak(const bf_pool *pool);

/* Resident set peak of this process in bytes (getrusage). */
size_t bf_peak_rss(void);

/* Fault loops in tests: the allocation after `successes` more ones fails, and
 * so do all behind it; -1 ends that. Covers bf_alloc and bf_secret_alloc. */
void bf_alloc_fail_for_tests(long successes);
long bf_alloc_left_for_tests(void); /* of the successes */

#endif
