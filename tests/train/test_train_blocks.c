/* Blocks of columns that owners whiten separately: the inequalities behind the
 * bounds, and that the models of the blocks together are the model. */
#include "train/train_testing.h"

#include "train/owner/block.h"

static bf_recipe plain(size_t n, size_t d)
{
    bf_recipe r;
    check_ok(bf_recipe_default(&r, BF_RECIPE_WHITENED, 3, n, d));
    r.map = BF_MAP_NONE;
    return r;
}

/* The owner's columns of all. */
static void take_columns(bf_matrix *out, const bf_matrix *x, size_t first,
                         size_t count)
{
    check_ok(bf_matrix_init(out, x->rows, count));
    for (size_t i = 0; i < x->rows; i++)
        memcpy(out->data + i * count, x->data + i * x->cols + first,
               count * sizeof(double));
}

typedef struct owner {
    bf_column_block b;
    bf_matrix x;
    bf_transform *t;
} owner;

/* *u becomes the sum of all owners' parts. */
static void make_owners(owner *o, unsigned count, const size_t *features,
                        const bf_recipe *r, const bf_matrix *x, bf_matrix *u)
{
    bf_column_block blocks[BF_OWNERS_MAX];
    size_t first = 0;
    check_ok(bf_column_blocks(blocks, r, x->rows, features, count));
    for (unsigned b = 0; b < count; first += features[b++]) {
        bf_matrix part;
        o[b].b = blocks[b];
        take_columns(&o[b].x, x, first, features[b]);
        bf_view own = bf_view_of(&o[b].x);
        check_ok(bf_block_fit(&o[b].t, r, &o[b].b, &own, NULL));
        check_ok(bf_block_apply(&part, o[b].t, &o[b].b, &own, true, NULL));
        assert_int_equal(part.cols, bf_recipe_outputs(r, x->rows, x->cols));
        if (b == 0) check_ok(bf_matrix_init(u, part.rows, part.cols));
        for (size_t i = 0; i < part.rows * part.cols; i++) {
            size_t j = i % part.cols;
            if (j < o[b].b.first || j >= o[b].b.first + o[b].b.count)
                assert_true(part.data[i] == 0);
            u->data[i] += part.data[i];
        }
        bf_matrix_clear(&part);
    }
    for (size_t i = 0; i < u->rows; i++)
        assert_true(u->data[i * u->cols] == 1); /* once */
}

static void clear(owner *o, unsigned count)
{
    for (unsigned b = 0; b < count; b++) {
        bf_matrix_clear(&o[b].x);
        bf_transform_destroy(o[b].t);
    }
}

/* The largest eigenvalue of u'u, by powers. */
static double largest(const bf_matrix *u)
{
    enum { MOST = 64 };
    double v[MOST], next[MOST], length = 0;
    assert_true(u->cols <= MOST);
    for (size_t j = 0; j < u->cols; j++) v[j] = 1 + 0.1 * (double)j;
    for (int round = 0; round < 300; round++) {
        memset(next, 0, sizeof next);
        for (size_t i = 0; i < u->rows; i++) {
            const double *row = u->data + i * u->cols;
            double dot = 0;
            for (size_t j = 0; j < u->cols; j++) dot += row[j] * v[j];
            for (size_t j = 0; j < u->cols; j++) next[j] += dot * row[j];
        }
        length = 0;
        for (size_t j = 0; j < u->cols; j++) length += next[j] * next[j];
        length = sqrt(length);
        for (size_t j = 0; j < u->cols; j++) v[j] = next[j] / length;
    }
    return length;
}

/* Every owner has the same columns: nothing is more correlated. */
static void bounds_stay(void **state)
{
    (void)state;
    enum { N = 600, D = 6, OWNERS = 5 };
    uint64_t seed = test_seed(91);
    bf_dataset data;
    bf_matrix x, u;
    owner o[OWNERS];
    size_t features[OWNERS];
    random_dataset(&data, N, D, 3, &seed);
    check_ok(bf_matrix_init(&x, N, D * OWNERS));
    for (size_t i = 0; i < N * D * OWNERS; i++)
        x.data[i] = data.x.data[i / (D * OWNERS) * D + i % D];
    for (unsigned b = 0; b < OWNERS; b++) features[b] = D;
    bf_recipe r = plain(N, D * OWNERS);
    make_owners(o, OWNERS, features, &r, &x, &u);
    double found = largest(&u);
    assert_true(found <= 2 * N * (1 + 1e-9));
    assert_true(found >= 0.9 * N); /* five times that without the factor */
    bf_magnitudes bounds;
    check_ok(bf_recipe_bounds(&bounds, &r, N, u.cols));
    for (size_t i = 0; i < N; i++) {
        double square = 0;
        for (size_t j = 0; j < u.cols; j++)
            square += pow(u.data[i * u.cols + j], 2);
        assert_true(sqrt(square) <= bounds.row * (1 + 1e-9));
    }
    clear(o, OWNERS);
    bf_matrix_clear(&x);
    bf_matrix_clear(&u);
    free_dataset(&data);
}

