#include <pthread.h>
#include <stdlib.h>

#include "base/memory.h"

/* An idle block holds the link to the next one in its first bytes. */
typedef struct idle_block {
    struct idle_block *next;
} idle_block;

typedef struct size_class {
    size_t bytes;
    idle_block *idle;
} size_class;

struct bf_pool {
    pthread_mutex_t lock;
    size_class *classes;
    size_t count, capacity;
    size_t out, peak, idle; /* bytes */
};

/* After a phase with other sizes, idle blocks remain that nobody takes. When
 * idle bytes exceed an eighth of the bytes in use, the pool frees them before
 * it allocates a fresh block. */
#define IDLE_MIN ((size_t)128 << 20)

bf_status bf_pool_create(bf_pool **out)
{
    bf_pool *pool = calloc(1, sizeof *pool);
    if (!pool) return bf_fail(BF_ERR_MEMORY, "no memory for a pool");
    int err = pthread_mutex_init(&pool->lock, NULL);
    if (err) {
        free(pool);
        return bf_fail_errno(err, "pool lock");
    }
    *out = pool;
    return BF_OK;
}

static void free_idle(bf_pool *pool)
{
    for (size_t i = 0; i < pool->count; i++) {
        while (pool->classes[i].idle) {
            idle_block *b = pool->classes[i].idle;
            pool->classes[i].idle = b->next;
            bf_free(b);
        }
    }
    pool->idle = 0;
}

void bf_pool_destroy(bf_pool *pool)
{
    if (!pool) return;
    free_idle(pool);
    free(pool->classes);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

/* Sizes in quarter steps between powers of two: a block serves requests up to a
 * fifth smaller, such as ciphertexts of a few limbs less. */
static size_t class_bytes(size_t bytes)
{
    if (bytes < 4096) return bytes;
    unsigned shift = 61 - (unsigned)__builtin_clzl(bytes - 1);
    size_t step = (size_t)1 << shift;
    return (bytes + step - 1) & ~(step - 1);
}

/* The class is created when its first block is taken, so that returning a block
 * cannot fail. NULL when out of memory. */
static size_class *find_class(bf_pool *pool, size_t bytes)
{
    for (size_t i = 0; i < pool->count; i++)
        if (pool->classes[i].bytes == bytes) return &pool->classes[i];
    if (pool->count == pool->capacity) {
        size_t wider = pool->capacity ? 2 * pool->capacity : 16;
        size_class *c = realloc(pool->classes, wider * sizeof *c);
        if (!c) {
            bf_fail(BF_ERR_MEMORY, "no memory for a pool class");
            return NULL;
        }
        pool->classes = c;
        pool->capacity = wider;
    }
    size_class *c = &pool->classes[pool->count++];
    *c = (size_class){.bytes = bytes};
    return c;
}

static size_t room_for_link(size_t bytes)
{
    return bytes && bytes < sizeof(idle_block) ? sizeof(idle_block) : bytes;
}

/* The smallest class with an idle block of at least `bytes` and at most a
 * quarter more. The limit keeps blocks for their own size: a class whose blocks
 * serve other sizes must allocate when its own size is needed again. */
static size_class *find_idle(bf_pool *pool, size_t bytes)
{
    size_class *best = NULL;
    for (size_t i = 0; i < pool->count; i++) {
        size_class *c = &pool->classes[i];
        if (c->idle && c->bytes >= bytes && c->bytes / 5 * 4 <= bytes &&
            (!best || c->bytes < best->bytes))
            best = c;
    }
    return best;
}

/* An idle block of c, or a fresh block; NULL when out of memory. */
static void *take_block(bf_pool *pool, size_class *c)
{
    size_t bytes = c->bytes;
    void *p = c->idle;
    if (p) {
        c->idle = c->idle->next;
        pool->idle -= bytes;
    } else {
        if (pool->idle > IDLE_MIN + pool->out / 8) free_idle(pool);
        p = bf_alloc(room_for_link(bytes));
        if (!p && bytes) {
            free_idle(pool);
            p = bf_alloc(room_for_link(bytes));
        }
    }
    if (p) {
        pool->out += bytes;
        if (pool->out > pool->peak) pool->peak = pool->out;
    }
    return p;
}

void *bf_pool_take(bf_pool *pool, size_t bytes)
{
    pthread_mutex_lock(&pool->lock);
    size_class *c = find_class(pool, class_bytes(bytes));
    void *p = c ? take_block(pool, c) : NULL;
    pthread_mutex_unlock(&pool->lock);
    return p;
}

void *bf_pool_take_any(bf_pool *pool, size_t bytes, size_t *capacity)
{
    bytes = class_bytes(bytes);
    pthread_mutex_lock(&pool->lock);
    size_class *c = find_idle(pool, bytes);
    if (!c) c = find_class(pool, bytes);
    void *p = c ? take_block(pool, c) : NULL;
    *capacity = p ? c->bytes : 0;
    pthread_mutex_unlock(&pool->lock);
    return p;
}

void bf_pool_give(bf_pool *pool, void *p, size_t bytes)
{
    if (!p) return;
    bytes = class_bytes(bytes);
    pthread_mutex_lock(&pool->lock);
    size_class *c = find_class(pool, bytes);
    if (c) {
        idle_block *b = p;
        b->next = c->idle;
        c->idle = b;
        pool->idle += bytes;
    } else {
        bf_free(p);
    }
    pool->out -= bytes < pool->out ? bytes : pool->out;
    pthread_mutex_unlock(&pool->lock);
}

void bf_pool_trim(bf_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    free_idle(pool);
    pthread_mutex_unlock(&pool->lock);
}

size_t bf_pool_peak(const bf_pool *pool)
{
    bf_pool *p = (bf_pool *)pool; /* the lock is not part of the pool's value */
    pthread_mutex_lock(&p->lock);
    size_t peak = p->peak;
    pthread_mutex_unlock(&p->lock);
    return peak;
}
