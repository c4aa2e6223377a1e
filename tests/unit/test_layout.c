/* Layouts: where rows, labels and weights lie, by the definitions of layout.h;
 * the rows of several owners; limits on the number of ciphertexts; weights are
 * read from coefficients, and other coefficients are ignored. */
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

/* ---- several owners ------------------------------------------------------ */

enum { OWNERS = 5 };

/* Chunks that hold places [first, first + count). */
static size_t chunks_of(size_t first, size_t count)
{
    return (first + count - 1) / SAMPLES - first / SAMPLES + 1;
}

/* Owners follow each other; who begins at an empty place begins a chunk, and
 * would have reached into one more. Returns the owners who reach into more
 * chunks than their rows fill. */
static unsigned check_divided(const bf_layout *l, const size_t *rows,
                              unsigned owners)
{
    size_t next = 0;
    unsigned reaching = 0;
    for (unsigned k = 0; k < owners; k++) {
        size_t first = bf_layout_first(l, rows, k);
        size_t least = chunks_of(0, rows[k]);
        assert_true(first >= next);
        if (first > next) {
            assert_true(first % SAMPLES == 0 && first - next < SAMPLES);
            assert_true(chunks_of(next, rows[k]) > least);
        }
        reaching += chunks_of(first, rows[k]) > least;
        next = first + rows[k];
    }
    assert_int_equal(l->places, next);
    assert_int_equal(l->chunks, chunks_of(0, next));
    assert_true(4 * l->chunks <= 5 * chunks_of(0, l->n));
    return reaching;
}

static bf_layout divided(const size_t *rows, unsigned owners)
{
    bf_layout l;
    size_t n = 0;
    for (unsigned k = 0; k < owners; k++) n += rows[k];
    assert_int_equal(bf_layout_make(&l, LOG_N, n, COLS, CLASSES, 0, F, K),
                     BF_OK);
    assert_int_equal(bf_layout_divide(&l, rows, owners), BF_OK);
    return l;
}

/* T = 16. */
static void owners_begin_chunks(void **state)
{
    (void)state;
    static const struct {
        size_t rows[OWNERS], first[OWNERS], chunks;
        unsigned reaching;
    } cases[] = {
        /* none would reach into a chunk more than it fills */
        {{20, 20, 8}, {0, 20, 40}, 3, 0},
        {{34, 34, 34, 34, 34}, {0, 34, 68, 102, 136}, 11, 0},
        /* in as many chunks as before, and in one more */
        {{30, 30, 30, 30, 30}, {0, 32, 64, 96, 128}, 10, 0},
        {{20, 30, 12}, {0, 32, 64}, 5, 0},
        /* five chunks at most, where four would do */
        {{10, 10, 10, 10, 24}, {0, 16, 32, 42, 52}, 5, 1},
        /* the only chunk is shared */
        {{1, 9, 6}, {0, 1, 10}, 1, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const size_t *rows = cases[i].rows;
        unsigned owners = 0;
        while (owners < OWNERS && rows[owners]) owners++;
        bf_layout l = divided(rows, owners);
        for (unsigned k = 0; k < owners; k++)
            assert_int_equal(bf_layout_first(&l, rows, k), cases[i].first[k]);
        assert_int_equal(l.chunks, cases[i].chunks);
        assert_int_equal(check_divided(&l, rows, owners), cases[i].reaching);
    }
    uint32_t x = 1;
    for (int i = 0; i < 1000; i++) {
        size_t rows[OWNERS];
        for (unsigned k = 0; k < OWNERS; k++) {
            x = x * 1664525 + 1013904223;
            rows[k] = (i < 500 ? 1 : 200) + (x >> 16) % 40;
        }
        bf_layout l = divided(rows, OWNERS);
        unsigned reaching = check_divided(&l, rows, OWNERS);
        assert_true(i < 500 || reaching == 0); /* 4 chunks beside 60 or more */
    }
}

/* The parts of owners are the rows and labels of all, and nothing else is
 * there. */
static void parts_are_where_they_should_be(void **state)
{
    (void)state;
    static const size_t rows[] = {20, 30, 30, 20};
    bf_layout l = divided(rows, 4);
    size_t before = 0, values = 0, hits = 0;
    assert_true(l.places > l.n);
    for (unsigned k = 0; k < 4; before += rows[k++]) {
        bf_matrix u;
        int32_t labels[30];
        size_t first = bf_layout_first(&l, rows, k);
        assert_int_equal(bf_matrix_init(&u, rows[k], COLS), BF_OK);
        for (size_t i = 0; i < rows[k] * COLS; i++)
            u.data[i] = (double)(before * COLS + i + 1);
        for (size_t i = 0; i < rows[k]; i++)
            labels[i] = (int32_t)((before + i) % CLASSES);
        for (size_t chunk = 0; chunk < l.chunks; chunk++) {
            double complex x[N / 2];
            bf_layout_x_part(&l, &u, first, chunk, 0, x);
            for (size_t j = 0; j < N / 2; j++) {
                size_t row = chunk * SAMPLES + j / F - first;
                bool own = row < rows[k];
                assert_true(creal(x[j]) ==
                            (own ? u.data[row * COLS + j % F] : 0));
                values += own;
            }
        }
        for (size_t g = 0; g < l.groups; g++) {
            double y[N / 2];
            bf_layout_y_part(&l, &(bf_labels){labels, 1, &(unsigned){CLASSES}},
                             first, rows[k], g, y);
            for (size_t j = 0; j < N / 2; j++) hits += y[j] == 0.5;
        }
        bf_matrix_clear(&u);
    }
    assert_int_equal(values, l.n * F);
    assert_int_equal(hits, l.n * F / K);
}

static void undivided(size_t n, size_t batch, const size_t *rows,
                      unsigned owners)
{
    bf_layout l, was;
    assert_int_equal(
        bf_layout_make(&l, LOG_N, n, COLS, CLASSES, batch, F, K), BF_OK);
    was = l;
    assert_int_equal(bf_layout_divide(&l, rows, owners), BF_ERR_ARGUMENT);
    assert_memory_equal(&l, &was, sizeof l);
}

static void rows_that_are_no_division(void **state)
{
    (void)state;
    undivided(50, 0, (size_t[]){20, 29}, 2);
    undivided(50, 0, (size_t[]){20, 31}, 2);
    undivided(50, 0, (size_t[]){50, 0}, 2);
    undivided(50, 0, (size_t[]){0, 50}, 2);
    undivided(50, 0, (size_t[]){51, SIZE_MAX}, 2);
    undivided(50, 20, (size_t[]){20, 30}, 2);
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
        cmocka_unit_test(owners_begin_chunks),
        cmocka_unit_test(parts_are_where_they_should_be),
        cmocka_unit_test(rows_that_are_no_division),
        cmocka_unit_test(failures_leave_it_alone),
        cmocka_unit_test(most_ciphertexts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