/* Scores u w', and the sums of scores of each owner's model on its columns. */
static void models_add_up(void **state)
{
    (void)state;
    enum { N = 400, D = 11, CLASSES = 3, OWNERS = 3 };
    static const size_t features[OWNERS] = {5, 1, 5};
    uint64_t seed = test_seed(92);
    bf_dataset data;
    bf_matrix u, w;
    owner o[OWNERS];
    random_dataset(&data, N, D, CLASSES, &seed);
    bf_recipe r = plain(N, D);
    r.clip = 0;
    make_owners(o, OWNERS, features, &r, &data.x, &u);
    random_matrix(&w, CLASSES, u.cols, &seed);
    double *scores = calloc(N * CLASSES, sizeof *scores);
    assert_non_null(scores);
    for (unsigned b = 0; b < OWNERS; b++) {
        bf_matrix own, z;
        bf_model m = {.map = BF_MAP_NONE};
        check_ok(bf_block_weights(&own, &o[b].b, &w));
        check_ok(bf_transform_unmap(&m.weights, o[b].t, &own));
        check_ok(bf_model_scores(&z, &m, &o[b].x));
        for (size_t i = 0; i < N * CLASSES; i++) scores[i] += z.data[i];
        bf_matrix_clear(&own);
        bf_matrix_clear(&z);
        bf_model_clear(&m);
    }
    for (size_t i = 0; i < N; i++)
        for (size_t c = 0; c < CLASSES; c++) {
            double z = 0;
            for (size_t j = 0; j < u.cols; j++)
                z += u.data[i * u.cols + j] * w.data[c * u.cols + j];
            assert_true(fabs(z - scores[i * CLASSES + c]) < 1e-9);
        }
    free(scores);
    clear(o, OWNERS);
    bf_matrix_clear(&u);
    bf_matrix_clear(&w);
    free_dataset(&data);
}

/* A chunk at the border is of both. */
static void pairs_of_chunks(void **state)
{
    (void)state;
    static const size_t features[3] = {15, 10, 23};
    bf_column_block b[3];
    bf_recipe r = plain(200, 48);
    bf_layout l = {.f = 8};
    static const size_t expected[3][2] = {{0, 1}, {1, 2}, {1, 4}};
    check_ok(bf_column_blocks(b, &r, 200, features, 3));
    for (unsigned i = 0; i < 3; i++) {
        size_t first, last;
        bf_column_block_pairs(&b[i], &l, &first, &last);
        assert_int_equal(first, expected[i][0]);
        assert_int_equal(last, expected[i][1]);
    }
    assert_int_equal(b[0].first, 0);
    assert_int_equal(b[0].count, 16); /* with the constant */
    assert_int_equal(b[1].first, 16);
    assert_int_equal(b[2].first + b[2].count, b[2].cols);
}

static void faults_are_named(void **state)
{
    (void)state;
    size_t features[BF_OWNERS_MAX + 1] = {4, 5};
    bf_column_block b[BF_OWNERS_MAX + 1];
    bf_recipe r = plain(100, 9), paper;
    check_fails(BF_ERR_ARGUMENT, "1 owners",
                bf_column_blocks(b, &r, 100, features, 1));
    check_fails(BF_ERR_ARGUMENT, "owner 2 has 0 columns",
                bf_column_blocks(b, &r, 100, features, 3));
    check_fails(BF_ERR_ARGUMENT, "9 rows of 9",
                bf_column_blocks(b, &r, 9, features, 2));
    check_ok(bf_column_blocks(b, &r, 10, features, 2));
    features[1] = SIZE_MAX;
    check_fails(BF_ERR_ARGUMENT, "owner 1 has",
                bf_column_blocks(b, &r, 100, features, 2));
    for (unsigned i = 0; i <= BF_OWNERS_MAX; i++) features[i] = 2;
    check_ok(bf_column_blocks(b, &r, 100, features, BF_OWNERS_MAX));
    check_fails(BF_ERR_ARGUMENT, "17 owners",
                bf_column_blocks(b, &r, 100, features, BF_OWNERS_MAX + 1));
    r.components = 5;
    check_fails(BF_ERR_ARGUMENT, "components",
                bf_column_blocks(b, &r, 100, features, 2));
    r = plain(100, 9);
    r.expand.count = 5;
    check_fails(BF_ERR_ARGUMENT, "random features",
                bf_column_blocks(b, &r, 100, features, 2));
    check_ok(bf_recipe_default(&paper, BF_RECIPE_PAPER, 2, 100, 9));
    check_fails(BF_ERR_ARGUMENT, "`paper`",
                bf_column_blocks(b, &paper, 100, features, 2));
    bf_matrix x;
    bf_transform *t;
    uint64_t seed = 1;
    r = plain(100, 4);
    check_ok(bf_column_blocks(b, &r, 100, features, 2));
    random_matrix(&x, 100, 3, &seed);
    bf_view v = bf_view_of(&x);
    check_fails(BF_ERR_MISMATCH, "owner 0 has 3 columns, not 2",
                bf_block_fit(&t, &r, &b[0], &v, NULL));
    check_ok(bf_transform_fit(&t, &r, &x, NULL));
    bf_matrix u;
    check_fails(BF_ERR_MISMATCH, "to 4 columns",
                bf_block_apply(&u, t, &b[0], &v, true, NULL));
    check_fails(BF_ERR_MISMATCH, "weights of 3 columns",
                bf_block_weights(&u, &b[0], &x));
    bf_transform_destroy(t);
    bf_matrix_clear(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds_stay),
        cmocka_unit_test(models_add_up),
        cmocka_unit_test(pairs_of_chunks),
        cmocka_unit_test(faults_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
