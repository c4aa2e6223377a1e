/* A matrix times an encrypted vector, and a polynomial of the result: a layer
 * of a network, sigmoid(M x).
 *
 * A rehearsal finds the keys: circuit() first runs on a dry evaluator, which
 * notes the keys that the circuit needs, and what the circuit costs. */
#include <blindfit/ckks.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 3, COLS = 5, DEGREE = 7 };

static void ok(bf_status status)
{
    if (status == BF_OK) return;
    fprintf(stderr, "%s\n", bf_last_error());
    exit(1);
}

static double sigmoid(double x, void *user)
{
    (void)user;
    return 1 / (1 + exp(-x));
}

static void circuit(bf_evaluator *ev, bf_cipher **y, const bf_cipher *x,
                    const bf_linear *map, const double *c)
{
    ok(bf_linear_apply(ev, y, x, map));
    ok(bf_cipher_chebyshev(ev, y, *y, c, DEGREE, -4, 4));
}

int main(void)
{
    const float matrix[ROWS][COLS] = {
        {1, 2, 0, 0, -1}, {0.5f, 0, 1, -2, 0}, {0, -1, 1, 1, 1}};
    const double values[COLS] = {0.5, -0.25, 1, 0.75, -0.5};
    bf_ckks *ckks = NULL;
    bf_secret *secret = NULL;
    bf_keys *keys = NULL;
    bf_evaluator *ev = NULL;
    bf_linear *map = NULL;
    bf_cipher *x = NULL, *y = NULL;
    double c[DEGREE + 1], result[ROWS];

    /* One level for the map, one to scale [-4, 4], three for degree 7. */
    ok(bf_ckks_create(&ckks, &(bf_ckks_request){.depth = 5, .largest = 4}));
    bf_view view = {matrix, ROWS, COLS, COLS, BF_FLOAT32};
    ok(bf_linear_create(&map, ckks, &view, bf_ckks_levels(ckks)));
    ok(bf_chebyshev_coefficients(c, DEGREE, -4, 4, sigmoid, NULL));

    ok(bf_evaluator_create_dry(&ev, ckks));
    ok(bf_cipher_stand_in(&x, ckks, bf_ckks_levels(ckks)));
    circuit(ev, &y, x, map, c);
    bf_evaluator_facts facts = bf_evaluator_describe(ev);
    printf("%u levels, %zu keys, %d key switches\n",
           bf_ckks_levels(ckks) - facts.lowest_level, facts.keys,
           (int)facts.key_switches);

    ok(bf_secret_generate(&secret, ckks));
    ok(bf_keys_create_for(&keys, secret, ev, NULL));
    ok(bf_evaluator_create(&ev, ckks, keys));
    ok(bf_secret_encrypt(&x, secret, values, COLS));
    circuit(ev, &y, x, map, c);
    ok(bf_secret_decrypt(result, ROWS, secret, y));

    for (int i = 0; i < ROWS; i++) {
        double z = 0;
        for (int j = 0; j < COLS; j++) z += matrix[i][j] * values[j];
        printf("sigmoid(%.3f) = %.3f, encrypted %.2f\n", z, sigmoid(z, NULL),
               result[i]);
    }
    bf_cipher_destroy(x);
    bf_cipher_destroy(y);
    bf_linear_destroy(map);
    bf_evaluator_destroy(ev);
    bf_keys_destroy(keys);
    bf_secret_destroy(secret);
    bf_ckks_destroy(ckks);
    return 0;
}
