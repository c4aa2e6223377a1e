/* Randomness: libsodium only. */
#ifndef BF_BASE_RANDOM_H
#define BF_BASE_RANDOM_H

#include "base/status.h"

#define BF_SEED_BYTES 32
#define BF_HASH_BYTES 32

/* Call before any other function here; idempotent. */
BF_MUST_CHECK bf_status bf_random_init(void);

/* Operating-system randomness. Under bf_random_fix_for_tests, a ChaCha20
 * stream of the fixed seed instead. */
void bf_random_bytes(void *out, size_t bytes);
void bf_random_fix_for_tests(uint64_t seed);
bool bf_random_is_fixed(void);

/* Deterministic stream: ChaCha20 under `seed`, separated by (domain, index,
 * part). Distinct triples give independent streams. */
typedef struct bf_stream {
    uint8_t key[32];
    uint64_t block;
    uint8_t buf[1024];
    unsigned used;
} bf_stream;

void bf_stream_init(bf_stream *s, const uint8_t seed[BF_SEED_BYTES],
                    const char *domain, uint64_t index, uint64_t part);
void bf_stream_bytes(bf_stream *s, void *out, size_t bytes);
uint64_t bf_stream_u64(bf_stream *s);
void bf_stream_wipe(bf_stream *s);

/* BLAKE2b-256 of the concatenation; incremental form is in file.h. */
void bf_hash(const void *data, size_t bytes, uint8_t out[BF_HASH_BYTES]);

#endif
