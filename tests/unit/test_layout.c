/* Layouts: where rows, labels and weights lie, by the definitions of layout.h;
 * limits on the number of ciphertexts; weights are read from coefficients, and
 * other coefficients are ignored. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/memory.h"
#include "linalg/layout.h"

enum { LOG_N = 6, N = 1 << LOG_N, COLS = 5, CLASSES = 3, F = 2 };

static bf_layout small_layout(void)
{
    bf_layout l;
    assert_int_equal(bf_layout_make(&l, LOG_N, 20, COLS, CLASSES, 0, F, 1),
                     BF_OK);
    return l;
}

/* Element m's coefficients Y^j are those of X^{jT + um}; its slot f is their
 * polynomial at exp(i pi 5^f/2F). */
static double by_definition(const bf_layout *l, const double *coeffs, size_t c,
                            size_t column)
{
    size_t m = column / (2 * F) * CLASSES + c, place = column % F;
    double complex sum = 0;
    for (size_t j = 0; j < 2 * F; j++) {
        double turn = acos(-1) / (2 * F) * pow(5, (double)place) * (double)j;
        sum += coeffs[j * l->t + (l->t >> l->log_m) * m] *
               CMPLX(cos(turn), sin(turn));
    }
    return column / F % 2 ? cimag(sum) : creal(sum);
}

static void weights_are_as_defined(void **state)
{
    (void)state;
    bf_layout l = small_layout();
    bf_matrix w;
    double coeffs[N];
    for (size_t i = 0; i < N; i++) coeffs[i] = (double)(i * i % 17) - 8;
    assert_int_equal(bf_layout_unpack_weights(&l, coeffs, &w), BF_OK);
    assert_true(w.rows == CLASSES && w.cols == COLS);
    for (size_t c = 0; c < CLASSES; c++)
        for (size_t j = 0; j < COLS; j++)
            assert_true(fabs(w.data[c * COLS + j] -
                             by_definition(&l, coeffs, c, j)) < 1e-9);
    bf_matrix_clear(&w);
}

/* Three blocks of 20, 20 and 10 rows in chunks of T = 16 samples: two chunks a
 * block, of 16 and 4 rows, and one of 10. K = 2 places, so that a block's six
 * outputs are in three groups, and the three outputs of the last block in two.
 */
enum {
    ROWS = 50,
    BATCH = 20,
    K = 2,
    SAMPLES = N / 2 / F,
    CHUNKS = 5,
    GROUPS = 8
};

static bf_layout blocks_layout(void)
{
    bf_layout l;
    assert_int_equal(
        bf_layout_make(&l, LOG_N, ROWS, COLS, CLASSES, BATCH, F, K), BF_OK);
    assert_int_equal(l.t, SAMPLES);
    assert_int_equal(l.blocks, 3);
    assert_int_equal(l.chunks, CHUNKS);
    assert_int_equal(l.groups, GROUPS);
    assert_int_equal(l.pairs, 2);
    return l;
}

static size_t chunk_of(size_t row)
{
    return row / BATCH * 2 + row % BATCH / SAMPLES;
}

static void chunks_have_their_rows(void **state)
{
    (void)state;
    bf_layout l = blocks_layout();
    size_t next = 0;
    for (size_t chunk = 0; chunk < CHUNKS; chunk++) {
        size_t first, count;
        bf_layout_rows(&l, chunk, &first, &count);
        assert_int_equal(first, next);
        for (; next < first + count; next++)
            assert_int_equal(chunk_of(next), chunk);
    }
    assert_int_equal(next, ROWS);
    for (size_t b = 0; b < 3; b++) {
        bf_block block = bf_layout_block(&l, b);
        assert_int_equal(block.first_chunk, 2 * b);
        assert_int_equal(block.chunks, b < 2 ? 2 : 1);
        assert_int_equal(block.first_group, 3 * b);
        assert_int_equal(block.groups, b < 2 ? 3 : 2);
        assert_int_equal(bf_block_group_size(&l, &block, block.groups - 1),
                         b < 2 ? 2 : 1);
    }
}

/* Column j of a row is in pair j/2F, place j mod F of its row, in the imaginary
 * part for odd j/F; everything else is zero. */
