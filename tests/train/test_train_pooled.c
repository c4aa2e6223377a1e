/* Transforms from sums over several owners' rows against the fit of all rows at
 * once, and totals and transforms that are of no such rows. */
#include "train/train_testing.h"

#include <sodium.h>

#include "base/bytes.h"
#include "base/memory.h"
#include "train/owner/pooled.h"

enum { NUMBERS = 2000 };

static uint8_t session[BF_HASH_BYTES] = "a session's digest";

typedef struct totals {
    uint8_t moments[NUMBERS * 16], products[NUMBERS * 8];
} totals;

static bf_recipe whitened(size_t n, size_t d)
{
    bf_recipe r;
    check_ok(bf_recipe_default(&r, BF_RECIPE_WHITENED, 2, n, d));
    r.map = BF_MAP_NONE;
    return r;
}

/* Owners with rows in runs, the first with twice as many as the others. */
static void share_rows(bf_pooling *p, const bf_matrix *x, unsigned owners,
                       const bf_recipe *recipe)
{
    size_t each = x->rows / (owners + 1), left = x->rows;
    *p = (bf_pooling){.recipe = recipe, .features = x->cols, .owners = owners};
    for (unsigned i = owners; i-- > 1; left -= each) p->rows[i] = each;
    p->rows[0] = left;
}

static bf_view rows_of(const bf_pooling *p, const bf_matrix *x, unsigned owner)
{
    size_t first = 0;
    for (unsigned i = 0; i < owner; i++) first += p->rows[i];
    return (bf_view){x->data + first * x->cols, p->rows[owner], x->cols,
                     x->cols, BF_FLOAT64};
}

static void add_masked(uint8_t *total, uint8_t *vector, const bf_pooling *p,
                       bf_pooled_sum sum, const bf_sum_owner *own)
{
    size_t count = bf_pooled_count(p, sum);
    assert_true(count <= NUMBERS);
    check_ok(bf_sum_mask(vector, count, bf_pooled_width(sum), own,
                         sum == BF_POOLED_MOMENTS ? "S1" : "S2"));
    bf_sum_add(total, vector, count, bf_pooled_width(sum));
}

/* As a session would: masked vectors, of which only the total is looked at. */
static void add_up(totals *t, const bf_pooling *p, const bf_matrix *x)
{
    uint8_t secret[BF_OWNERS_MAX][32], public[BF_OWNERS_MAX][32];
    static uint8_t vector[NUMBERS * 16];
    bf_sum_owner own = {.owners = p->owners, .session = session};
    for (unsigned i = 0; i < p->owners; i++) {
        bf_random_bytes(secret[i], sizeof secret[i]);
        crypto_scalarmult_base(public[i], secret[i]);
        own.publics[i] = public[i];
    }
    *t = (totals){0};
    for (unsigned sum = 0; sum < 2; sum++)
        for (unsigned i = 0; i < p->owners; i++) {
            if (bf_pooled_count(p, sum) == 0) continue;
            bf_view part = rows_of(p, x, i);
            own.secret = secret[i];
            own.number = i;
            check_ok(sum == BF_POOLED_MOMENTS
                         ? bf_pooled_moments(vector, p, i, &part, NULL)
                         : bf_pooled_products(vector, p, i, &part, t->moments,
                                              NULL));
            add_masked(sum == BF_POOLED_MOMENTS ? t->moments : t->products,
                       vector, p, sum, &own);
        }
}

/* u u' of some rows, which no rotation changes. */
static double action(const bf_transform *t, const bf_transform *other,
                     const bf_matrix *x)
{
    bf_matrix u, v;
    double largest = 0;
    check_ok(bf_transform_apply(&u, t, x, true, NULL));
    check_ok(bf_transform_apply(&v, other, x, true, NULL));
    assert_int_equal(u.cols, v.cols);
    for (size_t a = 0; a < x->rows; a += 7)
        for (size_t b = 0; b <= a; b += 5) {
            double difference = 0;
            for (size_t j = 0; j < u.cols; j++)
                difference += u.data[a * u.cols + j] * u.data[b * u.cols + j] -
                              v.data[a * u.cols + j] * v.data[b * u.cols + j];
            largest = fmax(largest, fabs(difference));
        }
    bf_matrix_clear(&u);
    bf_matrix_clear(&v);
    return largest;
}

