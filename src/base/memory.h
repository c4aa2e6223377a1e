/* Aligned memory, size arithmetic, wiping, secret memory, block pools. */
#ifndef BF_BASE_MEMORY_H
#define BF_BASE_MEMORY_H

#include "base/status.h"

#define BF_ALIGN 64

/* 64-byte aligned, not zeroed; blocks of 2 MiB and more ask for huge pages.
 * NULL (with the message set) when memory is out or bytes is 0. */
void *bf_alloc(size_t bytes);
void *bf_alloc_zero(size_t bytes);
void bf_free(void *p); /* NULL is fine */

/* Gives the pages behind [p + keep, p + bytes) of a bf_alloc block back to the
 * operating system; the block stays valid, that part reads as zero. */
void bf_release_tail(void *p, size_t keep, size_t bytes);

/* count * size with overflow check; false on overflow. */
bool bf_mul_size(size_t count, size_t size, size_t *out);

/* Overwrites memory in a way the compiler keeps. */
void bf_wipe(void *p, size_t bytes);

/* Locked, guarded memory for secrets (sodium_malloc); freed wiped. */
void *bf_secret_alloc(size_t bytes);
void bf_secret_free(void *p);

/* Recycler of equal blocks: after warm-up `take` never enters the allocator.
 * Thread-safe. */
typedef struct bf_pool bf_pool;
BF_MUST_CHECK bf_status bf_pool_create(bf_pool **out);
void bf_pool_destroy(bf_pool *pool);
void *bf_pool_take(bf_pool *pool, size_t bytes); /* as bf_alloc */
void bf_pool_give(bf_pool *pool, void *p, size_t bytes);
/* Largest total of blocks handed out at one time, in bytes. */
size_t bf_pool_peak(const bf_pool *pool);

/* Resident set peak of this process in bytes (getrusage). */
size_t bf_peak_rss(void);

#endif
