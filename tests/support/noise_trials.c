#include "support/noise_trials.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/parallel.h"

static uint64_t seed = 20240601;
static size_t trials = 20;

void bf_noise_start(void)
{
    const char *given = getenv("BLINDFIT_TEST_SEED");
    const char *number = getenv("BLINDFIT_TEST_TRIALS");
    if (given) seed = strtoull(given, NULL, 0);
    if (number && strtoull(number, NULL, 0) > 0)
        trials = strtoull(number, NULL, 0);
    printf("seed %llu, %zu trials; rms error over the declared noise, largest "
           "error over its bound\n",
           (unsigned long long)seed, trials);
}

/* |value| * scale and all errors stay below an eighth of the limbs' product. */
static unsigned limbs_needed(const bf_ct *ct)
{
    const bf_params *p = bf_context_params(ct->ctx);
    double bits = log2(ct->scale * ct->bound) + 3;
    unsigned limbs = 1;
    while (limbs < ct->limbs && bf_params_log2_q(p, limbs) < bits) limbs++;
    return limbs;
}

bf_status bf_noise_measure(bf_noise_trial *t, const bf_fixture *f,
                           const bf_ct *ct)
{
    bf_pt pt = {0};
    bf_ct view = *ct;
    view.limbs = limbs_needed(ct);
    bf_status status = bf_decrypt(&pt, f->sk, &view);
    if (status == BF_OK) status = bf_decode_slots(t->got, &pt);
    bf_pt_clear(&pt);
    BF_TRY(status);
    double error = bf_fixture_distance(t->got, t->want, f->slots);
    double ratio = error / bf_fixture_tolerance(f, ct);
    double slot = sqrt(2.0 * (double)f->slots) * ct->noise / ct->scale;
    t->worst = isnan(ratio) ? INFINITY : fmax(t->worst, ratio);
    t->expected += (double)f->slots * slot * slot;
    for (size_t i = 0; i < f->slots; i++) {
        double complex e = t->got[i] - t->want[i];
        t->squares += creal(e) * creal(e) + cimag(e) * cimag(e);
    }
    return BF_OK;
}

/* Values of bf_fixture_random(1). */
#define TYPICAL (1 / sqrt(3))

static bf_status open_trial(bf_noise_trial *t)
{
    const bf_noise_table *table = t->table;
    uint64_t state = seed + (t->index + 1) * UINT64_C(0x9e3779b97f4a7c15);
    t->a = bf_alloc(4 * t->n * sizeof *t->a);
    if (!t->a) return BF_ERR_MEMORY;
    t->b = t->a + t->n;
    t->want = t->b + t->n;
    t->got = t->want + t->n;
    bf_fixture_random(t->a, 2 * t->n, 1, &state);
    BF_TRY(bf_encode_slots(&t->pa, t->f->ctx, t->a, t->n, table->scale,
                           table->limbs));
    BF_TRY(bf_encode_slots(&t->pb, t->f->ctx, t->b, t->n, table->scale,
                           table->limbs));
    t->pa.bound = t->pb.bound = TYPICAL;
    BF_TRY(bf_encrypt_symmetric(&t->ca, t->f->sk, &t->pa));
    return bf_encrypt_symmetric(&t->cb, t->f->sk, &t->pb);
}

static void close_trial(bf_noise_trial *t)
{
    bf_eval_release(t->ev, &t->out);
    bf_eval_release(t->ev, &t->kept);
    bf_ct_clear(&t->ca);
    bf_ct_clear(&t->cb);
    bf_pt_clear(&t->pa);
    bf_pt_clear(&t->pb);
    bf_free(t->a);
}

/* Of one operation in one trial. */
typedef struct outcome {
    double worst, squares, expected;
} outcome;

typedef struct run {
    const bf_noise_table *table;
    outcome *outcomes; /* [operation][trial] */
} run;

static bf_status run_trial(void *user, size_t index)
{
    const run *r = user;
    const bf_noise_table *table = r->table;
    bf_noise_trial t = {.table = table, .f = table->f, .ev = table->f->ev,
                        .index = index, .n = table->f->slots};
    bf_status status = open_trial(&t);
    for (size_t k = 0; k < table->count && status == BF_OK; k++) {
        const bf_noise_op *op = &table->ops[k];
        if (op->results && index % op->results) continue;
        t.worst = t.squares = t.expected = 0;
        t.result = &t.out;
        status = op->run(&t);
        if (status == BF_OK && t.result)
            status = bf_noise_measure(&t, t.f, t.result);
        r->outcomes[k * trials + index] =
            (outcome){t.worst, t.squares, t.expected};
    }
    close_trial(&t);
    return status;
}

/* False, with a line that says why, if the measured error differs from the
 * estimate. */
static bool judge(const bf_noise_op *op, const outcome *each, unsigned log_n)
{
    outcome all = {0};
    double wanted = op->part > 0 ? sqrt(op->part) : 1;
    for (size_t i = 0; i < trials; i++) {
        if (!(each[i].worst <= all.worst)) all.worst = each[i].worst;
        all.squares += each[i].squares;
        all.expected += each[i].expected;
    }
    double ratio = sqrt(all.squares / all.expected);
    bool good = all.worst <= 1 && fabs(ratio / wanted - 1) <= BF_NOISE_WITHIN;
    printf("2^%u %-24s %.3f  %.3f\n", log_n, op->name, ratio, all.worst);
    if (!good)
        print_error("%s at 2^%u: rms error %.3f times the declared noise, not "
                    "%.3f; largest error %.3f times its bound (seed %llu)\n",
                    op->name, log_n, ratio, wanted, all.worst,
                    (unsigned long long)seed);
    return good;
}

void bf_noise_run(const bf_noise_table *table)
{
    unsigned log_n = bf_context_params(table->f->ctx)->log_n;
    run r = {table, bf_alloc_zero(table->count * trials * sizeof *r.outcomes)};
    assert_non_null(r.outcomes);
    bf_status status = bf_parallel_for(trials, false, run_trial, &r);
    if (status != BF_OK) fail_msg("2^%u: %s", log_n, bf_last_error());
    unsigned wrong = 0;
    for (size_t k = 0; k < table->count; k++)
        wrong += !judge(&table->ops[k], r.outcomes + k * trials, log_n);
    bf_free(r.outcomes);
    assert_int_equal(wrong, 0);
}