static void check_parts(const bf_matrix *x, unsigned owners,
                        const bf_recipe *recipe)
{
    bf_pooling p;
    static totals t;
    bf_transform *pooled, *local;
    share_rows(&p, x, owners, recipe);
    add_up(&t, &p, x);
    check_ok(bf_pooled_fit(&pooled, &p, t.moments, t.products, NULL));
    check_ok(bf_pooled_check(pooled, &p, t.moments, t.products, NULL));
    check_ok(bf_transform_fit(&local, recipe, x, NULL));
    double difference = action(pooled, local, x);
    if (!(difference <= 1e-9))
        fail_msg("%u owners: u u' differs by %g", owners, difference);
    bf_transform_destroy(pooled);
    bf_transform_destroy(local);
}

static void parts_are_the_whole(void **state)
{
    (void)state;
    uint64_t seed = test_seed(81);
    bf_dataset data;
    random_dataset(&data, 900, 20, 4, &seed);
    bf_recipe recipe = whitened(900, 20), paper;
    check_ok(bf_recipe_default(&paper, BF_RECIPE_PAPER, 2, 900, 20));
    static const unsigned owners[] = {2, 3, 8, 16};
    for (size_t i = 0; i < 4; i++) {
        recipe.components = i == 1 ? 7 : 0;
        check_parts(&data.x, owners[i], &recipe);
        check_parts(&data.x, owners[i], &paper);
    }
    recipe.components = 0;
    recipe.map = BF_MAP_SQRT;
    for (size_t i = 0; i < 900 * 20; i++)
        data.x.data[i] *= data.x.data[i];
    check_parts(&data.x, 3, &recipe);
    /* Columns that say nothing: the same in all rows, or said before. */
    for (size_t i = 0; i < 900; i++) {
        data.x.data[i * 20 + 3] = 0.1;
        data.x.data[i * 20 + 5] = 2 * data.x.data[i * 20 + 4];
    }
    recipe.map = BF_MAP_NONE;
    check_parts(&data.x, 3, &recipe);
    free_dataset(&data);
}

/* Training rows of which the twin classifies others: the same for both. */
static double accuracy(const bf_transform *t, const bf_recipe *recipe,
                       const bf_dataset *train, const bf_dataset *test)
{
    bf_matrix u, w, z;
    bf_schedule s;
    bf_model m = {.map = bf_transform_map(t)};
    size_t right = 0;
    check_ok(bf_transform_apply(&u, t, &train->x, true, NULL));
    check_ok(bf_schedule_make(&s, recipe, train->x.rows));
    check_ok(bf_twin_run(&w, &s, &u, train->labels, train->classes, NULL, NULL,
                         NULL));
    check_ok(bf_transform_unmap(&m.weights, t, &w));
    check_ok(bf_model_scores(&z, &m, &test->x));
    for (size_t i = 0; i < z.rows; i++) {
        size_t best = 0;
        for (size_t c = 1; c < z.cols; c++)
            if (z.data[i * z.cols + c] > z.data[i * z.cols + best]) best = c;
        right += (int32_t)best == test->labels[i];
    }
    bf_matrix_clear(&u);
    bf_matrix_clear(&w);
    bf_matrix_clear(&z);
    bf_schedule_clear(&s);
    bf_model_clear(&m);
    return (double)right / (double)test->x.rows;
}

static void twins_agree(void **state)
{
    (void)state;
    uint64_t seed = test_seed(82);
    bf_dataset all, train, test;
    random_dataset(&all, 4000, 30, 10, &seed);
    take_rows(&train, &all, 0, 2000);
    take_rows(&test, &all, 2000, 4000);
    bf_recipe recipe = whitened(2000, 30);
    bf_pooling p;
    static totals t;
    bf_transform *pooled, *local;
    share_rows(&p, &train.x, 3, &recipe);
    add_up(&t, &p, &train.x);
    check_ok(bf_pooled_fit(&pooled, &p, t.moments, t.products, NULL));
    check_ok(bf_transform_fit(&local, &recipe, &train.x, NULL));
    double a = accuracy(pooled, &recipe, &train, &test);
    double b = accuracy(local, &recipe, &train, &test);
    assert_true(b > 0.5 && fabs(a - b) <= 0.001);
    bf_transform_destroy(pooled);
    bf_transform_destroy(local);
    free_dataset(&all);
    free_dataset(&train);
    free_dataset(&test);
}

