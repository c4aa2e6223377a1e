/* Safe recipes: the polynomial, the bounds against rows and labels that are
 * made to exceed them, what is refused, and job.json. */
#include "base/memory.h"
#include "train/job.h"
#include "train/owner/transform.h"
#include "train/train_testing.h"

static void safe_recipe(bf_recipe *r, unsigned iterations, double least,
                        size_t n, size_t d)
{
    check_ok(bf_recipe_default(r, BF_RECIPE_WHITENED, iterations, n, d));
    r->clip = 1;
    check_ok(bf_recipe_make_safe(r, least, n, d));
}

/* T_j(cos x) = cos jx. */
static double direct(const bf_sigmoid *p, double x)
{
    double sum = 0.5;
    for (unsigned i = 0; i < (p->degree + 1) / 2; i++)
        sum += p->odd[i] * cos((2 * i + 1) * x);
    return sum;
}

static void test_polynomial(void **state)
{
    (void)state;
    enum { STEPS = 20000 };
    unsigned degrees = 0;
    for (size_t d = 2; d < 4000; d = 2 * d + 1) {
        bf_recipe r;
        double error = 0, residual = 0;
        safe_recipe(&r, 2, 0.9, 10 * d + 60000, d);
        const bf_sigmoid *p = &r.sigmoid;
        assert_true(p->chebyshev);
        degrees |= p->degree + 1;
        for (int i = 0; i <= STEPS; i++) {
            double x = M_PI * i / STEPS, z = p->range * cos(x);
            double value = bf_sigmoid_value(p, z);
            assert_true(fabs(value - direct(p, x)) < 1e-12);
            error = fmax(error, fabs(value - 1 / (1 + exp(-z))));
            residual = fmax(residual, fmax(fabs(value), fabs(1 - value)));
        }
        assert_true(error < 0.056);
        bf_magnitudes b;
        check_ok(bf_recipe_bounds(&b, &r, 10 * d + 60000, d + 1));
        assert_true(residual <= b.residual && b.residual < residual + 0.002);
    }
    assert_int_equal(degrees, 16 | 32 | 64 | 128);
}

static void test_choice(void **state)
{
    (void)state;
    static const struct {
        size_t n, d;
        unsigned iterations;
        double least;
        unsigned degree;
        double first; /* step */
    } cases[] = {
        {60000, 400, 2, BF_SAFE_STEPS, 63, 1.961},
        {60000, 925, 2, BF_SAFE_STEPS, 127, 2.622},
        {60000, 20, 2, BF_SAFE_STEPS, 15, 1.882},
        {128, 400, 2, BF_SAFE_STEPS, 15, 0.839},
        {60000, 20, 2, 1, 63, 4},
        {60000, 20, 3, BF_SAFE_STEPS, 63, 2.352},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bf_recipe usual, r;
        unsigned last = cases[i].iterations - 1;
        safe_recipe(&r, cases[i].iterations, cases[i].least, cases[i].n,
                    cases[i].d);
        check_ok(bf_recipe_default(&usual, BF_RECIPE_WHITENED,
                                   cases[i].iterations, cases[i].n,
                                   cases[i].d));
        assert_int_equal(r.sigmoid.degree, cases[i].degree);
        if (fabs(r.steps[0] - cases[i].first) > 1e-3)
            fail_msg("case %zu: a first step of %g", i, r.steps[0]);
        assert_int_equal(r.step_count, cases[i].iterations);
        unsigned t = last < usual.step_count ? last : usual.step_count - 1;
        assert_true(r.steps[last] == usual.steps[t]);
    }
    /* One iteration has no scores: it stays as it is, and its bounds are
     * those of the first step. */
    bf_recipe one;
    bf_magnitudes b;
    safe_recipe(&one, 1, 1, 60000, 400);
    assert_false(one.sigmoid.chebyshev);
    check_ok(bf_recipe_bounds(&b, &one, 60000, 401));
    assert_true(b.logit[0] == 0 && one.steps[0] == 4);
    assert_true(fabs(b.weight - 2 * sqrt(2) * 4) < 1e-12);
}

