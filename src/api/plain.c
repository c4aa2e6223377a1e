/* Plaintexts: encoding and decoding, in memory that is wiped. */
#include <math.h>
#include <string.h>

#include "api/api.h"

/* The least power of two that is at least count; 0 unless 1 <= count <= slots.
 */
static size_t block_of(const bf_ckks *c, size_t count)
{
    size_t block = 1, slots = bf_ckks_slots(c);
    if (count < 1 || count > slots) return 0;
    while (block < count) block *= 2;
    return block;
}

static bf_status check_count(size_t count, size_t most, const char *what)
{
    if (count < 1 || count > most)
        return bf_fail(BF_ERR_ARGUMENT, "%s: %zu values: must be 1 to %zu",
                       what, count, most);
    return BF_OK;
}

static bf_status check_value(const bf_ckks *c, double magnitude, size_t i)
{
    if (magnitude <= c->largest) return BF_OK;
    return bf_fail(BF_ERR_RANGE,
                   "encoding: value %zu is %s %g, the largest of "
                   "these parameters",
                   i,
                   isnan(magnitude) ? "not a number, and not up to" : "above",
                   c->largest);
}

bf_status bf_api_encode(bf_pt *out, const bf_ckks *c, const double *values,
                        size_t count, double scale, unsigned limbs)
{
    BF_TRY(check_count(count, bf_ckks_slots(c), "encoding"));
    for (size_t i = 0; i < count; i++)
        BF_TRY(check_value(c, fabs(values[i]), i));
    size_t block = block_of(c, count);
    double *padded = bf_secret_alloc(block * sizeof *padded);
    if (!padded) return BF_ERR_MEMORY;
    memcpy(padded, values, count * sizeof *padded);
    memset(padded + count, 0, (block - count) * sizeof *padded);
    out->secret = true;
    bf_status status = bf_encode_real(out, c->ctx, padded, block, scale, limbs);
    out->bound = c->largest;
    bf_secret_free(padded);
    return status;
}

bf_status bf_api_encode_top(bf_pt *out, const bf_ckks *c, const double *values,
                            size_t count)
{
    return bf_api_encode(out, c, values, count, c->scale[c->top], c->top);
}

bf_status bf_api_put_plain(bf_plain **out, const bf_ckks *c, bf_pt *pt)
{
    bf_plain *made = bf_alloc_zero(sizeof *made);
    if (!made) {
        bf_pt_clear(pt);
        return BF_ERR_MEMORY;
    }
    *made = (bf_plain){.ckks = c, .pt = *pt};
    *pt = (bf_pt){0};
    bf_plain_destroy(*out);
    *out = made;
    return BF_OK;
}

static bf_status finish(bf_plain **out, const bf_ckks *c, bf_pt *pt,
                        bf_status status)
{
    if (status == BF_OK) return bf_api_put_plain(out, c, pt);
    bf_pt_clear(pt);
    return status;
}

bf_status bf_plain_encode(bf_plain **out, const bf_ckks *c,
                          const double *values, size_t count)
{
    bf_pt pt = {0};
    return finish(out, c, &pt, bf_api_encode_top(&pt, c, values, count));
}

bf_status bf_plain_encode_at(bf_plain **out, const bf_ckks *c,
                             const bf_complex *values, size_t count,
                             double scale, unsigned level)
{
    bf_pt pt = {.secret = true};
    BF_TRY(bf_api_check_level(c, level, "encoding"));
    BF_TRY(check_count(count, bf_ckks_slots(c), "encoding"));
    for (size_t i = 0; i < count; i++)
        BF_TRY(check_value(c, cabs(values[i]), i));
    size_t block = block_of(c, count);
    double complex *padded = bf_secret_alloc(block * sizeof *padded);
    if (!padded) return BF_ERR_MEMORY;
    memcpy(padded, values, count * sizeof *padded);
    memset(padded + count, 0, (block - count) * sizeof *padded);
    bf_status status = bf_encode_slots(&pt, c->ctx, padded, block, scale,
                                       bf_api_limbs(c, level));
    pt.bound = c->largest;
    bf_secret_free(padded);
    return finish(out, c, &pt, status);
}

bf_status bf_plain_encode_coeffs(bf_plain **out, const bf_ckks *c,
                                 const double *coeffs, size_t count,
                                 double scale, unsigned level)
{
    bf_pt pt = {.secret = true};
    BF_TRY(bf_api_check_level(c, level, "encoding"));
    BF_TRY(check_count(count, 2 * bf_ckks_slots(c), "encoding"));
    bf_status status = bf_encode_coeffs(&pt, c->ctx, coeffs, count, scale,
                                        bf_api_limbs(c, level));
    if (status == BF_OK && !(pt.bound <= c->largest))
        status = bf_fail(BF_ERR_RANGE,
                         "encoding: coefficients with a slot above %g, the "
                         "largest of these parameters",
                         c->largest);
    pt.bound = c->largest;
    return finish(out, c, &pt, status);
}

static bf_status decode(double complex *slots, double *values,
                        double complex *complexes, size_t count,
                        const bf_pt *pt)
{
    BF_TRY(bf_decode_slots(slots, pt));
    for (size_t j = 0; j < count && values; j++) values[j] = creal(slots[j]);
    if (complexes) memcpy(complexes, slots, count * sizeof *slots);
    return BF_OK;
}

/* Decodes into values or complex values, the other being NULL. Slots pass
 * through memory that is wiped. */
static bf_status decode_slots(double *values, double complex *complexes,
                              size_t count, const bf_pt *pt)
{
    size_t slots = (size_t)1 << (bf_context_params(pt->ctx)->log_n - 1);
    BF_TRY(check_count(count, slots, "decoding"));
    double complex *all = bf_secret_alloc(slots * sizeof *all);
    if (!all) return BF_ERR_MEMORY;
    bf_status status = decode(all, values, complexes, count, pt);
    bf_secret_free(all);
    return status;
}

bf_status bf_api_decode(double *values, size_t count, const bf_pt *pt)
{
    return decode_slots(values, NULL, count, pt);
}

bf_status bf_plain_decode(double *values, size_t count, const bf_plain *plain)
{
    return decode_slots(values, NULL, count, &plain->pt);
}

bf_status bf_plain_decode_complex(bf_complex *values, size_t count,
                                  const bf_plain *plain)
{
    return decode_slots(NULL, values, count, &plain->pt);
}

bf_status bf_plain_decode_coeffs(double *coeffs, size_t count,
                                 const bf_plain *plain)
{
    size_t n = 2 * bf_ckks_slots(plain->ckks);
    BF_TRY(check_count(count, n, "decoding"));
    double *all = bf_secret_alloc(n * sizeof *all);
    if (!all) return BF_ERR_MEMORY;
    bf_status status = bf_decode_coeffs(all, &plain->pt);
    if (status == BF_OK) memcpy(coeffs, all, count * sizeof *coeffs);
    bf_secret_free(all);
    return status;
}

void bf_plain_destroy(bf_plain *plain)
{
    if (!plain) return;
    bf_pt_clear(&plain->pt);
    bf_free(plain);
}
