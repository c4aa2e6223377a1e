/* The modulus chain of planned jobs, and what both sides derive from a job,
 * against the definitions in chain.h, job.h and docs/algorithms.md: the number
 * of primes, their values, special primes, and that their products lead to the
 * intended scales. GMP tests primality. */
#include <gmp.h>

#include "train/chain.h"
#include "train/train_testing.h"

typedef struct shape {
    bf_recipe_kind kind;
    unsigned iterations;
    size_t n, d, classes, batch;
} shape;

static const shape shapes[] = {
    {BF_RECIPE_WHITENED, 1, 128, 400, 2, 0},
    {BF_RECIPE_WHITENED, 3, 60000, 400, 10, 0},
    {BF_RECIPE_WHITENED, 2, 1000, 128, 100, 300},
    {BF_RECIPE_WHITENED, 5, 120, 20, 5, 0},
    {BF_RECIPE_PAPER, 2, 128, 400, 10, 0},
    {BF_RECIPE_PAPER, 4, 61, 17, 2, 0},
};
enum { SHAPES = sizeof shapes / sizeof *shapes };

static void plan_shape(bf_job *job, bf_plan *plan, const shape *s)
{
    bf_recipe r;
    bf_plan_options options = {.refresh = BF_REFRESH_NEVER};
    check_ok(bf_recipe_default(&r, s->kind, s->iterations, s->n, s->d));
    r.batch = s->batch;
    check_ok(bf_job_search(job, plan, &r, s->n, s->d, s->classes, &options));
}

/* One for q0; for every iteration one for the gradient and, where it has
 * scores, one for them and those of the polynomial. A zero start has no scores
 * in the first. Labels join where the first errors are, with one limb to spare
 * for their scale. */
static void limbs_are_counted(const bf_job *job, const shape *s)
{
    bool zero = s->kind == BF_RECIPE_WHITENED;
    unsigned scores = s->iterations - zero;
    unsigned limbs = 1 + s->iterations + scores * (1 + job->form.primes);
    assert_int_equal(job->schedule.zero_start, zero);
    assert_int_equal(job->ring[0].n_q, limbs);
    assert_int_equal(bf_job_x_limbs(job), limbs);
    assert_int_equal(bf_job_y_limbs(job),
                     zero ? limbs : limbs - 1 - job->form.primes + 1);
}

static void primes_serve(const bf_params *p)
{
    uint64_t all[BF_MAX_Q + BF_MAX_P];
    memcpy(all, p->q, p->n_q * sizeof *all);
    memcpy(all + p->n_q, p->p, p->n_p * sizeof *all);
    for (unsigned i = 0; i < p->n_q + p->n_p; i++) {
        mpz_t prime;
        mpz_init_set_ui(prime, all[i]);
        assert_true(mpz_probab_prime_p(prime, 30) > 0);
        mpz_clear(prime);
        assert_int_equal(all[i] % ((uint64_t)2 << p->log_n), 1);
        assert_true(all[i] < UINT64_C(1) << 49);
        for (unsigned k = 0; k < i; k++) assert_true(all[k] != all[i]);
    }
}

/* P exceeds the widest digit by half a bit, and QP keeps to the table of
 * [BCC+24] for 2^13..2^16. */
static void special_primes_serve(const bf_params *p)
{
    static const double limit[] = {214, 430, 868, 1747};
    double widest = 0, q = 0, special = 0;
    for (unsigned i = 0; i < p->n_q; i += p->digit_limbs) {
        double digit = 0;
        for (unsigned k = i; k < i + p->digit_limbs && k < p->n_q; k++)
            digit += log2((double)p->q[k]);
        q += digit;
        widest = fmax(widest, digit);
    }
    for (unsigned k = 0; k < p->n_p; k++) special += log2((double)p->p[k]);
    assert_true(special > widest + 0.25 && special < widest + 0.75);
    assert_true(q + special <= limit[p->log_n - 13]);
}

/* Bits are what the last weights' scale needs below: q0 holds the largest
 * weight and three bits more. The walk has found the scale by multiplying and
 * dividing, the chain by choosing primes. */
static void scales_come_out(const bf_job *job, const bf_plan *plan)
{
    double scale = plan->steps[job->schedule.iterations - 1].output.scale;
    double wanted = log2(scale) + log2(job->bounds.weight) + 3;
    assert_true(fabs(log2((double)job->ring[0].q[0]) - wanted) < 0.05);
}

static void chains_of_plans(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHAPES; i++) {
        bf_job job;
        bf_plan plan;
        plan_shape(&job, &plan, &shapes[i]);
        limbs_are_counted(&job, &shapes[i]);
        primes_serve(&job.ring[0]);
        special_primes_serve(&job.ring[0]);
        scales_come_out(&job, &plan);
        bf_plan_clear(&plan);
    }
}