/* Deviations of a ten-millionth of the mean, which squares in doubles lose. */
static void small_deviations(void **state)
{
    (void)state;
    enum { N = 60 };
    uint64_t seed = test_seed(83);
    bf_matrix x;
    bf_recipe recipe = whitened(N, 2);
    bf_pooling p;
    static totals t;
    bf_transform *pooled;
    check_ok(bf_matrix_init(&x, N, 2));
    long double sum = 0, squares = 0;
    for (size_t i = 0; i < N; i++) {
        x.data[2 * i] = 1e5 + 0.01 * random_normal(&seed);
        x.data[2 * i + 1] = (double)i;
        sum += x.data[2 * i];
    }
    for (size_t i = 0; i < N; i++) {
        long double e = x.data[2 * i] - sum / N;
        squares += e * e;
    }
    share_rows(&p, &x, 2, &recipe);
    add_up(&t, &p, &x);
    check_ok(bf_pooled_fit(&pooled, &p, t.moments, t.products, NULL));
    assert_true(fabs(pooled->mean[0] - (double)(sum / N)) <= 1e-10);
    /* A A' = (R + lambda)^-1, with r the correlation: its first entry is
     * (1 + lambda)/((1 + lambda)^2 - r^2), over the variance. */
    double length = pow(pooled->linear[0], 2) + pow(pooled->linear[1], 2);
    double r = bf_sum_number(t.products + 8, 8) / N, l = 1 + recipe.lambda;
    double expected = l / (l * l - r * r) / (double)(squares / N);
    assert_true(fabs(length / expected - 1) < 1e-9);
    bf_transform_destroy(pooled);
    bf_matrix_clear(&x);
}

static void too_small_deviations(void **state)
{
    (void)state;
    enum { N = 60 };
    uint64_t seed = test_seed(84);
    bf_matrix x;
    bf_recipe recipe = whitened(N, 3);
    bf_pooling p;
    static totals t;
    bf_transform *pooled;
    size_t first;
    random_matrix(&x, N, 3, &seed);
    for (size_t i = 0; i < N; i++) {
        x.data[3 * i + 1] *= 1e-8;
        x.data[3 * i + 2] = -0.3;
    }
    share_rows(&p, &x, 2, &recipe);
    add_up(&t, &p, &x);
    check_ok(bf_pooled_fit(&pooled, &p, t.moments, t.products, NULL));
    assert_int_equal(bf_transform_dropped(pooled, &first), 1);
    assert_int_equal(first, 1);
    bf_transform_destroy(pooled);
    bf_matrix_clear(&x);
}

/* ---- refusals ------------------------------------------------------------ */

static void poolings_are_refused(void **state)
{
    (void)state;
    bf_recipe good = whitened(1000, 10), recipe = good;
    bf_pooling p = {
        .recipe = &recipe, .features = 10, .owners = 2, .name = {"ann", "bo"},
        .rows = {20, 980}};
    check_ok(bf_pooling_check(&p));
    p.owners = 0;
    check_fails(BF_ERR_ARGUMENT, "0 owners", bf_pooling_check(&p));
    p.owners = 17;
    check_fails(BF_ERR_ARGUMENT, "17 owners", bf_pooling_check(&p));
    p.owners = 2;
    p.rows[0] = 19;
    check_fails(BF_ERR_ARGUMENT, "ann has 19 rows of 10 features",
                bf_pooling_check(&p));
    check_ok(bf_recipe_default(&recipe, BF_RECIPE_PAPER, 2, 1000, 10));
    check_ok(bf_pooling_check(&p));
    p.rows[0] = 4;
    check_fails(BF_ERR_ARGUMENT, "at least 5", bf_pooling_check(&p));
    recipe = good;
    p.rows[0] = 20;
    p.rows[1] = ((size_t)1 << 22) - 20;
    check_ok(bf_pooling_check(&p));
    p.rows[1]++;
    check_fails(BF_ERR_ARGUMENT, "4194304", bf_pooling_check(&p));
    p.rows[1] = SIZE_MAX;
    check_fails(BF_ERR_ARGUMENT, "4194304", bf_pooling_check(&p));
    p.rows[1] = 980;
    recipe.map = BF_MAP_AUTO;
    check_fails(BF_ERR_ARGUMENT, "none or sqrt", bf_pooling_check(&p));
    recipe = good;
    recipe.lambda = 0;
    check_fails(BF_ERR_ARGUMENT, "ridge of 0", bf_pooling_check(&p));
    recipe = good;
    recipe.expand.count = 100;
    check_fails(BF_ERR_ARGUMENT, "random features", bf_pooling_check(&p));
}

