/* A refresh with everything it takes: contexts, secrets, keys, evaluators. */
#ifndef BF_TESTS_SUPPORT_BOOT_FIXTURE_H
#define BF_TESTS_SUPPORT_BOOT_FIXTURE_H

#include "ckks/boot_internal.h"
#include "ckks/owner/boot_keys.h"

typedef struct bf_boot_fixture {
    bf_boot_params p;
    bf_context *ctx, *encapsulation, *small_ctx; /* the last or NULL */
    bf_boot *boot;
    bf_secret_key *sk, *small_sk;
    bf_eval_keys keys, there, small_keys; /* the last: none */
    bf_eval *ev, *ev_there, *ev_small;
    size_t n, count, gap; /* degree, coefficients of a message, their stride */
    double *message, *got;
    bf_counters planned, planned_there; /* of a symbolic refresh */
    bf_ct shape;                        /* its result */
} bf_boot_fixture;

/* small: NULL, or parameters of a ring in which messages are and to which they
 * return. */
void bf_boot_fixture_open(bf_boot_fixture *f, const bf_boot_request *request,
                          const bf_params *small);
void bf_boot_fixture_close(bf_boot_fixture *f);
/* Encrypts f->message[count], times `skew` off the planned scale. */
void bf_boot_fixture_encrypt(bf_boot_fixture *f, bf_ct *out, double skew);
/* Errors: rms of the message's coefficients and of all, and the largest. */
typedef struct bf_boot_found {
    double inside, all, worst;
} bf_boot_found;
/* Decrypts into f->got[count]. */
bf_boot_found bf_boot_fixture_compare(bf_boot_fixture *f, const bf_ct *ct);
/* Gaussian coefficients of this rms, cut at the bound; or uniform up to it. */
void bf_boot_fixture_gauss(bf_boot_fixture *f, double rms, uint64_t *seed);
void bf_boot_fixture_uniform(bf_boot_fixture *f, double bound, uint64_t *seed);

#endif
