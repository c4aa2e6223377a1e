#include "ckks/ckks.h"

#include <math.h>

static bf_status pick_prime(uint64_t *out, unsigned log_n, unsigned bits,
                            const uint64_t *used, unsigned count)
{
    if (bits < BF_PRIME_BITS_MIN || bits > BF_PRIME_BITS_MAX)
        return bf_fail(BF_ERR_ARGUMENT,
                       "a prime of %u bits: must be %d to %d bits", bits,
                       BF_PRIME_BITS_MIN, BF_PRIME_BITS_MAX);
    *out = bf_prime_near(bits, log_n, used, count);
    if (!*out)
        return bf_fail(BF_ERR_ARGUMENT, "no prime of %u bits is left for "
                       "N = 2^%u", bits, log_n);
    return BF_OK;
}

/* Among primes of the same requested bit length the larger primes become
 * special: P then exceeds a digit of the same bit lengths. */
static void larger_to_special(bf_params *p, const unsigned *q_bits,
                              const unsigned *p_bits)
{
    for (unsigned i = 0; i < p->n_p; i++) {
        for (unsigned j = 0; j < p->n_q; j++) {
            if (q_bits[j] == p_bits[i] && p->q[j] > p->p[i]) {
                uint64_t t = p->q[j];
                p->q[j] = p->p[i];
                p->p[i] = t;
            }
        }
    }
}

bf_status bf_params_make(bf_params *out, unsigned log_n, const unsigned *q_bits,
                         unsigned n_q, const unsigned *p_bits, unsigned n_p,
                         unsigned digit_limbs)
{
    if (log_n < BF_LOG_N_MIN || log_n > BF_LOG_N_MAX)
        return bf_fail(BF_ERR_ARGUMENT, "ring degree 2^%u: must be 2^%d to "
                       "2^%d", log_n, BF_LOG_N_MIN, BF_LOG_N_MAX);
    if (n_q < 1 || n_q > BF_MAX_Q || n_p < 1 || n_p > BF_MAX_P)
        return bf_fail(BF_ERR_ARGUMENT, "%u ciphertext and %u special primes: "
                       "must be 1 to %d and 1 to %d", n_q, n_p, BF_MAX_Q,
                       BF_MAX_P);
    bf_params made = {.log_n = log_n, .n_q = n_q, .n_p = n_p,
                      .digit_limbs = digit_limbs};
    uint64_t used[BF_MAX_Q + BF_MAX_P];
    for (unsigned i = 0; i < n_q + n_p; i++) {
        unsigned bits = i < n_q ? q_bits[i] : p_bits[i - n_q];
        BF_TRY(pick_prime(&used[i], log_n, bits, used, i));
        if (i < n_q)
            made.q[i] = used[i];
        else
            made.p[i - n_q] = used[i];
    }
    larger_to_special(&made, q_bits, p_bits);
    *out = made;
    return BF_OK;
}

double bf_params_log2_q(const bf_params *p, unsigned limbs)
{
    long double sum = 0;
    for (unsigned i = 0; i < limbs; i++) sum += log2l((long double)p->q[i]);
    return (double)sum;
}

double bf_params_log2_p(const bf_params *p)
{
    long double sum = 0;
    for (unsigned i = 0; i < p->n_p; i++) sum += log2l((long double)p->p[i]);
    return (double)sum;
}
