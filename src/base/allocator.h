/* Shared by ordinary and secret memory. */
#ifndef BF_BASE_ALLOCATOR_H
#define BF_BASE_ALLOCATOR_H

#include "base/memory.h"

/* Far more than any job needs: a larger request is a bug or an attack. */
#define BF_ALLOC_MAX ((size_t)1 << 40)

/* True if a test makes this allocation fail. */
bool bf_alloc_injected_failure(void);
/* Returns NULL and sets the message. */
void *bf_out_of_memory(size_t bytes);

#endif
