/* Secret memory comes from libsodium: between guard pages, and locked as far as
 * the system allows. Allocating a block takes system calls and touches every
 * page; when ciphertexts are encrypted one after the other, this takes longer
 * than the use of the block. So a few freed blocks are wiped and kept for the
 * next requests of their size. */
#include <pthread.h>
#include <sodium.h>

#include "base/allocator.h"
#include "base/random.h"

enum { BLOCKS = 64 };
#define KEPT_MAX ((size_t)32 << 20) /* total bytes of the blocks in the table */

typedef struct block {
    void *at; /* NULL: no block */
    size_t bytes;
    bool used;
} block;

static struct {
    pthread_mutex_t lock;
    block block[BLOCKS];
    size_t bytes;
} known = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* A child of fork finds the table unlocked. */
static void lock_table(void)
{
    pthread_mutex_lock(&known.lock);
}

static void unlock_table(void)
{
    pthread_mutex_unlock(&known.lock);
}

/* A kept block of this size, or NULL. */
static void *take(size_t bytes)
{
    void *p = NULL;
    lock_table();
    for (unsigned i = 0; i < BLOCKS && !p; i++) {
        block *b = &known.block[i];
        if (!b->at || b->used || b->bytes != bytes) continue;
        b->used = true;
        p = b->at;
    }
    unlock_table();
    return p;
}

/* Frees one unused block; false if there is none. */
static bool drop_unused(void)
{
    for (unsigned i = 0; i < BLOCKS; i++) {
        block *b = &known.block[i];
        if (!b->at || b->used) continue;
        known.bytes -= b->bytes;
        sodium_free(b->at);
        *b = (block){0};
        return true;
    }
    return false;
}

static block *empty_place(void)
{
    for (unsigned i = 0; i < BLOCKS; i++)
        if (!known.block[i].at) return &known.block[i];
    return NULL;
}

/* Enters a new block in the table, so that bf_secret_free keeps it, if the
 * table has room or unused blocks of other sizes can make room. */
static void remember(void *p, size_t bytes)
{
    block *place;
    static bool told;
    if (bytes > KEPT_MAX / 4) return;
    lock_table();
    if (!told)
        told = pthread_atfork(lock_table, unlock_table, unlock_table) == 0;
    while (!(place = empty_place()) || known.bytes + bytes > KEPT_MAX)
        if (!drop_unused()) break;
    if (place && known.bytes + bytes <= KEPT_MAX) {
        *place = (block){p, bytes, true};
        known.bytes += bytes;
    }
    unlock_table();
}

/* Wipes and keeps a block of the table; false for any other block. */
static bool keep(void *p)
{
    block *found = NULL;
    lock_table();
    for (unsigned i = 0; i < BLOCKS && !found; i++)
        if (known.block[i].at == p) found = &known.block[i];
    unlock_table();
    if (!found) return false;
    sodium_memzero(p, found->bytes); /* the block is still in use here */
    lock_table();
    found->used = false;
    unlock_table();
    return true;
}

void *bf_secret_alloc(size_t bytes)
{
    if (bytes == 0) {
        bf_fail(BF_ERR_ARGUMENT, "allocation of 0 bytes");
        return NULL;
    }
    if (bf_random_init() != BF_OK) return NULL;
    if (bytes > BF_ALLOC_MAX || bf_alloc_injected_failure())
        return bf_out_of_memory(bytes);
    /* sodium_malloc aligns the end of a block to a page, so that a size that is
     * a multiple of BF_ALIGN aligns the start to BF_ALIGN. */
    size_t rounded = (bytes + BF_ALIGN - 1) / BF_ALIGN * BF_ALIGN;
    void *p = take(rounded);
    if (p) return p;
    p = sodium_malloc(rounded);
    if (!p) return bf_out_of_memory(bytes);
    remember(p, rounded);
    return p;
}

void bf_secret_free(void *p)
{
    if (p && !keep(p)) sodium_free(p);
}
