/* Parameters for bootstrapping, from a request of slots, depth and precision.
 *
 * A slot is the sum of N coefficients times roots of unity. Let e be the rms
 * error of the 2n coefficients that hold the message. The mean square of a
 * slot's error is at most 2n e^2 max(1, N/4n): EvalMod also rounds the other
 * coefficients, which adds at most (N/2n - 2)/2 times its part of e^2
 * (bootstrap.c). The largest of many slots stays below 20 standard deviations
 * (parameters.c). The sine's error, the bend, can be larger: the only
 * coefficient of a constant vector takes the bend of the largest coefficient,
 * and passes it whole to every slot. So p bits behind the binary point require
 *   20 sqrt(2n max(1, N/4n)) e <= 3/4 2^-p,  bend(largest) <= 1/4 2^-p.
 * The bend determines how far q_0 exceeds the largest coefficient, with the
 * arcsine (two primes more) or without.
 *
 * The mean square of the slots is the sum of the squares of 2n coefficients, so
 * that a typical coefficient is at most largest/sqrt(2n). */
#include <math.h>

#include "api/api.h"
#include "ckks/sample.h"

#define TAIL 20.0
#define PRECISION 10
#define LOG_N_MIN 15 /* of sparse secrets */
#define LOG_N_MAX 17
#define PRIME_BITS_MIN 30
#define RATIO_MIN 5.0 /* as bf_boot_request has it */

typedef struct asked {
    unsigned log_slots, limbs, precision;
    double largest, bound;
    bool few_keys;
} asked;

static bf_status read_request(asked *a, const bf_bootstrap_request *r)
{
    *a = (asked){.limbs = (r->depth ? r->depth : 1) + 1,
                 .precision = r->precision ? r->precision : PRECISION,
                 .largest = r->largest != 0 ? r->largest : 1,
                 .few_keys = r->few_keys};
    a->bound =
        r->largest_coefficient != 0 ? r->largest_coefficient : a->largest;
    if (r->slots < 1 || r->slots > (size_t)1 << (LOG_N_MAX - 1))
        return bf_fail(BF_ERR_ARGUMENT,
                       "bootstrapping: vectors of %zu values: 1 to %d",
                       r->slots, 1 << (LOG_N_MAX - 1));
    if (r->depth >= BF_MAX_Q || r->precision > 40)
        return bf_fail(BF_ERR_ARGUMENT, "bootstrapping: a depth of %u, %u bits",
                       r->depth, r->precision);
    if (!(a->largest > 0) || !isfinite(a->largest) || !(a->bound > 0) ||
        a->bound > a->largest)
        return bf_fail(BF_ERR_ARGUMENT,
                       "bootstrapping: values up to %g, coefficients up to %g",
                       r->largest, r->largest_coefficient);
    a->log_slots = 1;
    while ((size_t)1 << a->log_slots < r->slots) a->log_slots++;
    return BF_OK;
}

/* log2(q_0/(scale bound)) for which the bend is a quarter of the error allowed.
 */
static double ratio_of(const asked *a, bool arcsine)
{
    double ratio = RATIO_MIN, most = exp2(-(double)a->precision) / 4;
    while (bf_boot_bend(arcsine, a->bound, a->bound * exp2(ratio)) > most)
        ratio += 0.125;
    return ratio;
}

/* log2 of the scale at which encryption leaves the precision right, as
 * parameters.c derives it. */
static double scale_bits(const asked *a, unsigned log_n)
{
    double n = exp2(log_n);
    double noise = TAIL * BF_NOISE_SD * sqrt(n) * sqrt(1 + 4 * n / 3);
    return fmax(PRIME_BITS_MIN, ceil(log2(noise) + a->precision));
}

static bf_status make(bf_boot_params *p, const asked *a, unsigned log_n,
                      bool arcsine)
{
    double coefficients = exp2(a->log_slots + 1);
    double ratio = ratio_of(a, arcsine), bits = scale_bits(a, log_n);
    double error = exp2(-(double)a->precision) * 3 / 4 /
                   (TAIL * sqrt(fmax(coefficients, exp2(log_n - 1))));
    bf_boot_request request = {
        .log_n = log_n,
        .log_slots = a->log_slots,
        .limbs = a->limbs,
        .q0_bits = bits + ratio + log2(a->bound),
        .limb_bits = bits,
        .bound = a->bound,
        .typical = fmin(a->bound, a->largest / sqrt(coefficients)),
        .ratio = ratio,
        .scale = exp2(bits),
        .precision = fmax(4, log2(a->bound / error)),
        .arcsine = arcsine,
        .few_keys = a->few_keys};
    if (request.q0_bits < PRIME_BITS_MIN)
        return bf_fail(BF_ERR_RANGE,
                       "bootstrapping: coefficients of at most "
                       "%g at a scale of 2^%g",
                       a->bound, bits);
    return bf_boot_params_make(p, &request);
}

/* Takes the first ring that meets the request; in each ring tries without the
 * arcsine first. */
bf_status bf_ckks_create_bootstrap(bf_ckks **out, const bf_bootstrap_request *r)
{
    asked a;
    bf_status status = BF_ERR_RANGE;
    BF_TRY(read_request(&a, r));
    for (unsigned log_n = LOG_N_MIN; log_n <= LOG_N_MAX; log_n++)
        for (int arcsine = 0; arcsine < 2; arcsine++) {
            bf_api_boot boot = {.largest = a.largest};
            if (a.log_slots >= log_n) continue;
            status = make(&boot.p, &a, log_n, arcsine);
            if (status == BF_OK) return bf_api_adopt(out, &boot.p.ring, &boot);
        }
    return bf_fail_in(BF_ERR_ARGUMENT,
                      "parameters: no ring refreshes %zu values up to %g to "
                      "%u bits and a depth of %u",
                      r->slots, a.largest, a.precision, a.limbs - 1);
}