static void values_are_refused(void **state)
{
    (void)state;
    enum { N = 40, D = 2 };
    uint64_t seed = test_seed(85);
    uint8_t moments[4 * 16];
    bf_matrix x;
    bf_recipe recipe = whitened(2 * N, D);
    bf_pooling p = {
        .recipe = &recipe, .features = D, .owners = 2, .name = {"ann", "bo"},
        .rows = {N, N}};
    random_matrix(&x, N, D, &seed);
    bf_view v = bf_view_of(&x);
    for (size_t i = 0; i < N * D; i++) x.data[i] = fabs(x.data[i]);
    x.data[5] = -0x1p20;
    check_ok(bf_pooled_moments(moments, &p, 0, &v, NULL));
    x.data[5] = -0x1.0000000000001p20;
    check_fails(BF_ERR_RANGE, "row 3, column 2",
                bf_pooled_moments(moments, &p, 0, &v, NULL));
    recipe.map = BF_MAP_SQRT;
    check_fails(BF_ERR_RANGE, "row 3, column 2",
                bf_pooled_moments(moments, &p, 0, &v, NULL));
    x.data[5] = 0x1p40;
    check_ok(bf_pooled_moments(moments, &p, 0, &v, NULL));
    x.data[5] = 0x1.0000000000001p40;
    check_fails(BF_ERR_RANGE, "row 3, column 2",
                bf_pooled_moments(moments, &p, 0, &v, NULL));
    x.data[5] = NAN;
    check_fails(BF_ERR_RANGE, "not a number",
                bf_pooled_moments(moments, &p, 0, &v, NULL));
    x.data[5] = 1;
    p.rows[0] = N - 1;
    check_fails(BF_ERR_MISMATCH, "ann has 40 rows",
                bf_pooled_moments(moments, &p, 0, &v, NULL));
    bf_matrix_clear(&x);
}

typedef struct fixture {
    bf_dataset data;
    bf_recipe recipe;
    bf_pooling p;
    totals t;
    bf_transform *pooled;
} fixture;

static fixture fix;

static void refit(void)
{
    bf_transform_destroy(fix.pooled);
    check_ok(bf_pooled_fit(&fix.pooled, &fix.p, fix.t.moments, fix.t.products,
                           NULL));
}

static int set_up(void **state)
{
    (void)state;
    uint64_t seed = 86;
    random_dataset(&fix.data, 300, 8, 3, &seed);
    for (size_t i = 0; i < 300; i++) /* the last direction is none */
        fix.data.x.data[8 * i + 7] = fix.data.x.data[8 * i + 6];
    fix.recipe = whitened(300, 8);
    share_rows(&fix.p, &fix.data.x, 2, &fix.recipe);
    add_up(&fix.t, &fix.p, &fix.data.x);
    refit();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    bf_transform_destroy(fix.pooled);
    free_dataset(&fix.data);
    return 0;
}

static bf_status check_fix(void)
{
    return bf_pooled_check(fix.pooled, &fix.p, fix.t.moments, fix.t.products,
                           NULL);
}

/* Adds to a number and takes it away again. */
static void changed(double *v, double by, const char *what)
{
    double was = *v;
    *v += by;
    check_fails(BF_ERR_MISMATCH, what, check_fix());
    *v = was;
    check_ok(check_fix());
}

static void other_transforms_are_refused(void **state)
{
    (void)state;
    bf_transform *t = fix.pooled;
    check_ok(check_fix());
    for (size_t j = 0; j < 8; j++) t->linear[j * 8 + 2] *= -1;
    check_ok(check_fix()); /* a direction has no sign */
    changed(&t->mean[3], 1e-12 + 1e-14 * fabs(t->mean[3]), "its mean");
    changed(&t->clip_norm, 1e-12, "its clip");
    changed(&t->linear[8 * 5 + 1], 1e-4, "does not whiten");
    changed(&t->linear[8 * 2 + 7], 1e-3, "directions");
    changed(&t->linear[0], NAN, "its linear map");
    for (size_t j = 0; j < 8; j++) t->linear[j * 8 + 6] *= 1.001;
    check_fails(BF_ERR_MISMATCH, "does not whiten", check_fix());
    for (size_t j = 0; j < 8; j++) t->linear[j * 8 + 6] = 0;
    check_fails(BF_ERR_MISMATCH, "directions", check_fix());
    refit();
}

