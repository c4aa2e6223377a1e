#include "ckks/sample.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"

#define CHUNK 512 /* samples, or keys, expanded at a time */
#define SPARSE_N_MAX ((size_t)1 << 24)

__extension__ typedef unsigned __int128 u128;

static void fresh_stream(bf_stream *s, const char *domain)
{
    uint8_t seed[BF_SEED_BYTES];
    bf_random_bytes(seed, sizeof seed);
    bf_stream_init(s, seed, domain, 0, 0);
    bf_wipe(seed, sizeof seed);
}

/* Counts of ones in the two halves of x, each below 2^21, left in its halves.
 * Written out, as a compiler's popcount may use a table (an index by a secret).
 */
static inline uint64_t halves_popcount(uint64_t x)
{
    x -= (x >> 1) & UINT64_C(0x5555555555555555);
    x = (x & UINT64_C(0x3333333333333333)) +
        ((x >> 2) & UINT64_C(0x3333333333333333));
    x = (x + (x >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    x += x >> 8;
    x += x >> 16;
    return x & UINT64_C(0x0000001f0000001f);
}

void bf_sample_noise(int8_t *out, size_t n)
{
    const uint64_t mask = (UINT64_C(1) << 21) - 1;
    bf_stream s;
    uint64_t words[CHUNK];
    fresh_stream(&s, "blindfit-noise");
    for (size_t done = 0; done < n; done += CHUNK) {
        size_t count = n - done < CHUNK ? n - done : CHUNK;
        bf_stream_bytes(&s, words, count * sizeof *words);
        for (size_t i = 0; i < count; i++) {
            uint64_t w = words[i];
            uint64_t c = halves_popcount((w & mask) | (w >> 32 & mask) << 32);
            out[done + i] = (int8_t)((int)(c & 31) - (int)(c >> 32));
        }
    }
    bf_wipe(words, sizeof words);
    bf_stream_wipe(&s);
}

static inline uint64_t popcount(uint64_t x)
{
    x -= (x >> 1) & UINT64_C(0x5555555555555555);
    x = (x & UINT64_C(0x3333333333333333)) +
        ((x >> 2) & UINT64_C(0x3333333333333333));
    x = (x + (x >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (x * UINT64_C(0x0101010101010101)) >> 56;
}

enum { NORMAL_LEVELS = 24, NORMAL_WORDS = 16 /* bits of a binomial: 1024 */ };

void bf_sample_normal(double *out, size_t n, double sd)
{
    /* Variance 1024/4 (16^0 + ... + 16^23); the sum is below 512 * 4^24 / 3. */
    const double scale = sd / sqrt(256 * (0x1p96 - 1) / 15);
    const double round = 0x1.8p52; /* to an integer, in this mode to nearest */
    uint64_t words[NORMAL_LEVELS * NORMAL_WORDS];
    bf_stream s;
    fresh_stream(&s, "blindfit-normal");
    for (size_t i = 0; i < n; i++) {
        int64_t sum = 0;
        bf_stream_bytes(&s, words, sizeof words);
        for (unsigned j = 0; j < NORMAL_LEVELS * NORMAL_WORDS; j++) {
            if (j % NORMAL_WORDS == 0) sum = 4 * sum - 32 * NORMAL_WORDS;
            sum += (int64_t)popcount(words[j]);
        }
        out[i] = (double)sum * scale + round - round;
    }
    bf_wipe(words, sizeof words);
    bf_stream_wipe(&s);
}

/* The next base-3 digit of the fraction x/2^128; x becomes what remains. */
static inline unsigned next_trit(uint64_t x[2])
{
    u128 low = (u128)x[0] * 3;
    u128 high = (u128)x[1] * 3 + (uint64_t)(low >> 64);
    x[0] = (uint64_t)low;
    x[1] = (uint64_t)high;
    return (unsigned)(high >> 64);
}

void bf_stream_ternary(bf_stream *s, int8_t *out, size_t n)
{
    uint64_t x[2];
    for (size_t done = 0; done < n; done += 16) {
        size_t count = n - done < 16 ? n - done : 16;
        bf_stream_bytes(s, x, sizeof x);
        for (size_t i = 0; i < count; i++)
            out[done + i] = (int8_t)((int)next_trit(x) - 1);
    }
    bf_wipe(x, sizeof x);
}

void bf_sample_ternary(int8_t *out, size_t n)
{
    bf_stream s;
    fresh_stream(&s, "blindfit-ternary");
    bf_stream_ternary(&s, out, n);
    bf_stream_wipe(&s);
}

/* Keys are below 2^63: the sign of their difference is that of the order. */
static inline void order_pair(uint64_t *a, uint64_t *b)
{
    uint64_t swap = (*a ^ *b) & (0 - ((*b - *a) >> 63));
    *a ^= swap;
    *b ^= swap;
}

/* Merge exchange ([Knuth3] 5.2.2, algorithm M): sorts any n by comparisons
 * whose places depend on n alone. */
static void sort_network(uint64_t *key, size_t n)
{
    size_t top = 1;
    while (top < n - top) top *= 2;
    for (size_t p = top; p > 0; p /= 2) {
        size_t q = top, r = 0, d = p;
        for (;;) {
            for (size_t i = 0; i + d < n; i++) {
                if ((i & p) == r) order_pair(&key[i], &key[i + d]);
            }
            if (q == p) break;
            d = q - p;
            q /= 2;
            r = p;
        }
    }
}

/* Sorted keys: 1 if two neighbours agree above the two payload bits. */
static uint64_t any_equal(const uint64_t *key, size_t n)
{
    uint64_t found = 0;
    for (size_t i = 0; i + 1 < n; i++) {
        uint64_t d = (key[i] ^ key[i + 1]) >> 2;
        found |= (d - 1) >> 63;
    }
    return found;
}

/* Draws n keys of 61 random bits above a two-bit payload: 0 for a zero, 1 or 2
 * for a sign; the first `weight` have signs. */
static void draw_keys(uint64_t *key, size_t n, unsigned weight, bf_stream *s)
{
    bf_stream_bytes(s, key, n * sizeof *key);
    for (size_t i = 0; i < n; i++) {
        uint64_t payload = i < weight ? 1 + (key[i] & 1) : 0;
        key[i] = (key[i] >> 3) << 2 | payload;
    }
}

bf_status bf_sample_sparse_ternary(int8_t *out, size_t n, unsigned weight)
{
    if (weight > n || n > SPARSE_N_MAX)
        return bf_fail(BF_ERR_ARGUMENT, "%u nonzero of %zu coefficients",
                       weight, n);
    if (n == 0) return BF_OK;
    uint64_t *key = bf_secret_alloc(n * sizeof *key);
    if (!key) return BF_ERR_MEMORY;
    bf_stream s;
    fresh_stream(&s, "blindfit-sparse");
    /* A repetition reveals only that the discarded draw had equal keys. */
    do {
        draw_keys(key, n, weight, &s);
        sort_network(key, n);
    } while (any_equal(key, n));
    for (size_t i = 0; i < n; i++)
        out[i] = (int8_t)((int)(key[i] & 1) - (int)(key[i] >> 1 & 1));
    bf_stream_wipe(&s);
    bf_secret_free(key);
    return BF_OK;
}
