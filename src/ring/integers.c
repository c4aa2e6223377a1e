/* Residues from integers and from random streams. */
#include "base/bytes.h"
#include "ring/ring.h"
#include "ring/wide.h"

#include <math.h>

/* Exact for any integer-valued double. two52 = 2^52 mod p. */
static double residue(double a, uint64_t p, uint64_t two52)
{
    if (fabs(a) < 0x1p104) {
        const double hi = rint(a * 0x1p-52), lo = a - hi * 0x1p52;
        const uint64_t h = bf_mod_mul(bf_uncentre(hi, p), two52, p);
        return bf_centre((h + bf_uncentre(lo, p)) % p, p);
    }
    int e;
    const uint64_t m = bf_uncentre(ldexp(frexp(a, &e), 53), p);
    const uint64_t shift = bf_mod_pow(2, (uint64_t)(e - 53), p);
    return bf_centre(bf_mod_mul(m, shift, p), p);
}

void bf_limb_from_double(const bf_ring *r, unsigned m, double *o,
                         const double *a)
{
    const uint64_t p = r->mod[m].value;
    double largest = 0;
    for (size_t i = 0; i < r->n; i++) {
        largest = fmax(largest, fabs(a[i]));
        o[i] = a[i] + 0.0; /* -0 becomes 0 */
    }
    if (largest < 0x1p52) {
        bf_limb_reduce(r, m, o, o);
        return;
    }
    const uint64_t two52 = (1ULL << 52) % p;
    for (size_t i = 0; i < r->n; i++) o[i] = residue(o[i], p, two52);
}

void bf_limb_from_i8(const bf_ring *r, unsigned m, double *o, const int8_t *a)
{
    (void)m; /* every prime exceeds 2^8 */
    for (size_t i = 0; i < r->n; i++) o[i] = a[i];
}

void bf_limb_uniform(const bf_ring *r, unsigned m, double *o, bf_stream *s)
{
    const uint64_t p = r->mod[m].value;
    const uint64_t ratio = UINT64_MAX / p; /* floor(2^64/p): p is odd */
    const uint64_t limit = ratio * p;
    uint8_t bytes[1024];
    for (size_t i = 0; i < r->n;) {
        const size_t words =
            r->n - i < sizeof bytes / 8 ? r->n - i : sizeof bytes / 8;
        bf_stream_bytes(s, bytes, 8 * words);
        for (size_t w = 0; w < words; w++) {
            const uint64_t x = bf_get_u64(bytes + 8 * w);
            if (x >= limit) continue;
            /* The quotient is at most one too small. Masks, not branches: they
             * would be taken at random. */
            const uint64_t q = (uint64_t)((bf_u128)x * ratio >> 64);
            uint64_t rest = x - q * p;
            rest -= p & (0 - (uint64_t)(rest >= p));
            rest -= p & (0 - (uint64_t)(rest > p / 2));
            o[i++] = (double)(int64_t)rest;
        }
    }
    bf_wipe(bytes, sizeof bytes);
}