static void rows_are_where_they_should_be(void **state)
{
    (void)state;
    bf_layout l = blocks_layout();
    bf_matrix u;
    double complex x[CHUNKS][2][N / 2];
    assert_int_equal(bf_matrix_init(&u, ROWS, COLS), BF_OK);
    for (size_t i = 0; i < ROWS * COLS; i++) u.data[i] = (double)(i + 1);
    for (size_t chunk = 0; chunk < CHUNKS; chunk++)
        for (size_t pair = 0; pair < 2; pair++)
            bf_layout_x(&l, &u, chunk, pair, x[chunk][pair]);
    for (size_t i = 0; i < ROWS * COLS; i++) {
        size_t row = i / COLS, j = i % COLS;
        size_t slot = row % BATCH % SAMPLES * F + j % F;
        double *part = (double *)&x[chunk_of(row)][j / (2 * F)][slot];
        assert_true(part[j / F % 2] == u.data[i]);
        part[j / F % 2] = 0;
    }
    for (size_t i = 0; i < CHUNKS * 2 * N / 2; i++)
        assert_true(x[i / N][i / (N / 2) % 2][i % (N / 2)] == 0);
    bf_matrix_clear(&u);
}

/* Output o = t C + c of a block, t the chunk within it, is in group o/K of the
 * block, at the places o mod K of every row. */
static void labels_are_where_they_should_be(void **state)
{
    (void)state;
    bf_layout l = blocks_layout();
    int32_t labels[ROWS];
    double y[GROUPS][N / 2];
    for (size_t i = 0; i < ROWS; i++) labels[i] = (int32_t)(i * i % CLASSES);
    const bf_labels one = {labels, 1, &(unsigned){CLASSES}};
    for (size_t g = 0; g < GROUPS; g++) bf_layout_y(&l, &one, g, y[g]);
    for (size_t row = 0; row < ROWS; row++)
        for (size_t c = 0; c < CLASSES; c++) {
            size_t out = row % BATCH / SAMPLES * CLASSES + c;
            double *group = y[row / BATCH * 3 + out / K];
            double *sample = group + row % BATCH % SAMPLES * F;
            for (size_t f = out % K; f < F; f += K) {
                assert_true(sample[f] ==
                            (labels[row] == (int32_t)c ? 0.5 : -0.5));
                sample[f] = 0;
            }
        }
    for (size_t i = 0; i < GROUPS * N / 2; i++)
        assert_true(y[i / (N / 2)][i % (N / 2)] == 0);
}

/* The packed polynomial has these weights by the definition, and only
 * coefficients of X^{jT + um}. */
static void packed_as_defined(void **state)
{
    (void)state;
    bf_layout l = small_layout();
    bf_matrix w;
    double coeffs[N];
    assert_int_equal(bf_matrix_init(&w, CLASSES, COLS), BF_OK);
    for (size_t i = 0; i < CLASSES * COLS; i++)
        w.data[i] = (double)(i * i % 11) - 5;
    assert_int_equal(bf_layout_pack_weights(&l, &w, coeffs), BF_OK);
    for (size_t c = 0; c < CLASSES; c++)
        for (size_t j = 0; j < COLS; j++)
            assert_true(fabs(w.data[c * COLS + j] -
                             by_definition(&l, coeffs, c, j)) < 1e-9);
    for (size_t i = 0; i < N; i++)
        assert_true(coeffs[i] == 0 || (i % l.t % (l.t >> l.log_m) == 0 &&
                                       i % l.t / (l.t >> l.log_m) < l.m));
    bf_matrix_clear(&w);
}

/* Whatever allocation fails, the last ones within an embedding. */
static void failures_leave_it_alone(void **state)
{
    (void)state;
    bf_layout l = small_layout();
    bf_matrix w = {0};
    double coeffs[N] = {1};
    bf_status s = BF_ERR_MEMORY;
    long left = 0;
    for (; s != BF_OK; left++) {
        bf_alloc_fail_for_tests(left);
        s = bf_layout_unpack_weights(&l, coeffs, &w);
        bf_alloc_fail_for_tests(-1);
        if (s == BF_OK) break;
        assert_int_equal(s, BF_ERR_MEMORY);
        assert_true(!w.data && !w.rows && !w.cols);
    }
    assert_true(left > 3);
    bf_matrix_clear(&w);
}

/* One row a chunk, so that chunks are counted; 3 of scores and 1 of features
 * for each. */
static void most_ciphertexts(void **state)
{
    (void)state;
    bf_layout l;
    const size_t most = (1 << 20) / 4;
    assert_int_equal(bf_layout_make(&l, 13, most, 8, 3, 1, 4, 1), BF_OK);
    assert_int_equal(l.chunks, most);
    assert_int_equal(bf_layout_make(&l, 13, most + 1, 8, 3, 1, 4, 1),
                     BF_ERR_ARGUMENT);
    assert_int_equal(bf_layout_make(&l, 13, (size_t)1 << 30, 8, 3, 1, 4, 1),
                     BF_ERR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_are_as_defined),
        cmocka_unit_test(packed_as_defined),
        cmocka_unit_test(chunks_have_their_rows),
        cmocka_unit_test(rows_are_where_they_should_be),
        cmocka_unit_test(labels_are_where_they_should_be),
        cmocka_unit_test(failures_leave_it_alone),
        cmocka_unit_test(most_ciphertexts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