/* Of two classes, labels that push the scores of row `at` up, as far as first
 * steps can. */
static void push(int32_t *labels, const bf_matrix *u, size_t at)
{
    for (size_t j = 0; j < u->rows; j++) {
        double product = 0;
        for (size_t c = 0; c < u->cols; c++)
            product += u->data[at * u->cols + c] * u->data[j * u->cols + c];
        labels[j] = product > 0;
    }
}

/* Features of long tails, some rows far out; the longest is pushed. */
static double pushed(uint64_t *seed, unsigned iterations, size_t n, size_t d)
{
    bf_matrix x, u;
    bf_transform *t;
    bf_recipe r;
    bf_schedule s;
    bf_magnitudes bounds, got;
    size_t longest = 0;
    double most = 0, share = 0;
    int32_t *labels = malloc(n * sizeof *labels);
    random_matrix(&x, n, d, seed);
    for (size_t i = 0; i < n * d; i++)
        x.data[i] *= exp(random_normal(seed)) * (i / d % 50 ? 1 : 20);
    safe_recipe(&r, iterations, BF_SAFE_STEPS, n, d);
    check_ok(bf_recipe_bounds(&bounds, &r, n, bf_recipe_outputs(&r, n, d)));
    check_ok(bf_transform_fit(&t, &r, &x, NULL));
    check_ok(bf_transform_apply(&u, t, &x, true, NULL));
    check_ok(bf_rows_check_safe(&u, bounds.row, 1));
    for (size_t i = 0; i < n; i++) {
        double norm = 0;
        for (size_t c = 0; c < u.cols; c++)
            norm += u.data[i * u.cols + c] * u.data[i * u.cols + c];
        if (norm > most) longest = i;
        most = fmax(most, norm);
    }
    push(labels, &u, longest);
    check_ok(bf_schedule_make(&s, &r, n));
    check_ok(bf_twin_magnitudes(&got, NULL, &s, &u, labels, 2, NULL));
    check_ok(bf_magnitudes_check(&got, &bounds, iterations));
    for (unsigned i = 1; i < iterations; i++)
        share = fmax(share, got.logit[i] / bounds.logit[i]);
    bf_matrix_clear(&x);
    bf_matrix_clear(&u);
    bf_schedule_clear(&s);
    bf_transform_destroy(t);
    free(labels);
    return share;
}

/* The bound holds, and is none that could be half as large. */
static void test_labels_that_push(void **state)
{
    (void)state;
    uint64_t seed = test_seed(7);
    double closest = 0;
    for (int i = 0; i < 24; i++) {
        size_t n = 40 + random_below(&seed, 600);
        size_t d = 1 + random_below(&seed, 40);
        closest = fmax(closest, pushed(&seed, 2 + i % 3, n, d));
    }
    print_message("scores come to %.3f of their bound\n", closest);
    assert_true(closest > 0.5);
}

static void test_refusals(void **state)
{
    (void)state;
    bf_recipe good, r;
    bf_magnitudes b;
    safe_recipe(&good, 3, BF_SAFE_STEPS, 60000, 400);
#define REFUSES(words, change)                                                 \
    do {                                                                       \
        r = good;                                                              \
        change;                                                                \
        check_fails(BF_ERR_ARGUMENT, words,                                    \
                    bf_recipe_bounds(&b, &r, 60000, 401));                     \
    } while (0)
    REFUSES("scores may reach", r.steps[0] *= 1.2);
    REFUSES("scores may reach", r.steps[1] *= 1.2);
    REFUSES("scores may reach", r.clip = 1.1);
    REFUSES("scores may reach", r.iterations = 4);
    REFUSES("not clipped", r.clip = 0);
    REFUSES("some of the rows", r.batch = 1000);
    REFUSES("paper", r.kind = BF_RECIPE_PAPER);
    REFUSES("degree 129", r.sigmoid.degree = 129);
#undef REFUSES
    r = good;
    r.steps[2] *= 100; /* no scores come after the last */
    check_ok(bf_recipe_bounds(&b, &r, 60000, 401));
    check_ok(bf_recipe_default(&r, BF_RECIPE_WHITENED, 2, 60000, 4000));
    check_fails(BF_ERR_ARGUMENT, "serve to 166",
                bf_recipe_make_safe(&r, 1, 60000, 4000));
    assert_false(r.safe);
}

