/* Arithmetic on encrypted vectors: (x + y) * x - 0.5, and the mean of x.
 *
 * One program plays both parts. In practice the owner keeps `secret` and sends
 * keys and ciphertexts (bf_keys_save, bf_cipher_save), and the server returns
 * y. */
#include <blindfit/ckks.h>
#include <stdio.h>
#include <stdlib.h>

static void ok(bf_status status)
{
    if (status == BF_OK) return;
    fprintf(stderr, "%s\n", bf_last_error());
    exit(1);
}

int main(void)
{
    const double values[4] = {0.1, 0.2, 0.3, 0.4}, more[4] = {1, -1, 2, -2};
    bf_ckks *ckks = NULL;
    bf_secret *secret = NULL;
    bf_keys *keys = NULL;
    bf_evaluator *ev = NULL;
    bf_cipher *x = NULL, *y = NULL, *z = NULL, *mean = NULL;
    double result[4];

    /* Two products in a row, intermediate values up to 4. */
    ok(bf_ckks_create(&ckks, &(bf_ckks_request){.depth = 2, .largest = 4}));
    ok(bf_secret_generate(&secret, ckks));
    ok(bf_keys_create(&keys, secret,
                      &(bf_keys_request){.products = true, .sums = true},
                      NULL));
    ok(bf_secret_encrypt(&x, secret, values, 4));
    ok(bf_secret_encrypt(&y, secret, more, 4));

    ok(bf_evaluator_create(&ev, ckks, keys));
    ok(bf_cipher_add(ev, &z, x, y));
    ok(bf_cipher_mul(ev, &z, z, x));
    ok(bf_cipher_add_const(ev, &z, z, -0.5));
    ok(bf_cipher_sum(ev, &mean, x, 4));
    ok(bf_cipher_mul_const(ev, &mean, mean, 0.25));

    ok(bf_secret_decrypt(result, 4, secret, z));
    printf("(x + y) * x - 0.5 =");
    for (int i = 0; i < 4; i++) printf(" %.3f", result[i]);
    ok(bf_secret_decrypt(result, 1, secret, mean));
    printf("\nmean of x = %.3f\n", result[0]);

    bf_cipher_destroy(x);
    bf_cipher_destroy(y);
    bf_cipher_destroy(z);
    bf_cipher_destroy(mean);
    bf_evaluator_destroy(ev);
    bf_keys_destroy(keys);
    bf_secret_destroy(secret);
    bf_ckks_destroy(ckks);
    return 0;
}
