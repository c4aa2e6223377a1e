/* More products than levels: square roots by twelve steps of u <- u - u^2 +
 * a/4, which converges to sqrt(a)/2, with parameters for three levels.
 * Bootstrapping returns u to the highest level. Owner and server are one
 * program here; keys and refresher are public, and a server has them without
 * the secret. */
#include <blindfit/ckks.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { COUNT = 8, DEPTH = 3, STEPS = 12 };

static void ok(bf_status status)
{
    if (status == BF_OK) return;
    fprintf(stderr, "%s\n", bf_last_error());
    exit(1);
}

static void step(bf_evaluator *ev, bf_cipher **u, const bf_cipher *quarter)
{
    bf_cipher *square = NULL;
    ok(bf_cipher_mul(ev, &square, *u, *u));
    ok(bf_cipher_sub(ev, u, *u, square));
    ok(bf_cipher_add(ev, u, *u, quarter));
    bf_cipher_destroy(square);
}

int main(void)
{
    const double a[COUNT] = {0.25, 0.36, 0.5, 0.64, 0.7, 0.81, 0.9, 1};
    double quarters[COUNT], result[COUNT];
    bf_ckks *ckks = NULL;
    bf_secret *secret = NULL;
    bf_keys *keys = NULL;
    bf_evaluator *ev = NULL;
    bf_refresher *refresher = NULL;
    bf_cipher *quarter = NULL, *u = NULL;

    ok(bf_ckks_create_bootstrap(
        &ckks, &(bf_bootstrap_request){.slots = COUNT, .depth = DEPTH}));
    ok(bf_secret_generate(&secret, ckks));
    ok(bf_keys_create(
        &keys, secret,
        &(bf_keys_request){.products = true, .bootstrap = true}, NULL));
    for (int i = 0; i < COUNT; i++) quarters[i] = a[i] / 4;
    ok(bf_secret_encrypt(&quarter, secret, quarters, COUNT));

    ok(bf_evaluator_create(&ev, ckks, keys));
    ok(bf_refresher_create(&refresher, ckks));
    ok(bf_cipher_copy(ev, &u, quarter));
    int refreshes = 0;
    for (int i = 0; i < STEPS; i++) {
        if (bf_cipher_describe(u).level == 0) {
            ok(bf_bootstrap(ev, &u, u, refresher));
            refreshes++;
        }
        step(ev, &u, quarter);
    }
    ok(bf_cipher_mul_int(ev, &u, u, 2));
    ok(bf_secret_decrypt(result, COUNT, secret, u));

    printf("%d steps, %d levels, %d refreshes\n", STEPS, DEPTH, refreshes);
    for (int i = 0; i < COUNT; i++)
        printf("sqrt(%.2f) = %.2f, encrypted %.2f\n", a[i], sqrt(a[i]),
               result[i]);
    bf_cipher_destroy(u);
    bf_cipher_destroy(quarter);
    bf_refresher_destroy(refresher);
    bf_evaluator_destroy(ev);
    bf_keys_destroy(keys);
    bf_secret_destroy(secret);
    bf_ckks_destroy(ckks);
    return 0;
}