/* A transform of other rows proves nothing: they may vary more along some
 * direction, or be longer. */
static void test_rows_of_others(void **state)
{
    (void)state;
    uint64_t seed = test_seed(8);
    bf_recipe r;
    bf_transform *t;
    bf_matrix x, u;
    random_matrix(&x, 300, 6, &seed);
    safe_recipe(&r, 2, BF_SAFE_STEPS, 300, 6);
    check_ok(bf_transform_fit(&t, &r, &x, NULL));
    check_ok(bf_transform_apply(&u, t, &x, true, NULL));
    check_ok(bf_rows_check_safe(&u, sqrt(7), 1));
    check_fails(BF_ERR_RANGE, "the proof", bf_rows_check_safe(&u, 1.5, 1));
    check_fails(BF_ERR_RANGE, "does not whiten",
                bf_rows_check_safe(&u, sqrt(7), 0.5));
    bf_matrix_clear(&u);
    for (size_t i = 0; i < x.rows; i++) x.data[i * x.cols + 2] *= 1.3;
    check_ok(bf_transform_apply(&u, t, &x, true, NULL));
    check_fails(BF_ERR_RANGE, "does not whiten",
                bf_rows_check_safe(&u, sqrt(7), 1));
    check_ok(bf_rows_check_safe(&u, sqrt(7), 1.3 * 1.3));
    bf_matrix_clear(&u);
    bf_matrix_clear(&x);
    bf_transform_destroy(t);
}

/* text with `to` for the first `from`. */
static void job_with(const char *text, const char *from, const char *to,
                     const char *words)
{
    size_t room = strlen(text) + strlen(to) + 1;
    char *changed = malloc(room);
    const char *at = strstr(text, from);
    assert_true(changed && at);
    snprintf(changed, room, "%.*s%s%s", (int)(at - text), text, to,
             at + strlen(from));
    bf_job job;
    bf_status s = bf_job_parse(&job, changed, strlen(changed), "changed.json");
    if (s == BF_OK || !strstr(bf_last_error(), words) ||
        !strstr(bf_last_error(), "changed.json"))
        fail_msg("%s: %s: %s", to, bf_status_name(s), bf_last_error());
    free(changed);
}

static void test_job_file(void **state)
{
    (void)state;
    bf_recipe r;
    bf_job job, read;
    bf_plan plan;
    const bf_plan_options options = {.refresh = BF_REFRESH_NEVER};
    char *text, *again;
    safe_recipe(&r, 2, BF_SAFE_STEPS, 200, 5);
    check_ok(bf_job_search(&job, &plan, &r, 200, 5, 2, &options));
    check_ok(bf_job_print(&text, &job));
    check_ok(bf_job_parse(&read, text, strlen(text), "safe.json"));
    check_ok(bf_job_print(&again, &read));
    assert_string_equal(text, again);
    assert_true(read.recipe.safe && read.recipe.sigmoid.chebyshev);
    assert_memory_equal(&read.bounds, &job.bounds, sizeof job.bounds);
    job_with(text, "\"chebyshev\"", "\"legendre\"", "\"sigmoid_basis\"");
    job_with(text, "\"chebyshev\"", "7", "\"sigmoid_basis\"");
    job_with(text, "\"safe\":\ttrue", "\"safe\":\t\"yes\"", "\"safe\"");
    job_with(text, "\"clip\":\t1", "\"clip\":\t2", "scores may reach");
    job_with(text, "\"batch\":\t0", "\"batch\":\t9", "some of the rows");
    bf_free(text);
    bf_free(again);
    bf_plan_clear(&plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_polynomial),
        cmocka_unit_test(test_choice),
        cmocka_unit_test(test_labels_that_push),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_rows_of_others),
        cmocka_unit_test(test_job_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
