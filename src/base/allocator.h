/* What ordinary and secret memory share. */
#ifndef BF_BASE_ALLOCATOR_H
#define BF_BASE_ALLOCATOR_H

#include "base/memory.h"

/* No job comes near it: a larger request is a bug or an attack. */
#define BF_ALLOC_MAX ((size_t)1 << 40)

/* Whether a test wants this allocation to fail. */
bool bf_alloc_injected_failure(void);
/* NULL, and the message. */
void *bf_out_of_memory(size_t bytes);

#endif
