/* Randomness and digests: libsodium only. */
#ifndef BF_BASE_RANDOM_H
#define BF_BASE_RANDOM_H

#include "base/status.h"

#define BF_SEED_BYTES 32
#define BF_HASH_BYTES 32

/* Call before any other function here; idempotent, thread-safe. */
BF_MUST_CHECK bf_status bf_random_init(void);

/* Operating-system randomness; the process ends if there is none. After
 * bf_random_fix_for_tests, a ChaCha20 stream of the fixed seed, in the order of
 * the calls. Thread-safe. */
void bf_random_bytes(void *out, size_t bytes);
bool bf_random_is_fixed(void);

/* Deterministic stream: ChaCha20 under a key derived from `seed`, separated by
 * (domain, index, part): key = BLAKE2b-256 keyed with seed over (domain, 0
 * byte, index, part as 64-bit little endian), nonce 0, 64-bit block counter
 * from 0. Distinct triples give independent streams; the bytes do not depend
 * on how calls divide them. */
typedef struct bf_stream {
    uint8_t key[32];
    uint64_t block; /* next 64-byte block to generate */
    uint8_t buf[1024];
    unsigned used; /* bytes of buf already given out */
} bf_stream;

void bf_stream_init(bf_stream *s, const uint8_t seed[BF_SEED_BYTES],
                    const char *domain, uint64_t index, uint64_t part);
void bf_stream_bytes(bf_stream *s, void *out, size_t bytes);
uint64_t bf_stream_u64(bf_stream *s); /* little endian */
void bf_stream_wipe(bf_stream *s);

/* BLAKE2b-256 of a block, or of the concatenation of several. */
void bf_hash(const void *data, size_t bytes, uint8_t out[BF_HASH_BYTES]);

typedef struct bf_hasher {
    _Alignas(64) uint8_t opaque[384];
} bf_hasher;
void bf_hasher_init(bf_hasher *h);
void bf_hasher_update(bf_hasher *h, const void *data, size_t bytes);
void bf_hasher_final(bf_hasher *h, uint8_t out[BF_HASH_BYTES]); /* wipes h */

#endif