/* Two columns a and b of the rows, mixed so that their covariance, diagonal
 * with ra and rb, stays: rows are as white as before, by a map with another
 * ridge. */
static void other_ridges_are_refused(void **state)
{
    (void)state;
    bf_matrix u;
    double variance[2] = {0, 0}, *linear = fix.pooled->linear;
    check_ok(bf_transform_apply(&u, fix.pooled, &fix.data.x, false, NULL));
    for (size_t i = 0; i < u.rows; i++) {
        variance[0] += pow(u.data[i * u.cols + 1], 2);
        variance[1] += pow(u.data[i * u.cols + 1 + 6], 2);
    }
    double ratio = sqrt(variance[0] / variance[1]);
    for (size_t j = 0; j < 8; j++) {
        double a = linear[8 * j], b = linear[8 * j + 6];
        linear[8 * j] = 0.6 * a + 0.8 * ratio * b;
        linear[8 * j + 6] = -0.8 / ratio * a + 0.6 * b;
    }
    check_fails(BF_ERR_MISMATCH, "does not whiten", check_fix());
    bf_matrix_clear(&u);
    refit();
}

/* A map of other correlations, of the right lengths. */
static void other_signs_are_refused(void **state)
{
    (void)state;
    for (size_t c = 0; c < 8; c++) fix.pooled->linear[8 * 2 + c] *= -1;
    check_fails(BF_ERR_MISMATCH, "does not whiten", check_fix());
    refit();
}

static bf_status fit_again(void)
{
    bf_transform *t;
    bf_status status = bf_pooled_fit(&t, &fix.p, fix.t.moments,
                                     fix.t.products, NULL);
    if (status == BF_OK) bf_transform_destroy(t);
    return status;
}

static void shifted(uint8_t *number, double by, unsigned width,
                    const char *what)
{
    bf_sum_add_number(number, by, width);
    check_fails(BF_ERR_RANGE, what, fit_again());
    bf_sum_add_number(number, -by, width);
    check_ok(fit_again());
}

/* Effects of an owner who sends arbitrary sums. */
static void other_totals_are_refused(void **state)
{
    (void)state;
    uint8_t *squares = fix.t.moments + 16 * 8;
    shifted(fix.t.moments + 16 * 2, 300 * 0x1p21, 16, "column 3");
    shifted(fix.t.moments + 16 * 2, -300 * 0x1p21, 16, "column 3");
    shifted(squares + 16 * 4, -1e9, 16, "column 5");
    shifted(squares + 16 * 4, 300 * 0x1p41, 16, "column 5");
    shifted(fix.t.products, 1, 8, "columns 1 and 1");
    shifted(fix.t.products + 8, 700, 8, "columns 1 and 2");
    shifted(fix.t.products + 8, -700, 8, "columns 1 and 2");
    /* Moments of other rows than the owner's. */
    static uint8_t vector[NUMBERS * 8];
    bf_view part = rows_of(&fix.p, &fix.data.x, 0);
    fix.data.x.data[8 * 5] += 1e5;
    check_fails(BF_ERR_RANGE, "leave out these rows",
                bf_pooled_products(vector, &fix.p, 0, &part, fix.t.moments,
                                   NULL));
    fix.data.x.data[8 * 5] -= 1e5;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_the_whole),
        cmocka_unit_test(twins_agree),
        cmocka_unit_test(small_deviations),
        cmocka_unit_test(too_small_deviations),
        cmocka_unit_test(poolings_are_refused),
        cmocka_unit_test(values_are_refused),
        cmocka_unit_test(other_transforms_are_refused),
        cmocka_unit_test(other_ridges_are_refused),
        cmocka_unit_test(other_signs_are_refused),
        cmocka_unit_test(other_totals_are_refused),
    };
    if (bf_random_init() != BF_OK) return 1;
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
