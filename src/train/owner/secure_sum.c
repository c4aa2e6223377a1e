#include "train/owner/secure_sum.h"

#include <math.h>
#include <sodium.h>

#include "base/bytes.h"
#include "base/memory.h"

_Static_assert(BF_X25519_BYTES == crypto_scalarmult_BYTES &&
                   BF_X25519_BYTES == crypto_scalarmult_SCALARBYTES,
               "keys of X25519");

/* A multiple of both widths, 8 and 16. */
#define MASK_BYTES 4096

/* A mask in the making, in secret memory. */
typedef struct work {
    bf_hasher hash;
    bf_stream stream;
    uint8_t shared[BF_X25519_BYTES];
    uint8_t key[BF_HASH_BYTES];
    uint8_t mask[MASK_BYTES];
} work;

/* to += from, or to -= from as to + ~from + 1, without a branch. */
static void add(uint8_t *to, const uint8_t *from, size_t count, unsigned width,
                bool subtract)
{
    uint64_t flip = 0 - (uint64_t)subtract;
    for (size_t i = 0; i < count; i++) {
        uint64_t carry = subtract;
        for (unsigned b = 0; b < width; b += 8, to += 8, from += 8) {
            bf_u128 sum = (bf_u128)bf_get_u64(to) + carry;
            sum += bf_get_u64(from) ^ flip;
            bf_put_u64(to, (uint64_t)sum);
            carry = (uint64_t)(sum >> 64);
        }
    }
}

void bf_sum_add(uint8_t *sum, const uint8_t *vector, size_t count,
                unsigned width)
{
    add(sum, vector, count, width, false);
}

static bf_status pair_key(work *w, const bf_sum_owner *own, unsigned other,
                          const char *name)
{
    unsigned low = own->number < other ? own->number : other;
    unsigned high = own->number < other ? other : own->number;
    const uint8_t numbers[2] = {(uint8_t)low, (uint8_t)high};
    static const char domain[] = "blindfit-sum";
    if (crypto_scalarmult(w->shared, own->secret, own->publics[other]) != 0)
        return bf_fail(BF_ERR_FORMAT,
                       "the public key of owner %u is of small order", other);
    bf_hasher_init(&w->hash);
    bf_hasher_update(&w->hash, domain, sizeof domain);
    bf_hasher_update(&w->hash, w->shared, sizeof w->shared);
    bf_hasher_update(&w->hash, numbers, sizeof numbers);
    bf_hasher_update(&w->hash, own->publics[low], BF_X25519_BYTES);
    bf_hasher_update(&w->hash, own->publics[high], BF_X25519_BYTES);
    bf_hasher_update(&w->hash, own->session, BF_HASH_BYTES);
    bf_hasher_update(&w->hash, name, strlen(name));
    bf_hasher_final(&w->hash, w->key);
    return BF_OK;
}

static void add_stream(work *w, uint8_t *vector, size_t count, unsigned width,
                       bool subtract)
{
    bf_stream_init(&w->stream, w->key, "blindfit-sum", 0, 0);
    for (size_t most = MASK_BYTES / width; count > 0;) {
        size_t now = count < most ? count : most;
        bf_stream_bytes(&w->stream, w->mask, now * width);
        add(vector, w->mask, now, width, subtract);
        vector += now * width;
        count -= now;
    }
}

static bf_status check(const bf_sum_owner *own)
{
    uint8_t public[BF_X25519_BYTES];
    if (own->owners < 2 || own->owners > BF_OWNERS_MAX ||
        own->number >= own->owners)
        return bf_fail(BF_ERR_ARGUMENT, "owner %u of %u: a sum is of 2 to %d",
                       own->number, own->owners, BF_OWNERS_MAX);
    BF_TRY(bf_random_init());
    crypto_scalarmult_base(public, own->secret);
    if (sodium_memcmp(public, own->publics[own->number], sizeof public) != 0)
        return bf_fail(BF_ERR_MISMATCH,
                       "the secret is not that of owner %u's public key",
                       own->number);
    return BF_OK;
}

static bf_status mask(work *w, uint8_t *vector, size_t count, unsigned width,
                      const bf_sum_owner *own, const char *name)
{
    BF_TRY(check(own));
    for (unsigned other = 0; other < own->owners; other++) {
        if (other == own->number) continue;
        BF_TRY(pair_key(w, own, other, name));
        add_stream(w, vector, count, width, other < own->number);
    }
    return BF_OK;
}

bf_status bf_sum_mask(uint8_t *vector, size_t count, unsigned width,
                      const bf_sum_owner *own, const char *name)
{
    work *w = bf_secret_alloc(sizeof *w);
    bf_status status =
        w ? mask(w, vector, count, width, own, name) : BF_ERR_MEMORY;
    if (status != BF_OK) bf_wipe(vector, count * width);
    bf_secret_free(w);
    bf_wipe_stack();
    return status;
}

bf_status bf_sum_pair_key(uint8_t key[BF_HASH_BYTES], const bf_sum_owner *own,
                          unsigned other, const char *name)
{
    work *w = bf_secret_alloc(sizeof *w);
    if (!w) return BF_ERR_MEMORY;
    bf_status status = check(own);
    if (status == BF_OK) status = pair_key(w, own, other, name);
    if (status == BF_OK) memcpy(key, w->key, sizeof w->key);
    bf_secret_free(w);
    bf_wipe_stack();
    return status;
}

/* v in units of 2^-64. The rest that v leaves above the nearest multiple of 1/2
 * is an exact difference of doubles, of magnitude at most 1/4. As 1/2 is an
 * even number of units, rounding the rest to even rounds v to even. Both parts
 * fit in int64_t, as |v| < 2^62. No branch depends on v; a conversion to
 * uint64_t would have one. */
static bf_u128 units_of(double v)
{
    int64_t halves = llrint(2 * v);
    int64_t rest = llrint((v - 0.5 * (double)halves) * 0x1p64);
    return ((bf_u128)halves << 63) + (bf_u128)rest;
}

void bf_sum_add_number(uint8_t *number, double v, unsigned width)
{
    bf_u128 sum = width == 8 ? (bf_u128)llrint(v * 0x1p40) : units_of(v);
    sum += bf_get_u64(number);
    bf_put_u64(number, (uint64_t)sum);
    if (width == 8) return;
    bf_put_u64(number + 8, bf_get_u64(number + 8) + (uint64_t)(sum >> 64));
}

bool bf_sum_magnitude(bf_u128 *units, const uint8_t *number)
{
    bf_u128 v = (bf_u128)bf_get_u64(number + 8) << 64 | bf_get_u64(number);
    bool negative = v >> 127;
    *units = negative ? 0 - v : v;
    return negative;
}

double bf_sum_number(const uint8_t *number, unsigned width)
{
    if (width == 8) return ldexp((double)(int64_t)bf_get_u64(number), -40);
    bf_u128 units;
    bool negative = bf_sum_magnitude(&units, number);
    double size = ldexp((double)units, -64);
    return negative ? -size : size;
}