/* More bits of precision raise every scale, and are refused where no prime is
 * long enough; digits that leave fewer than 128 bits of security are too. */
static void more_bits_until_none_fit(void **state)
{
    (void)state;
    bf_job job;
    bf_plan plan;
    plan_shape(&job, &plan, &shapes[0]);
    double last = 0;
    for (int bits = BF_CHAIN_BITS_MIN; bits <= BF_CHAIN_BITS_MAX; bits++) {
        bf_chain c;
        if (!bf_chain_scales(&job, &c, bits)) continue;
        assert_int_equal(c.n_q, bf_job_x_limbs(&job));
        assert_true(fabs(job.log_x - last - 1) < 1e-9 || last == 0);
        last = job.log_x;
        if (!bf_chain_primes(&job, &c)) continue;
        for (unsigned k = 0; k < c.n_q; k++)
            assert_true(fabs(log2((double)c.prime[k]) - c.bits[k]) < 0.5);
    }
    bf_chain c;
    assert_true(last > 0);
    assert_false(bf_chain_scales(&job, &c, 60));
    bf_plan_clear(&plan);
    plan_shape(&job, &plan, &shapes[5]);
    c = (bf_chain){.n_q = job.ring[0].n_q, .spare = 0.5};
    memcpy(c.prime, job.ring[0].q, sizeof job.ring[0].q[0] * c.n_q);
    assert_true(bf_chain_params(&job.ring[0], job.ring[0].log_n, &c,
                                job.ring[0].digit_limbs));
    assert_false(bf_chain_params(&job.ring[0], job.ring[0].log_n - 1, &c,
                                 job.ring[0].digit_limbs));
    bf_plan_clear(&plan);
}

/* A job's file leads to the same job and the same plan. */
static bf_job from_file(const bf_job *job)
{
    bf_job given = {.recipe = job->recipe,
                    .features = job->features,
                    .rings = job->rings,
                    .ring[0] = job->ring[0],
                    .log_x = job->log_x,
                    .log_mask = job->log_mask,
                    .log_labels = job->log_labels,
                    .log_dense = job->log_dense,
                    .log_v0 = job->log_v0};
    given.form.division = job->form.division;
    given.form.primes = job->form.primes;
    return given;
}

static bf_status derive(bf_job *job, const shape *s, const bf_layout *l)
{
    return bf_job_derive(job, s->n, s->classes, l->f, l->k);
}

static void jobs_are_derived_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < SHAPES; i++) {
        bf_job job, again;
        bf_plan plan, walked;
        plan_shape(&job, &plan, &shapes[i]);
        again = from_file(&job);
        check_ok(derive(&again, &shapes[i], &job.layout));
        assert_memory_equal(&again.layout, &job.layout, sizeof job.layout);
        assert_memory_equal(again.schedule.step, job.schedule.step,
                            sizeof job.schedule.step);
        assert_memory_equal(&again.bounds, &job.bounds, sizeof job.bounds);
        assert_memory_equal(&again.typical, &job.typical, sizeof job.typical);
        assert_true(again.form.norm == job.form.norm);
        check_ok(bf_job_walk(&walked, &again));
        assert_int_equal(walked.upload_bytes, plan.upload_bytes);
        assert_int_equal(walked.key_bytes, plan.key_bytes);
        assert_true(walked.weight_noise == plan.weight_noise);
        bf_plan_clear(&walked);
        bf_plan_clear(&plan);
    }
}

static void jobs_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    const shape *s = &shapes[4];
    bf_job job, bad;
    bf_plan plan;
    plan_shape(&job, &plan, s);
    bad = from_file(&job);
    bad.ring[0].n_q--;
    check_fails(BF_ERR_ARGUMENT, "primes, its circuit needs",
                derive(&bad, s, &job.layout));
    bad = from_file(&job);
    bad.form.division = BF_DIVIDE_EACH;
    bad.form.division = BF_DIVIDE_EACH;
    bad.form.primes = 9;
    check_fails(BF_ERR_ARGUMENT, "can't be divided",
                derive(&bad, s, &job.layout));
    bad = from_file(&job);
    bad.ring[0].log_n--;
    assert_int_not_equal(derive(&bad, s, &job.layout), BF_OK);
    bad = from_file(&job);
    bad.ring[0].p[bad.ring[0].n_p] = UINT64_C(1) << 48;
    bad.ring[0].n_p++;
    check_fails(BF_ERR_SECURITY, "", derive(&bad, s, &job.layout));
    bf_plan_clear(&plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chains_of_plans),
        cmocka_unit_test(more_bits_until_none_fit),
        cmocka_unit_test(jobs_are_derived_again),
        cmocka_unit_test(jobs_that_do_not_fit_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
