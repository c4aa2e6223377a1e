/* The last levels of a circuit in a smaller ring: x^4, squared first in a ring
 * of 2^14 and then in one of 2^13, where a product takes half the time and the
 * result half the bytes.
 *
 * A key into the smaller ring holds the special primes, and has to be secure
 * there. So the chain is chosen by hand: one special prime. */
#include <blindfit/ckks.h>
#include <stdio.h>
#include <stdlib.h>

static void ok(bf_status status)
{
    if (status == BF_OK) return;
    fprintf(stderr, "%s\n", bf_last_error());
    exit(1);
}

/* What a file of it holds, in kB. */
static double size(const bf_cipher *a)
{
    void *data;
    size_t bytes;
    ok(bf_cipher_write(&data, &bytes, &a, 1));
    bf_free(data);
    return (double)bytes / 1e3;
}

int main(void)
{
    const unsigned q[] = {45, 40, 40, 40, 40}, p[] = {46};
    const bf_ckks_chain chain = {.log_n = 14,
                                 .q_bits = q,
                                 .p_bits = p,
                                 .q_count = 5,
                                 .p_count = 1,
                                 .digit_limbs = 1};
    const double values[4] = {0.5, -1, 1.5, 0.25};
    bf_ckks *large = NULL, *small = NULL;
    bf_secret *large_secret = NULL, *small_secret = NULL;
    bf_keys *large_keys = NULL, *small_keys = NULL;
    bf_evaluator *in_large = NULL, *in_small = NULL;
    bf_cipher *x = NULL;
    double result[4];

    /* The owner: two rings, and a secret in each. */
    ok(bf_ckks_create_chain(&large, &chain));
    ok(bf_ckks_create_smaller(&small, large, bf_ckks_slots(large) / 2, 0));
    ok(bf_secret_generate(&large_secret, large));
    ok(bf_secret_generate(&small_secret, small));
    ok(bf_keys_create(
        &large_keys, large_secret,
        &(bf_keys_request){.products = true, .smaller = small_secret}, NULL));
    ok(bf_keys_create(&small_keys, small_secret,
                      &(bf_keys_request){.products = true}, NULL));
    ok(bf_secret_encrypt(&x, large_secret, values, 4));
    printf("levels: %u in the large ring, %u of them in the small one\n",
           bf_ckks_levels(large), bf_ckks_levels(small));

    /* The server, without a secret. */
    ok(bf_evaluator_create(&in_large, large, large_keys));
    ok(bf_evaluator_create(&in_small, small, small_keys));
    ok(bf_cipher_mul(in_large, &x, x, x));
    printf("x^2 in the large ring: %.0f kB\n", size(x));
    ok(bf_cipher_switch_ring(in_large, in_small, &x, x));
    printf("x^2 in the small ring: %.0f kB\n", size(x));
    ok(bf_cipher_mul(in_small, &x, x, x));

    ok(bf_secret_decrypt(result, 4, small_secret, x));
    printf("x^4 =");
    for (int i = 0; i < 4; i++) printf(" %.2f", result[i]);
    printf("\n");

    bf_cipher_destroy(x);
    bf_evaluator_destroy(in_large);
    bf_evaluator_destroy(in_small);
    bf_keys_destroy(large_keys);
    bf_keys_destroy(small_keys);
    bf_secret_destroy(large_secret);
    bf_secret_destroy(small_secret);
    bf_ckks_destroy(small);
    bf_ckks_destroy(large);
    return 0;
}
