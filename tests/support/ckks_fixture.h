/* A context with one owner's secret and all the evaluation keys a test asks
 * for, and comparison of ciphertexts with plaintext slots. */
#ifndef BF_TESTS_SUPPORT_CKKS_FIXTURE_H
#define BF_TESTS_SUPPORT_CKKS_FIXTURE_H

#include "ckks/owner/owner.h"

typedef struct bf_fixture {
    bf_context *ctx;
    bf_secret_key *sk;
    bf_eval_keys keys;
    bf_eval *ev;
    size_t slots;
} bf_fixture;

/* Chain of n_q primes of q_bits, digits of `alpha` limbs and as many special
 * primes, whose product exceeds a digit by half a bit, as in plans. Below 128
 * bits of security the context is made insecure: it is a test. */
void bf_fixture_open(bf_fixture *f, unsigned log_n, unsigned n_q,
                     unsigned q_bits, unsigned alpha);
/* The same with a number of bits for each prime, q_0 first. */
void bf_fixture_open_chain(bf_fixture *f, unsigned log_n, const unsigned *q,
                           unsigned n_q, unsigned alpha);
/* The same with parameters that exist. */
void bf_fixture_open_params(bf_fixture *f, const bf_params *params);
/* Generates keys for relinearisation, conjugation and these rotations, each
 * from s and from s^2. */
void bf_fixture_keys(bf_fixture *f, const int *rotations, size_t count);
void bf_fixture_close(bf_fixture *f);

/* Uniform complex values in the square |re|, |im| <= bound/sqrt(2); their root
 * mean square is bound/sqrt(3). */
void bf_fixture_random(double complex *v, size_t n, double bound,
                       uint64_t *state);
void bf_fixture_encrypt(bf_fixture *f, bf_ct *out, const double complex *v,
                        double scale, unsigned limbs, double bound);
/* A ciphertext of 2 or 3 polynomials with no error but the encoding's, so that
 * the error of an operation shows. Not for keeping a secret. */
BF_MUST_CHECK bf_status bf_fixture_encrypt_exact(const bf_fixture *f,
                                                 bf_ct *out, const bf_pt *pt,
                                                 unsigned polys);
/* Largest |x - y|; infinite where one is not a number. */
double bf_fixture_distance(const double complex *x, const double complex *y,
                           size_t n);
/* Largest |slot - expected|. */
double bf_fixture_error(bf_fixture *f, const bf_ct *ct,
                        const double complex *expected);
/* A limit for the largest of N/2 slot errors. A slot's error is a sum of N
 * coefficient errors times roots of unity: complex, close to Gaussian, with
 * E|e|^2 = N noise^2. After a division it is dominated by r(zeta) s(zeta), r
 * the rounding of c1: a product of two such variables, whose modulus x (in
 * units of its rms) has P(> x) = 2x K_1(2x) ~ sqrt(pi x) exp(-2x), the heavier
 * tail. x = 20 leaves 2^16 * 3.4e-17 = 2e-12 per comparison. */
double bf_fixture_tolerance(const bf_fixture *f, const bf_ct *ct);

#endif
