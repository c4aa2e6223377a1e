#include "base/random.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>

#include "base/bytes.h"

_Static_assert(sizeof(crypto_generichash_state) <= sizeof(bf_hasher),
               "bf_hasher holds libsodium's state");

static pthread_mutex_t fixed_lock = PTHREAD_MUTEX_INITIALIZER;
static bf_stream fixed_stream;
static atomic_bool fixed;

bf_status bf_random_init(void)
{
    if (sodium_init() < 0)
        return bf_fail(BF_ERR_INTERNAL, "libsodium did not initialise");
    return BF_OK;
}

void bf_random_bytes(void *out, size_t bytes)
{
    if (!fixed) {
        randombytes_buf(out, bytes);
        return;
    }
    pthread_mutex_lock(&fixed_lock);
    bf_stream_bytes(&fixed_stream, out, bytes);
    pthread_mutex_unlock(&fixed_lock);
}

void bf_random_fix_for_tests(uint64_t seed)
{
    uint8_t wide[BF_SEED_BYTES] = {0};
    bf_put_u64(wide, seed);
    pthread_mutex_lock(&fixed_lock);
    bf_stream_init(&fixed_stream, wide, "blindfit-fixed", 0, 0);
    fixed = true;
    pthread_mutex_unlock(&fixed_lock);
}

bool bf_random_is_fixed(void)
{
    return fixed;
}

void bf_stream_init(bf_stream *s, const uint8_t seed[BF_SEED_BYTES],
                    const char *domain, uint64_t index, uint64_t part)
{
    crypto_generichash_state h;
    uint8_t numbers[16];
    bf_put_u64(numbers, index);
    bf_put_u64(numbers + 8, part);
    crypto_generichash_init(&h, seed, BF_SEED_BYTES, sizeof s->key);
    /* The domain's terminating 0 keeps it apart from the numbers. */
    crypto_generichash_update(&h, (const uint8_t *)domain, strlen(domain) + 1);
    crypto_generichash_update(&h, numbers, sizeof numbers);
    crypto_generichash_final(&h, s->key, sizeof s->key);
    sodium_memzero(&h, sizeof h);
    s->block = 0;
    s->used = sizeof s->buf;
}

static void generate(bf_stream *s, uint8_t *out, size_t blocks)
{
    static const uint8_t nonce[crypto_stream_chacha20_NONCEBYTES];
    size_t bytes = 64 * blocks;
    memset(out, 0, bytes);
    crypto_stream_chacha20_xor_ic(out, out, bytes, nonce, s->block, s->key);
    s->block += blocks;
}

void bf_stream_bytes(bf_stream *s, void *out, size_t bytes)
{
    uint8_t *o = out;
    while (bytes > 0) {
        if (s->used == sizeof s->buf && bytes >= sizeof s->buf) {
            size_t blocks = bytes / 64;
            generate(s, o, blocks);
            o += 64 * blocks;
            bytes -= 64 * blocks;
            continue;
        }
        if (s->used == sizeof s->buf) {
            generate(s, s->buf, sizeof s->buf / 64);
            s->used = 0;
        }
        size_t take = sizeof s->buf - s->used;
        if (take > bytes) take = bytes;
        memcpy(o, s->buf + s->used, take);
        s->used += (unsigned)take;
        o += take;
        bytes -= take;
    }
}

uint64_t bf_stream_u64(bf_stream *s)
{
    uint8_t b[8];
    bf_stream_bytes(s, b, sizeof b);
    uint64_t v = 0;
    for (unsigned i = 0; i < 8; i++) v |= (uint64_t)b[i] << 8 * i;
    return v;
}

void bf_stream_wipe(bf_stream *s)
{
    sodium_memzero(s, sizeof *s);
}

void bf_hash(const void *data, size_t bytes, uint8_t out[BF_HASH_BYTES])
{
    crypto_generichash(out, BF_HASH_BYTES, data, bytes, NULL, 0);
}

void bf_hasher_init(bf_hasher *h)
{
    crypto_generichash_init((crypto_generichash_state *)h->opaque, NULL, 0,
                            BF_HASH_BYTES);
}

void bf_hasher_update(bf_hasher *h, const void *data, size_t bytes)
{
    crypto_generichash_update((crypto_generichash_state *)h->opaque, data,
                              bytes);
}

void bf_hasher_final(bf_hasher *h, uint8_t out[BF_HASH_BYTES])
{
    crypto_generichash_final((crypto_generichash_state *)h->opaque, out,
                             BF_HASH_BYTES);
    sodium_memzero(h, sizeof *h);
}
