/* Known answers: BLAKE2b-256 of the canonical residues (64-bit little-endian)
 * that each operation gives on fixed inputs. They must not depend on compiler,
 * optimisation or backend; a change of root, order or sampler shows here. */
#include "kernels/testing.h"

#define COUNT 4 /* limbs */

typedef struct answer {
    unsigned log_n;
    const char *forward, *inverse, *tensor, *convert, *permute, *uniform;
} answer;

static const answer answers[] = {
#include "kernels/known_answers.inc"
};

static void hash_limb(const double *x, size_t n, uint64_t p, char hex[65])
{
    uint8_t *bytes = malloc(8 * n), digest[BF_HASH_BYTES];
    assert_non_null(bytes);
    for (size_t i = 0; i < n; i++) {
        const uint64_t v = bf_uncentre(x[i], p);
        for (unsigned b = 0; b < 8; b++)
            bytes[8 * i + b] = (uint8_t)(v >> 8 * b);
    }
    bf_hash(bytes, 8 * n, digest);
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    free(bytes);
}

/* Prints the new hashes on failure, for deliberate changes. */
static void check(const char *what, const double *x, const bf_ring *r,
                  unsigned m, const char *expected)
{
    char hex[65];
    hash_limb(x, r->n, r->mod[m].value, hex);
    if (strcmp(hex, expected) != 0)
        fail_msg("2^%u %s (%s): %s", r->log_n, what, r->k->name, hex);
}

static bf_ring *known_ring(unsigned log_n)
{
    static const unsigned bits[COUNT] = {49, 40, 36, 48};
    uint64_t primes[COUNT];
    bf_ring *r = NULL;
    for (unsigned i = 0; i < COUNT; i++)
        primes[i] = prime_of_bits(bits[i], log_n);
    assert_int_equal(bf_ring_create(&r, log_n, primes, COUNT, BF_BACKEND_AUTO),
                     BF_OK);
    return r;
}

static void check_transforms(const bf_ring *r, double *const x[6],
                             const answer *a)
{
    rng g = {r->log_n};
    fill_reduced(&g, x[0], r->n, r->mod[0].value);
    bf_ntt_forward(r, 0, x[0]);
    check("forward", x[0], r, 0, a->forward);
    bf_ntt_inverse_scaled(r, 0, x[0], 12345);
    bf_ntt_inverse_scaled(r, 0, x[0], 54321);
    check("inverse", x[0], r, 0, a->inverse);
}

static void check_tensor(const bf_ring *r, double *const x[6], const answer *a)
{
    rng g = {r->log_n + 100};
    const double *a0[] = {x[0], x[1]}, *a1[] = {x[1], x[2]};
    for (int i = 0; i < 6; i++) fill_reduced(&g, x[i], r->n, r->mod[2].value);
    bf_span_tensor_sum(r, 2, x + 3, x + 4, x + 5, a0, a1, a1, a0, 2, 1, r->n);
    check("tensor", x[4], r, 2, a->tensor);
}

static void check_convert(const bf_ring *r, double *const x[6], const answer *a)
{
    rng g = {r->log_n + 200};
    const unsigned src[] = {0, 1, 2}, dst[] = {3};
    bf_convert *c = NULL;
    for (unsigned i = 0; i < 3; i++)
        fill_reduced(&g, x[i], r->n, r->mod[i].value);
    assert_int_equal(bf_convert_create(&c, r, src, 3, dst, 1), BF_OK);
    bf_convert_overflow(c, x[3], (const double *const *)x);
    bf_span_convert(c, 0, x[4], (const double *const *)x, x[3], r->n);
    check("convert", x[4], r, 3, a->convert);
    bf_convert_destroy(c);
}

static void check_permute(const bf_ring *r, double *const x[6], const answer *a)
{
    rng g = {r->log_n + 300};
    uint32_t *perm = bf_alloc(r->n * sizeof *perm);
    assert_non_null(perm);
    fill_reduced(&g, x[0], r->n, r->mod[1].value);
    bf_ring_automorphism(r->log_n, 5, perm);
    bf_limb_permute(r, x[1], x[0], perm);
    check("permute", x[1], r, 1, a->permute);
    bf_free(perm);
}

static void check_uniform(const bf_ring *r, double *const x[6], const answer *a)
{
    const uint8_t seed[BF_SEED_BYTES] = {1, 2, 3};
    bf_stream s;
    bf_stream_init(&s, seed, "known answer", r->log_n, 0);
    bf_limb_uniform(r, 0, x[0], &s);
    check("uniform", x[0], r, 0, a->uniform);
}

static void test_known_answers(void **state)
{
    (void)state;
    assert_int_equal(bf_random_init(), BF_OK);
    for (size_t t = 0; t < sizeof answers / sizeof *answers; t++) {
        bf_ring *r = known_ring(answers[t].log_n);
        double *x[6];
        for (int i = 0; i < 6; i++) x[i] = new_array(r->n);
        FOR_BACKENDS(k)
        {
            r->k = k;
            check_transforms(r, x, &answers[t]);
            check_tensor(r, x, &answers[t]);
            check_convert(r, x, &answers[t]);
            check_permute(r, x, &answers[t]);
            check_uniform(r, x, &answers[t]);
        }
        for (int i = 0; i < 6; i++) bf_free(x[i]);
        bf_ring_destroy(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
